"""The live labels of the open case, their shadow, and the journal rows that tell the two apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_salient.data.planes import axis_of, slice_of
from napari_salient.project.edits import Box, Edit, box_slices, diff_box
from napari_salient.project.states import EDITED, INTERPOLATED, PROMPTED, SliceMark, SliceState

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from numpy.typing import NDArray

    from napari_salient.data.planes import Plane
    from napari_salient.project.journal import Journal
    from napari_salient.project.labels import LabelSchema
    from napari_salient.project.states import SliceKey

DRAWN = SliceMark(SliceState.DRAFT, EDITED)
"""Of a slice that somebody painted on and has not decided about."""


class Change(NamedTuple):
    """Where labels differ from what the journal knows: the box, and the slices that changed."""

    box: Box
    indices: tuple[int, ...]


class CaseEditor:
    """Writes changes of one case's labels to the journal, and the journal's changes to the labels.

    Somebody else paints into `labels` without telling what changed. The editor keeps a shadow of
    what the journal knows; the difference between the two is what has to be recorded.

    Parameters
    ----------
    journal
        Where every change goes before it counts.
    case_id, labels
        The case and its live labels ``(z, y, x)``, which hold all that the journal knows.
    plane
        The slicing plane whose slices have states.
    """

    def __init__(
        self, journal: Journal, case_id: int, labels: NDArray[np.uint8], plane: Plane
    ) -> None:
        self.case_id = case_id
        self.labels = labels
        self._journal = journal
        self._plane = plane
        self._shadow = labels.copy()

    def mark(self, index: int) -> SliceMark:
        """Return the state and note of a slice."""
        return self._journal.slice_state(self.case_id, self._plane, index).mark

    def unrecorded(self, touched: slice | None = None) -> Change | None:
        """Return what the journal does not know yet, looking at the `touched` slices or at all."""
        axis = axis_of(self._plane)
        start, stop, _ = (touched or slice(None)).indices(self._shadow.shape[axis])
        part = _slab(self._plane, start, stop)
        before, after = self._shadow[part], self.labels[part]
        if np.array_equal(before, after):
            return None
        box = diff_box(before, after)
        return box and Change(_moved(box, axis, start), self._indices(box, before, after, start))

    def record(
        self,
        kind: str,
        change: Change,
        unseen: Collection[int] = (),
        mark: SliceMark = DRAWN,
    ) -> int:
        """Append a change that was found as one row; its slices get a mark. Return the row.

        The `unseen` ones do not count as drawn by hand, and interpolated ones stay marked as such.
        """
        part = box_slices(change.box)
        before, after = self._shadow[part], self.labels[part].copy()
        marks = {self._key(i): self._unchecked(i) if i in unseen else mark for i in change.indices}
        row = self._journal.record(self.case_id, kind, change.box, before, after, marks)
        self._shadow[part] = after
        return row

    def put(self, index: int, labels: NDArray[np.uint8], kind: str, mark: SliceMark) -> Box | None:
        """Replace a slice by `labels` (row, column) and set its mark; see `put_all`."""
        return self.put_all({index: labels}, kind, mark)

    def put_all(
        self, labels: Mapping[int, NDArray[np.uint8]], kind: str, mark: SliceMark
    ) -> Box | None:
        """Replace slices by labels (row, column) and set the mark of each, in one row.

        Returns
        -------
        tuple or None
            The box of voxels that changed.
        """
        axis, start = axis_of(self._plane), min(labels)
        slab = _slab(self._plane, start, max(labels) + 1)
        wanted = self._shadow[slab].copy()
        for index, pixels in labels.items():
            slice_of(wanted, self._plane, index - start)[...] = pixels
        box = diff_box(self._shadow[slab], wanted)
        marks = {self._key(index): mark for index in labels}
        if box is None:
            self._journal.record(self.case_id, kind, states=marks)
            return None
        after = wanted[box_slices(box)]
        box = _moved(box, axis, start)
        part = box_slices(box)
        self._journal.record(self.case_id, kind, box, self._shadow[part], after, marks)
        self._shadow[part] = self.labels[part] = after
        return box

    def set_mark(self, index: int, mark: SliceMark, kind: str) -> None:
        """Set the state and note of a slice."""
        self._journal.record(self.case_id, kind, states={self._key(index): mark})

    def undo(self) -> Edit | None:
        """Take back the last edit; return the row that did."""
        return self._applied(self._journal.undo(self.case_id))

    def redo(self) -> Edit | None:
        """Take back the last undo; return the row that did."""
        return self._applied(self._journal.redo(self.case_id))

    def resolve(self, box: Box, schema: LabelSchema) -> None:
        """Let voxels of a box that an undo brought back count as what their classes became."""
        part = box_slices(box)
        self.labels[part] = self._shadow[part] = schema.resolve(self.labels[part])

    def _applied(self, edit: Edit | None) -> Edit | None:
        if edit is not None:
            edit.apply(self.labels)
            edit.apply(self._shadow)
        return edit

    def _indices(
        self, box: Box, before: NDArray[np.uint8], after: NDArray[np.uint8], start: int
    ) -> tuple[int, ...]:
        axis, part = axis_of(self._plane), box_slices(box)
        others = tuple(other for other in range(3) if other != axis)
        hit = (before[part] != after[part]).any(axis=others)
        return tuple(start + box[2 * axis] + int(i) for i in np.flatnonzero(hit))

    def _unchecked(self, index: int) -> SliceMark:
        """Return the mark of a slice that changed where nobody looked."""
        if self.mark(index).note == INTERPOLATED:
            return SliceMark(SliceState.DRAFT, INTERPOLATED, pseudo=True)
        return SliceMark(SliceState.DRAFT, PROMPTED)

    def _key(self, index: int) -> SliceKey:
        return self._plane, index


def joined_box(boxes: Iterable[Box | None]) -> Box | None:
    """Return the smallest box around all boxes; `None` without any."""
    ends = list(zip(*(box for box in boxes if box is not None), strict=True))
    if not ends:
        return None
    z0, z1, y0, y1, x0, x1 = (max(e) if i % 2 else min(e) for i, e in enumerate(ends))
    return z0, z1, y0, y1, x0, x1


def _slab(plane: Plane, start: int, stop: int) -> tuple[slice, ...]:
    selection = [slice(None)] * 3
    selection[axis_of(plane)] = slice(start, stop)
    return tuple(selection)


def _moved(box: Box, axis: int, by: int) -> Box:
    ends = list(box)
    ends[2 * axis] += by
    ends[2 * axis + 1] += by
    z0, z1, y0, y1, x0, x1 = ends
    return z0, z1, y0, y1, x0, x1
