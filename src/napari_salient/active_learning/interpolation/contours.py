"""Interpolation by ITK's morphological contours, where its module is installed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

PACKAGE = "itk-morphologicalcontourinterpolation"


def interpolate_contours(
    first: NDArray[np.uint8], last: NDArray[np.uint8], count: int
) -> NDArray[np.uint8]:
    """Return `count` slices between two, by morphing each class's contour into the other.

    Pixels are taken to be square. Parts of a class that do not overlap fade out half-way (Zukić et
    al., Insight Journal 2016).

    Raises
    ------
    InputError
        If ITK's module is not installed.
    """
    itk = _load_itk()
    block = np.zeros((count + 2, *first.shape), dtype=np.uint8)
    block[0], block[-1] = first, last
    between_slices = block.ndim - 1
    image = itk.image_view_from_array(block)
    filled = itk.morphological_contour_interpolator(image, axis=between_slices)
    return np.array(itk.array_view_from_image(filled)[1:-1], dtype=np.uint8)


def _load_itk() -> Any:
    try:
        itk = import_module("itk")
        itk.MorphologicalContourInterpolator  # noqa: B018 (loads the module)
    except (ImportError, AttributeError) as error:
        raise InputError(
            f"Contour interpolation needs ITK's module for it; install {PACKAGE}, or interpolate "
            f"by signed distance."
        ) from error
    return itk
