"""Interpolation between two labelled slices, by the method of choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from napari_salient.active_learning.interpolation.contours import interpolate_contours
from napari_salient.active_learning.interpolation.distance import interpolate_distance
from napari_salient.data.label_values import UNSURE
from napari_salient.data.planes import Plane, axis_of
from napari_salient.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Method = Literal["distance", "contours"]
"""Blended signed distances, or ITK's morphological contours."""

METHODS: tuple[Method, ...] = get_args(Method)


def interpolate(
    first: NDArray[np.uint8],
    last: NDArray[np.uint8],
    count: int,
    spacing: tuple[float, float],
    method: Method = "distance",
) -> NDArray[np.uint8]:
    """Return the slices that lie between two labelled ones.

    Parameters
    ----------
    first, last : uint8 arrays, shape (row, column)
        Label values; `UNSURE` is interpolated as a class is, and a pixel unsure in both stays so.
    count
        Slices between the two, evenly spaced.
    spacing
        Size of a pixel in mm (row, column).
    method
        ``distance``, or ``contours`` where ITK's module for it is installed.

    Returns
    -------
    uint8 array, shape (count, row, column)
        In order from `first` to `last`, with no value that neither of them has, 0 apart.

    Raises
    ------
    InputError
        If the slices differ in size, or ITK's module is asked for and absent.
    """
    if first.shape != last.shape:
        raise InputError(
            f"Slices of {first.shape} and {last.shape} pixels do not belong to one volume; "
            f"interpolate between slices of the same volume and plane."
        )
    if method == "contours":
        between = interpolate_contours(first, last, count)
    else:
        between = interpolate_distance(first, last, count, spacing)
    between[:, (first == UNSURE) & (last == UNSURE)] = UNSURE
    return between


def pixel_spacing(spacing: tuple[float, float, float], plane: Plane) -> tuple[float, float]:
    """Return the pixel size (row, column) of a plane's slices, given that of the voxels."""
    row, column = (side for axis, side in enumerate(spacing) if axis != axis_of(plane))
    return row, column
