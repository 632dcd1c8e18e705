"""How far a click reaches by default: about as far as what is labelled is thick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import distance_transform_edt

from napari_salient.active_learning.prompts.prompt import CLICK_REACH_MM
from napari_salient.data.planes import axis_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.data.planes import Plane

SHORTEST_MM, LONGEST_MM = 1.0, 30.0

SHARE = 1 / 8
"""Of the volume's shortest side, up to 10 mm, where nothing of the class is known yet."""

QUANTILES = (0.2, 0.35, 0.5, 0.65, 0.8)
"""Of the slices with the class, those that are looked at: at its ends it is thin."""


def default_reach_mm(
    drawn: NDArray[np.bool_], plane: Plane, spacing: tuple[float, float, float]
) -> float:
    """Return a reach that suits a class: the radius of the largest disc that fits into it.

    Parameters
    ----------
    drawn : bool array, shape (z, y, x)
        Where the class is, as far as anybody or a model has drawn it.
    plane
        Slicing plane; of some slices with the class the median counts.
    spacing
        Edges of a voxel along (z, y, x) in mm.

    Returns
    -------
    float
        In half millimetres, 1 to 30 mm, and never less than two voxels within the slice.
    """
    axis = axis_of(plane)
    within = tuple(np.delete(spacing, axis))
    slices = np.moveaxis(drawn, axis, 0)
    shown = np.flatnonzero(slices.any(axis=(1, 2)))
    if len(shown):
        few = np.quantile(shown, QUANTILES, method="nearest")
        reach = np.median([_thickness(slices[index], within) for index in few])
    else:
        sides = (size * edge for size, edge in zip(drawn.shape, spacing, strict=True))
        reach = min(CLICK_REACH_MM, SHARE * min(sides))
    shortest = max(SHORTEST_MM, 2 * max(within))
    return float(np.clip(round(2 * reach) / 2, shortest, max(LONGEST_MM, shortest)))


def _thickness(pixels: NDArray[np.bool_], spacing: tuple[float, ...]) -> float:
    """Return the radius of the largest disc that fits into what is drawn on a slice, in mm."""
    rows, columns = (np.flatnonzero(pixels.any(axis=other)) for other in (1, 0))
    part = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return float(distance_transform_edt(np.pad(part, 1), sampling=spacing).max())
