"""Which slices may be interpolated, and the labels and weights they get."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.interpolation.between import (
    Method,
    interpolate,
    pixel_spacing,
)
from napari_salient.active_learning.interpolation.quality import DEFAULT_WEIGHT
from napari_salient.data.planes import Plane, axis_of, slice_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from napari_salient.active_learning.interpolation.quality import InterpolationQuality

MAX_GAP = 4
"""Slices from one labelled slice to the next that may be bridged: blocks of five, ends included."""


@dataclass(frozen=True)
class PseudoSlices:
    """Interpolated slices of one volume; never to be taken for labels that a person made.

    Parameters
    ----------
    plane
        Slicing plane.
    indices : int64 array, shape (slice,)
        Where the slices lie, ascending.
    labels : uint8 array, shape (slice, row, column)
        Label values.
    gaps : int64 array, shape (slice,)
        Slices from one labelled neighbour to the other.
    weights : float64 array, shape (slice,)
        What each slice counts in the loss, where a labelled one counts 1.
    """

    plane: Plane
    indices: NDArray[np.int64]
    labels: NDArray[np.uint8]
    gaps: NDArray[np.int64]
    weights: NDArray[np.float64]

    def laid_into(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a copy of a volume of labels ``(z, y, x)`` with these slices in their places."""
        filled = labels.copy()
        np.moveaxis(filled, axis_of(self.plane), 0)[self.indices] = self.labels
        return filled


def pseudo_slices(
    labels: NDArray[np.uint8],
    labelled: Iterable[int],
    plane: Plane,
    spacing: tuple[float, float, float],
    *,
    quality: InterpolationQuality | None = None,
    method: Method = "distance",
    max_gap: int = MAX_GAP,
) -> PseudoSlices:
    """Interpolate every slice that lies between two labelled ones close enough to each other.

    Parameters
    ----------
    labels : uint8 array, shape (z, y, x)
        Label values; only the labelled slices are looked at.
    labelled
        Indices of the labelled slices along `plane`.
    plane
        Slicing plane.
    spacing
        Voxel size in mm (z, y, x).
    quality
        Measured by `leave_one_out`, for the weights; without it each slice counts half.
    method
        How to interpolate.
    max_gap
        Largest distance of the two labelled slices, in slices.

    Returns
    -------
    PseudoSlices
        Empty where no two labelled slices are close enough or none lies between them.

    Raises
    ------
    InputError
        If `method` is not installed.
    """
    pixel = pixel_spacing(spacing, plane)
    pairs = [(a, b) for a, b in pairwise(sorted(set(labelled))) if 1 < b - a <= max_gap]
    blocks = [
        interpolate(
            slice_of(labels, plane, a), slice_of(labels, plane, b), b - a - 1, pixel, method
        )
        for a, b in pairs
    ]
    size = slice_of(labels, plane, 0).shape
    gaps = np.array([b - a for a, b in pairs for _ in range(a + 1, b)], dtype=np.int64)
    weight = {gap: quality.weight(gap) if quality else DEFAULT_WEIGHT for gap in set(gaps.tolist())}
    return PseudoSlices(
        plane=plane,
        indices=np.array([i for a, b in pairs for i in range(a + 1, b)], dtype=np.int64),
        labels=np.concatenate([np.zeros((0, *size), dtype=np.uint8), *blocks]),
        gaps=gaps,
        weights=np.array([weight[gap] for gap in gaps.tolist()], dtype=np.float64),
    )
