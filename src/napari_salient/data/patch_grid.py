"""Where the patches of a network lie in an image, and how masks and maps go to them and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

COVERED = 1 - 1e-9
"""From this share on a patch counts as covered: the rest is rounding."""

TINY = 1e-300
"""Stands for 0 where there is nothing to divide."""


@dataclass(frozen=True)
class PatchGrid:
    """Square windows at equal distances over an image, numbered row by row.

    Lengths are in pixels of the image and may be fractions: strided convolutions with an odd kernel
    centre their cells on pixels, half a pixel beside the cells' corners. A window may reach over
    the border; what lies outside the image counts for nothing.

    Parameters
    ----------
    height, width
        Of the image, in px.
    rows, columns
        Patches along each axis.
    window
        Side of a patch, in px.
    stride
        From one patch to the next, in px.
    offset
        Upper left corner (y, x) of the first patch, in px.
    """

    height: int
    width: int
    rows: int
    columns: int
    window: float
    stride: float
    offset: tuple[float, float] = (0.0, 0.0)

    def __len__(self) -> int:
        """Return the number of patches."""
        return self.rows * self.columns

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return self.rows, self.columns

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """The part of each patch inside the image, as (top, left, bottom, right) in px.

        Shape (patch, 4).
        """
        y, x = (self.offset[axis] + self.stride * np.arange(self.shape[axis]) for axis in (0, 1))
        corners = np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1).reshape(-1, 2)
        boxes = np.hstack([corners, corners + self.window])
        inside: NDArray[np.float64] = np.clip(boxes, 0, [self.height, self.width] * 2)
        return inside

    def covered_area(
        self, mask: NDArray[Any], corner: tuple[int, int] = (0, 0)
    ) -> NDArray[np.float64]:
        """Return how much of a mask lies in each patch, in px², shape (patch,).

        Parameters
        ----------
        mask : array, shape (row, column)
            True or false, or values in [0, 1]; of the whole image or of a part of it.
        corner
            Row and column of the image where the mask begins.
        """
        (top, left), (high, wide) = corner, mask.shape
        if top < 0 or left < 0 or top + high > self.height or left + wide > self.width:
            raise ValueError(
                f"mask of {high} x {wide} px at {corner} in an image of "
                f"{self.height} x {self.width} px"
            )
        rows, columns = self._overlaps
        by_row = rows[:, top : top + high] @ np.asarray(mask, np.float64)
        areas: NDArray[np.float64] = (columns[:, left : left + wide] @ by_row.T).T
        return areas.ravel()

    def coverage(self, mask: NDArray[Any], corner: tuple[int, int] = (0, 0)) -> NDArray[np.float64]:
        """Return which share of each patch a mask covers, exactly 1 where it covers all.

        Parameters are those of `covered_area`. The share is of the part inside the image; patches
        that have none are not covered.
        """
        share = self.covered_area(mask, corner) / np.maximum(self._areas, TINY)
        return np.where(share > COVERED, 1.0, np.minimum(share, 1.0))

    def spread(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Lay each patch's value over its window; the map of the image in pixels.

        Parameters
        ----------
        values : array, shape (patch,)

        Returns
        -------
        float32 array, shape (height, width)
            Where windows overlap, their mean, weighted by how much of the pixel each has; NaN where
            there is none.
        """
        rows, columns = self._means
        by_column = columns @ values.reshape(self.shape).T.astype(np.float32)
        shown: NDArray[np.float32] = rows @ by_column.T
        shown[np.diff(rows.indptr) == 0] = np.nan
        shown[:, np.diff(columns.indptr) == 0] = np.nan
        return shown

    @cached_property
    def _means(self) -> tuple[sparse.csr_array, sparse.csr_array]:
        """Which share each row of patches has in each row of pixels; the same for columns."""
        shares = (
            overlaps.multiply(1 / np.maximum(overlaps.sum(axis=0), TINY)).T
            for overlaps in self._overlaps
        )
        return tuple(sparse.csr_array(share, dtype=np.float32) for share in shares)

    @cached_property
    def _overlaps(self) -> tuple[sparse.csr_array, sparse.csr_array]:
        """How long each row of patches overlaps each row of pixels; the same for columns."""
        sides = (self.height, self.width)
        return tuple(self._overlaps_along(axis, side) for axis, side in enumerate(sides))

    def _overlaps_along(self, axis: int, pixels: int) -> sparse.csr_array:
        starts = self.offset[axis] + self.stride * np.arange(self.shape[axis])[:, None]
        ends = starts + self.window
        touched = np.floor(starts).astype(int) + np.arange(int(np.ceil(self.window)) + 1)
        lengths = np.minimum(ends, touched + 1) - np.maximum(starts, touched)
        patch, nth = np.nonzero((lengths > 0) & (touched >= 0) & (touched < pixels))
        places = (patch, touched[patch, nth])
        return sparse.csr_array((lengths[patch, nth], places), shape=(len(starts), pixels))

    @cached_property
    def _areas(self) -> NDArray[np.float64]:
        """Each patch's part inside the image, in px²."""
        rows, columns = self._overlaps
        return np.outer(rows.sum(axis=1), columns.sum(axis=1)).ravel()
