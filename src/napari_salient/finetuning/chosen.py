"""The encoder that the first round of a project starts from, remembered with the project."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

from napari_salient.engine.atomic import write_atomically
from napari_salient.errors import InputError, ProjectError, RunError, SalientError
from napari_salient.pretraining.library import newest_checkpoint, read_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from napari_salient.active_learning.rounds import FirstWeights
    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.active_learning.settings import LoopSettings
    from napari_salient.active_learning.spec import SegmenterSpec
    from napari_salient.project.project import Project

FILE_NAME = "encoder.json"


def choose_encoder(session: LabellingSession, source: Path) -> None:
    """Let the first round of a project start from a pretrained encoder, also after a restart.

    Parameters
    ----------
    session
        Of the project.
    source
        Checkpoint of a pretraining, or the folder of its run, whose newest one is taken when the
        round starts.

    Raises
    ------
    InputError
        If the project has a trained model already.
    RunError
        If there is no checkpoint.
    ProjectError
        If the choice cannot be written down; nothing is chosen then.
    """
    project = session.project
    refuse_trained(project)
    newest_checkpoint(source)
    try:
        content = json.dumps({"source": as_kept(project, source)}, indent=1).encode()
        write_atomically(project.folder / FILE_NAME, content)
    except OSError as error:
        raise ProjectError(
            f"The encoder could not be noted in {project.folder} ({error.strerror}); free some "
            "space or mend the permissions, then choose it again."
        ) from error
    session.first_weights = _weights_of(source)


def as_kept(project: Project, source: Path) -> str:
    """Return how a project's files name a path: within its folder from there, so that it moves."""
    absolute = source.absolute()
    within = absolute.is_relative_to(project.folder)
    return (absolute.relative_to(project.folder) if within else absolute).as_posix()


def forget_encoder(session: LabellingSession) -> None:
    """Let the first round start from random weights."""
    (session.project.folder / FILE_NAME).unlink(missing_ok=True)
    session.first_weights = None


def chosen_encoder(project: Project) -> Path | None:
    """Return what was chosen and holds: `None` without a choice, or once a round was trained.

    Raises
    ------
    ProjectError
        If the file is broken.
    """
    path = project.folder / FILE_NAME
    if not path.is_file() or project.catalogue.rounds():
        return None
    try:
        return project.folder / Path(json.loads(path.read_bytes())["source"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProjectError(
            f"{path} cannot be read ({error!r}); the first round starts from random weights unless "
            "an encoder is chosen again."
        ) from error


def take_up_encoder(session: LabellingSession) -> str:
    """Use the choice of an earlier session; return what to tell the user if that cannot be done."""
    try:
        source = chosen_encoder(session.project)
        if source is not None:
            newest_checkpoint(source)
            session.first_weights = _weights_of(source)
    except ProjectError as error:
        return str(error)
    except RunError:
        return (
            f"The encoder that the first round was to start from is gone ({source}); it starts "
            "from random weights unless one is chosen again."
        )
    return ""


def fitting(settings: LoopSettings, project: Project) -> LoopSettings:
    """Return settings whose model the encoder that was chosen for a project fits.

    They are as given where none was chosen, or it cannot be read: `take_up_encoder` says so.
    """
    try:
        source = chosen_encoder(project)
        spec = read_spec(newest_checkpoint(source)) if source else None
    except SalientError:
        return settings
    if spec is None:
        return settings
    model = dataclasses.replace(
        settings.segmentation,
        spatial_dims=spec.spatial_dims,
        width=spec.width,
        context=settings.segmentation.context if spec.strides else spec.context,
    )
    return dataclasses.replace(settings, segmentation=model)


def refuse_trained(project: Project) -> None:
    """Raise `InputError` if a project has a trained model, which its next round goes on from."""
    if project.catalogue.rounds():
        raise InputError(
            f"{project.folder} has a trained model; its next round goes on from that one."
        )


def _weights_of(source: Path) -> FirstWeights:
    """Return what reads the encoder once the round is there: it may take seconds."""

    def weights(spec: SegmenterSpec) -> tuple[Mapping[str, Tensor], str]:
        from napari_salient.finetuning.starting import weights_from

        return weights_from(newest_checkpoint(source))(spec)

    return weights
