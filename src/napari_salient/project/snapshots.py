"""Labels of a case as a file: compacted from the journal, and never needed to rebuild them.

A snapshot is recognised by its content: before a new file takes its place under ``labels/``, the
journal notes its hash with the row up to which it holds. A kill between the two leaves the old
file, whose hash the journal knows as well. A file whose hash the journal does not know is somebody
else's: it is not read, and put aside rather than replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.project.durable import move_file, sync_folder

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
    """Write the case's present labels to `file`, unless it holds them; all rows are kept."""
    from napari_salient.data.discover import content_hash
    from napari_salient.data.labels import write_labels

    upto, since = journal.last_edit(case_id), snapshot_row(file, journal, case_id)
    if upto == since:
        return
    labels = stored_labels(file, journal, case_id, header)
    if file.exists() and not since:
        _put_aside(file, content_hash(file))
    fresh = file.with_name(f".new-{file.name}")
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


def _put_aside(file: Path, content: str) -> None:
    stem = file.name.removesuffix(SUFFIX)
    file.replace(file.with_name(f"{stem}.not-from-this-project-{content[:8]}{SUFFIX}"))
    sync_folder(file.parent)
