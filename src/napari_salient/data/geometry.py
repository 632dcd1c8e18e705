"""Between the axes of a file and those of the display.

A file may store its axes in any of 48 orders and directions, and its affine says which. Everywhere
else in this package axes are ``(z, y, x)``: from superior to inferior, anterior to posterior, and
the patient's right to left. The change is a transposition and flips: a view, exact both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

MOST_OFFSET = 0.1
"""Largest distance, in voxels, at which two corners still count as the same place.

Programs round affines when they write them; a shift that matters to a label is larger."""

SMALLEST_VOLUME = 1e-4
"""A voxel whose volume is less than this share of its edges' product is flat."""


@dataclass(frozen=True)
class AxisOrder:
    """How the axes of a file become ``(z, y, x)`` of the display.

    Attributes
    ----------
    sources : tuple of int
        For each display axis z, y, x the axis of the file that runs along it.
    flipped : tuple of bool
        Whether that axis runs the other way in the file.
    """

    sources: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]

    @classmethod
    def of(cls, affine: np.ndarray) -> AxisOrder:
        """Return the order of a file with this affine, the nearest one if its grid is oblique."""
        from nibabel.orientations import io_orientation

        world_axes, signs = io_orientation(affine).T
        sources = [int(np.flatnonzero(world_axes == axis)[0]) for axis in (2, 1, 0)]
        z, y, x = ((source, bool(signs[source] > 0)) for source in sources)
        return cls((z[0], y[0], x[0]), (z[1], y[1], x[1]))

    def to_display(self, array: np.ndarray) -> np.ndarray:
        """Return a view ``(..., z, y, x)`` of a file's array ``(i, j, k, ...)``."""
        others = range(3, array.ndim)
        turned: np.ndarray = array.transpose(*others, *self.sources)[self._flips]
        return turned

    def from_display(self, array: np.ndarray) -> np.ndarray:
        """Return a view ``(i, j, k, ...)`` of an array ``(..., z, y, x)``."""
        others = array.ndim - 3
        axes = [others + self.sources.index(source) for source in range(3)]
        turned: np.ndarray = array[self._flips].transpose(*axes, *range(others))
        return turned

    def shape(self, source_shape: tuple[int, ...]) -> tuple[int, int, int]:
        """Return the display's ``(z, y, x)`` of a file's ``(i, j, k, ...)``."""
        z, y, x = (source_shape[source] for source in self.sources)
        return z, y, x

    def source_slice(self, axis: int, index: int, length: int) -> tuple[slice | int, ...]:
        """Return what to read from a file for slice `index` of the display's `axis`.

        The slice keeps its axis with length one; `length` is that of the axis.
        """
        start = length - 1 - index if self.flipped[axis] else index
        selection: list[slice | int] = [slice(None)] * 3
        selection[self.sources[axis]] = slice(start, start + 1)
        return tuple(selection)

    @property
    def _flips(self) -> tuple[Any, ...]:
        return (..., *(slice(None, None, -1 if flip else None) for flip in self.flipped))


def to_display(array: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Return a view ``(..., z, y, x)`` in display orientation of ``(i, j, k, ...)`` of a file."""
    return AxisOrder.of(affine).to_display(array)


def from_display(array: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Return a view ``(i, j, k, ...)`` in the file's order of ``(..., z, y, x)``."""
    return AxisOrder.of(affine).from_display(array)


def display_spacing(affine: np.ndarray) -> tuple[float, float, float]:
    """Return the edges of a voxel along ``(z, y, x)``, in the unit of the affine."""
    edges = voxel_edges(affine)
    z, y, x = (float(edges[source]) for source in AxisOrder.of(affine).sources)
    return z, y, x


def voxel_edges(affine: np.ndarray) -> np.ndarray:
    """Return the lengths of a voxel's edges along the file's axes."""
    edges: np.ndarray = np.linalg.norm(affine[:3, :3], axis=0)
    return edges


def is_singular(affine: np.ndarray) -> bool:
    """Say whether an affine gives voxels no volume, or has values that are no numbers."""
    with np.errstate(all="ignore"):
        edges = voxel_edges(affine)
        if not (np.isfinite(affine).all() and np.isfinite(edges).all() and (edges > 0).all()):
            return True
        return bool(abs(np.linalg.det(affine[:3, :3] / edges)) < SMALLEST_VOLUME)


def on_grid(
    array: np.ndarray, affine: np.ndarray, shape: tuple[int, ...], target: np.ndarray
) -> np.ndarray | None:
    """Return ``(i, j, k)`` in the axis order of another grid, if both are the same voxels.

    Parameters
    ----------
    array, affine
        What a file holds.
    shape, target
        Shape and affine of the other grid.

    Returns
    -------
    numpy.ndarray or None
        A view; None if a corner of the grid lies more than 0.1 voxels from the other's.
    """
    from nibabel.orientations import apply_orientation, io_orientation

    between = np.linalg.solve(target, affine)
    turns = np.rint(between[:3, :3])
    if not ((abs(turns).sum(axis=0) == 1).all() and (abs(turns).sum(axis=1) == 1).all()):
        return None
    turned: np.ndarray = apply_orientation(array, io_orientation(_homogeneous(turns)))
    if turned.shape != shape:
        return None
    expected = _corners(array.shape) @ turns.T
    expected -= expected.min(axis=0)
    found = _corners(array.shape) @ between[:3, :3].T + between[:3, 3]
    return turned if float(abs(found - expected).max()) <= MOST_OFFSET else None


def _homogeneous(turns: np.ndarray) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = turns
    return affine


def _corners(shape: tuple[int, ...]) -> np.ndarray:
    return np.array(list(product(*((0, length - 1) for length in shape[:3]))), float)
