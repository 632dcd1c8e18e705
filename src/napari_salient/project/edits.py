"""One row of the journal: who changed what, where, from which voxels to which."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.errors import ProjectError
from napari_salient.project.states import MarkChange, slice_mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_salient.project.states import SliceKey

Box = tuple[int, int, int, int, int, int]
"""A box of voxels ``(z0, z1, y0, y1, x0, x1)``, upper ends excluded."""

_FASTEST = 1


@dataclass(frozen=True, eq=False)
class Edit:
    """A change of a case's labels or slice states.

    `before` and `after` are uint8 arrays of the size of `box` (all three `None` for a change of
    states alone); `undoes` is the row whose effect this one takes back, for an undo as for a redo.
    """

    id: int
    time: datetime
    annotator: str
    case_id: int
    kind: str
    box: Box | None
    before: np.ndarray | None
    after: np.ndarray | None
    states: Mapping[SliceKey, MarkChange]
    undoes: int | None = None

    def apply(self, labels: np.ndarray) -> None:
        """Write the voxels after the edit into the case's labels ``(z, y, x)``, in place."""
        if self.box is not None:
            labels[box_slices(self.box)] = self.after


def box_slices(box: Box) -> tuple[slice, slice, slice]:
    """Return the index expression that selects `box` from a ``(z, y, x)`` array."""
    z0, z1, y0, y1, x0, x1 = box
    return slice(z0, z1), slice(y0, y1), slice(x0, x1)


def diff_box(before: np.ndarray, after: np.ndarray) -> Box | None:
    """Return the smallest box around the voxels ``(z, y, x)`` that differ; `None` if none does."""
    changed = before != after
    ends: list[int] = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        hits = np.flatnonzero(changed.any(axis=others))
        if not hits.size:
            return None
        ends += [int(hits[0]), int(hits[-1]) + 1]
    return (ends[0], ends[1], ends[2], ends[3], ends[4], ends[5])


def pack_voxels(voxels: np.ndarray, box: Box) -> bytes:
    """Return the voxels of `box` compressed; raise `ValueError` if their shape is another."""
    wanted = tuple(s.stop - s.start for s in box_slices(box))
    if voxels.shape != wanted:
        raise ValueError(f"the box {box} holds {wanted} voxels, not {voxels.shape}")
    return zlib.compress(voxels.astype(np.uint8, copy=False).tobytes(), _FASTEST)


def unpack_voxels(packed: bytes, box: Box) -> np.ndarray:
    """Return what `pack_voxels` packed; raise `ProjectError` if the bytes are damaged."""
    shape = tuple(s.stop - s.start for s in box_slices(box))
    try:
        return np.frombuffer(zlib.decompress(packed), np.uint8).reshape(shape)
    except (zlib.error, ValueError) as error:
        raise ProjectError(
            f"A stored edit of the journal is damaged ({error}); nothing was changed: put back "
            "journal.db from a backup."
        ) from error


def pack_states(states: Mapping[SliceKey, MarkChange]) -> str:
    """Return changes of slice marks as one line of JSON."""
    return json.dumps(
        [[plane, index, change.old, change.new] for (plane, index), change in states.items()]
    )


def unpack_states(packed: str | None) -> dict[SliceKey, MarkChange]:
    """Return what `pack_states` packed."""
    changes = json.loads(packed) if packed else []
    return {
        (plane, index): MarkChange(slice_mark(*old), slice_mark(*new))
        for plane, index, old, new in changes
    }


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)
