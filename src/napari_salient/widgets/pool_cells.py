"""What the pool map shows, as arrays: one cell for each slice of each volume, and their colours."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray


class Cell(enum.IntEnum):
    """State of one slice in the map; where several share a pixel, the highest is drawn."""

    UNLABELLED = 0
    INTERPOLATED = 1
    LABELLED = 2
    DRAFT = 3
    PROPOSED = 4
    SENT_BACK = 5


CELL_TEXT = {
    Cell.UNLABELLED: "unlabelled",
    Cell.INTERPOLATED: "interpolated",
    Cell.LABELLED: "labelled",
    Cell.DRAFT: "draft",
    Cell.PROPOSED: "proposed",
    Cell.SENT_BACK: "sent back",
}

CELL_COLOR = {
    Cell.LABELLED: (0, 158, 115),
    Cell.INTERPOLATED: (204, 121, 167),
    Cell.DRAFT: (86, 180, 233),
    Cell.PROPOSED: (240, 228, 66),
    Cell.SENT_BACK: (213, 94, 0),
}
"""Okabe and Ito's palette, told apart with every kind of colour vision."""

CELL_SPAN = {
    Cell.LABELLED: (0.0, 1.0),
    Cell.INTERPOLATED: (0.35, 0.65),
    Cell.DRAFT: (0.5, 1.0),
    Cell.PROPOSED: (0.0, 0.5),
    Cell.SENT_BACK: (0.3, 0.7),
}
"""The part of a cell's height (from the top) that its colour takes: states differ in shape, too."""

BLANK_GREY = 52
UNCERTAIN_GREY = 215


class PoolCells:
    """States and uncertainties of every slice of a pool in two flat arrays.

    Parameters
    ----------
    cases
        ``(case_id, name, number of slices)`` of each volume, in the order of the rows.
    """

    def __init__(self, cases: Iterable[tuple[int, str, int]] = ()) -> None:
        rows = list(cases)
        self.case_ids = [case_id for case_id, _, _ in rows]
        self.names = [name for _, name, _ in rows]
        self.row_of = {case_id: row for row, case_id in enumerate(self.case_ids)}
        self._ids = np.array(self.case_ids, int)
        self._by_id = np.argsort(self._ids)
        self.starts = np.concatenate([[0], np.cumsum([count for _, _, count in rows])]).astype(int)
        self.states = np.zeros(self.starts[-1], np.uint8)
        self.uncertainty = np.full(self.starts[-1], np.nan, np.float32)

    def __len__(self) -> int:
        return len(self.case_ids)

    def slices(self, row: int) -> int:
        """Return how many slices the volume in a row has."""
        return int(self.starts[row + 1] - self.starts[row])

    def span(self, row: int) -> slice:
        """Return where the cells of a row are in the flat arrays."""
        return slice(self.starts[row], self.starts[row + 1])

    def places(self, case_ids: ArrayLike, indices: ArrayLike) -> NDArray[np.int_]:
        """Return where slices are in the flat arrays; unknown volumes raise `KeyError`."""
        wanted = np.atleast_1d(np.asarray(case_ids))
        unknown = np.setdiff1d(wanted, self._ids)
        if unknown.size:
            raise KeyError(f"Not in the map: {unknown.tolist()}")
        rows = self._by_id[np.searchsorted(self._ids, wanted, sorter=self._by_id)]
        places: NDArray[np.int_] = self.starts[rows] + np.asarray(indices, int)
        return places

    def bridge(self, rows: int, longest: int) -> None:
        """Mark what lies between labelled slices at most `longest` apart as interpolated.

        Only the first `rows` are looked at, and only unlabelled slices are marked.
        """
        states = self.states[: self.starts[rows]]
        labelled = np.flatnonzero(states == Cell.LABELLED)
        row, gaps = np.searchsorted(self.starts, labelled, "right"), np.diff(labelled)
        near = np.flatnonzero((gaps > 1) & (gaps <= longest) & (np.diff(row) == 0))
        for first, gap in zip(labelled[near], gaps[near], strict=True):
            between = states[first + 1 : first + gap]
            between[between == Cell.UNLABELLED] = Cell.INTERPOLATED

    def text(self, row: int, index: int) -> str:
        """Return a cell in words: ``brain-03, slice 41 of 96: proposed, uncertainty 0.62``."""
        place = self.starts[row] + index
        state = CELL_TEXT[Cell(self.states[place])]
        words = f"{self.names[row]}, slice {index + 1} of {self.slices(row)}: {state}"
        uncertainty = self.uncertainty[place]
        return words if np.isnan(uncertainty) else f"{words}, uncertainty {uncertainty:.2f}"

    def paint(self, row: int, width: int, height: int) -> NDArray[np.uint8]:
        """Return a row as an RGB picture ``(height, width, 3)``, first slice to the left."""
        states, uncertainty = self._columns(row, width)
        picture = np.repeat(_grey(uncertainty)[None, :, None], height, axis=0).repeat(3, axis=2)
        for state, color in CELL_COLOR.items():
            top, bottom = (round(part * height) for part in CELL_SPAN[state])
            picture[top:bottom, states == state] = color
        return picture

    def _columns(self, row: int, width: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        states, uncertainty = self.states[self.span(row)], self.uncertainty[self.span(row)]
        count = len(states)
        if count <= width:
            nearest = np.arange(width) * count // width
            return states[nearest], uncertainty[nearest]
        edges = np.arange(width) * count // width
        return np.maximum.reduceat(states, edges), np.fmax.reduceat(uncertainty, edges)


def _grey(uncertainty: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the background of cells: brighter where the model is less certain (0 to 1)."""
    share = np.clip(np.nan_to_num(uncertainty), 0.0, 1.0)
    return (BLANK_GREY + share * (UNCERTAIN_GREY - BLANK_GREY)).astype(np.uint8)
