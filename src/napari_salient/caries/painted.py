"""Regions that somebody paints on a radiograph, as shares of the patches that they cover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from napari_salient.caries.evidence import Edits
from napari_salient.project.labels import LabelSchema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.data.patch_grid import PatchGrid

INCLUDE, EXCLUDE, EXAMINED = 1, 2, 3
"""Values of the pixels of regions, in the order of `SCHEMA`."""

SCHEMA = LabelSchema.of("include", "exclude", "examined").recolour(EXAMINED, "#a0a0a0")

Mode = Literal["force", "only", "exclude"]
"""What included regions do to attention, beside excluded ones that are never used: they are
attended to fully, they alone are attended to, or nothing.
"""

MODES: tuple[Mode, ...] = get_args(Mode)


class PaintedRegions:
    """Keeps up with labels that somebody paints into.

    What is stored of a patch follows from the pixels under it alone, in whatever order they were
    painted, so that undone strokes leave nothing behind.

    Parameters
    ----------
    grid
        Where the patches lie.
    labels : uint8 array, shape (row, column)
        The live labels.
    """

    def __init__(self, grid: PatchGrid, labels: NDArray[np.uint8]) -> None:
        self._grid, self._labels = grid, labels
        self._covered = {value: np.zeros(len(grid)) for value in (INCLUDE, EXCLUDE)}
        self.look()

    def look(self, rows: slice = slice(None), columns: slice = slice(None)) -> None:
        """Take over what is painted now in some rows and columns, or anywhere."""
        height, width = self._labels.shape
        (first, last, _), (left, right, _) = rows.indices(height), columns.indices(width)
        boxes = self._grid.boxes
        touched = np.flatnonzero(
            (boxes[:, 0] < last)
            & (boxes[:, 2] > first)
            & (boxes[:, 1] < right)
            & (boxes[:, 3] > left)
        )
        if not touched.size:
            return
        top, left = np.floor(boxes[touched, :2].min(0)).astype(int).tolist()
        bottom, right = np.ceil(boxes[touched, 2:].max(0)).astype(int).tolist()
        part = self._labels[top:bottom, left:right]
        for value, covered in self._covered.items():
            covered[touched] = self._grid.coverage(part == value, (top, left))[touched]

    def covered_by(self, value: int) -> NDArray[np.float64]:
        """Return which share of each patch has a value, shape (patch,)."""
        return self._covered[value]

    def edits(self, mode: Mode) -> Edits:
        """Return how attention is steered; regions that nobody painted steer nothing."""
        include, exclude = self._covered[INCLUDE], self._covered[EXCLUDE]
        included = (include,) if include.any() else ()
        return Edits(
            excluded=(exclude,) if exclude.any() else (),
            only=included if mode == "only" else (),
            forced=included if mode == "force" else (),
        )
