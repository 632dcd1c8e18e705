"""Cutting a view into pieces that lie in the cells of a grid and never touch."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_salient.pretraining.geometry import Geometry

LEAST_PIECE = 4
"""Shortest side of a piece, in voxels."""


@dataclass(frozen=True)
class Grid:
    """Cells of a view, with room in each for its piece to move.

    Parameters
    ----------
    count
        Cells along each axis.
    step : tuple of int
        From one cell to the next, in voxels along each axis.
    cell : tuple of int
        Sides of a cell; longer than the step where cells overlap.
    jitter : tuple of int
        How far a piece may move. As much again stays free at the far end of a cell, so that no two
        pieces of neighbouring cells touch and edges do not run from one into the other.
    """

    count: int
    step: tuple[int, ...]
    cell: tuple[int, ...]
    jitter: tuple[int, ...]

    @classmethod
    def of(
        cls, geometry: Geometry, count: int, jitter: float, purpose: str, *, halves: bool = False
    ) -> Grid:
        """Divide the largest view there is.

        Parameters
        ----------
        geometry
            What all volumes have in common.
        count
            Cells along each axis.
        jitter
            Share of a cell, at least one voxel.
        purpose
            The task, for the error.
        halves
            Whether a cell begins in the middle of the one before.

        Raises
        ------
        InputError
            If pieces would be too small; it says the least size of a volume.
        """
        steps_a_cell = 2 if halves else 1
        steps = count - 1 + steps_a_cell
        least = steps * -(-(LEAST_PIECE + 2) // steps_a_cell)
        geometry.require((least,) * geometry.spatial_dims, purpose)
        step = tuple(side // steps for side in geometry.sides)
        cell = tuple(steps_a_cell * side for side in step)
        room = ((side - LEAST_PIECE) // 2 for side in cell)
        wanted = (max(round(jitter * side), 1) for side in cell)
        return cls(count, step, cell, tuple(map(min, wanted, room)))

    @property
    def sides(self) -> tuple[int, ...]:
        """Of the whole grid, in voxels."""
        pairs = zip(self.step, self.cell, strict=True)
        return tuple((self.count - 1) * step + cell for step, cell in pairs)

    @property
    def piece(self) -> tuple[int, ...]:
        """Sides of a piece, in voxels."""
        return tuple(c - 2 * j for c, j in zip(self.cell, self.jitter, strict=True))

    @property
    def cells(self) -> tuple[tuple[int, ...], ...]:
        """All cells by their position in the grid, the last axis fastest."""
        return tuple(itertools.product(range(self.count), repeat=len(self.cell)))

    def draw_offsets(self, pieces: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw where pieces lie in their cells, shape (piece, axis), in voxels."""
        return rng.integers(0, self.jitter, (pieces, len(self.jitter)), endpoint=True)

    def starts(
        self, cells: Sequence[tuple[int, ...]], offsets: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the first voxel of the pieces in some cells, shape (piece, axis)."""
        return np.array(cells, np.int64) * np.array(self.step, np.int64) + offsets

    def cut(
        self, view: Tensor, cells: Sequence[tuple[int, ...]], offsets: NDArray[np.int64]
    ) -> Tensor:
        """Cut pieces (piece, channel, *piece) in some cells out of a view (channel, *sides)."""
        pieces = []
        for start in self.starts(cells, offsets).tolist():
            spans = (slice(s, s + side) for s, side in zip(start, self.piece, strict=True))
            pieces.append(view[:, *spans])
        return torch.stack(pieces)
