"""Labels of a case as a file: compacted from the journal, and never needed to rebuild them.

A snapshot is recognised by its content: before a new file takes its place under ``labels/``, the
journal notes its hash with the row up to which it holds. A kill between the two leaves the old
file, whose hash the journal knows as well. A file whose hash the journal does not know is somebody
else's: it is not read, and put aside rather than replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.engine.atomic import sync_folder
from napari_salient.errors import ProjectError
from napari_salient.project.layout import UNFINISHED

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.data.volumes import VolumeHeader
    from napari_salient.project.journal import Journal

SUFFIX = ".nii.gz"


def stored_labels(file: Path, journal: Journal, case_id: int, header: VolumeHeader) -> np.ndarray:
    """Return the case's labels, uint8 ``(z, y, x)``: its snapshot `file` and the rows after it."""
    from napari_salient.data.labels import read_labels

    since = snapshot_row(file, journal, case_id)
    labels = read_labels(file, header) if since else np.zeros(header.shape, np.uint8)
    journal.replay(case_id, labels, since)
    return labels


def compact(file: Path, journal: Journal, case_id: int, header: VolumeHeader) -> None:
    """Write the case's present labels to `file`, unless it holds them; all rows are kept.

    Raises
    ------
    ProjectError
        If the file cannot be written; the old one is then in its place.
    """
    upto, since = journal.last_edit(case_id), snapshot_row(file, journal, case_id)
    if upto == since:
        return
    labels = stored_labels(file, journal, case_id, header)
    try:
        if file.exists() and not since:
            _put_aside(file)
        _replace(file, labels, journal, case_id, upto, header)
    except OSError as error:
        raise ProjectError(
            f"The labels could not be written to {file} ({error.strerror}), but the journal holds "
            "them; free some space."
        ) from error


def _replace(
    file: Path,
    labels: np.ndarray,
    journal: Journal,
    case_id: int,
    upto: int,
    header: VolumeHeader,
) -> None:
    from napari_salient.data.discover import content_hash
    from napari_salient.data.labels import write_labels

    fresh = file.with_name(f"{UNFINISHED}{file.name}")
    try:
        write_labels(fresh, labels, header)
        journal.note_snapshot(case_id, content_hash(fresh), upto)
        move_file(fresh, file)
    finally:
        fresh.unlink(missing_ok=True)


def snapshot_row(file: Path, journal: Journal, case_id: int) -> int:
    """Return the row up to which the snapshot holds; 0 if there is none or it is not ours."""
    from napari_salient.data.discover import content_hash

    if not file.exists():
        return 0
    return journal.snapshot_edit(case_id, content_hash(file)) or 0


def move_file(source: Path, target: Path) -> None:
    """Rename a file that is on disk over `target` in the same folder."""
    source.replace(target)
    sync_folder(target.parent)


def _put_aside(file: Path) -> None:
    from napari_salient.data.discover import content_hash

    content = content_hash(file)
    stem = file.name.removesuffix(SUFFIX)
    move_file(file, file.with_name(f"{stem}.not-from-this-project-{content[:8]}{SUFFIX}"))
