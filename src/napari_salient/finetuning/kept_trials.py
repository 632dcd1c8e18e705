"""What encoders were worth in a project, remembered with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_salient.engine.atomic import write_atomically
from napari_salient.engine.plain import plain
from napari_salient.errors import ProjectError
from napari_salient.finetuning.chosen import as_kept
from napari_salient.finetuning.trial import Trial

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.project.project import Project

FILE_NAME = "encoder-trials.json"


def keep_trial(project: Project, checkpoint: Path, trial: Trial) -> None:
    """Remember what an encoder was worth, in place of what it was worth on fewer labels.

    Raises
    ------
    ProjectError
        If the file cannot be written, or is broken; it is then as it was.
    """
    kept = _read(project) | {as_kept(project, checkpoint): plain(trial)}
    path = project.folder / FILE_NAME
    try:
        write_atomically(path, json.dumps(kept, indent=1).encode())
    except OSError as error:
        raise ProjectError(
            f"The comparison could not be noted in {path} ({error.strerror}); free some space or "
            "mend the permissions."
        ) from error


def kept_trial(project: Project, checkpoint: Path) -> Trial | None:
    """Return what an encoder was worth; `None` if it was not tried.

    Raises
    ------
    ProjectError
        If the file is broken.
    """
    record = _read(project).get(as_kept(project, checkpoint))
    if record is None:
        return None
    try:
        low, high = record.pop("interval")
        return Trial(**record, interval=(low, high))
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise _broken(project, error) from error


def _read(project: Project) -> dict[str, Any]:
    path = project.folder / FILE_NAME
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise _broken(project, error) from error


def _broken(project: Project, error: Exception) -> ProjectError:
    path = project.folder / FILE_NAME
    return ProjectError(
        f"{path} cannot be read ({error!r}); move it away, then compare again what it said."
    )
