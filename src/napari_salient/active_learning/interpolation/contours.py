"""Interpolation by ITK's morphological contours, where its module is installed."""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

PACKAGE = "itk-morphologicalcontourinterpolation"

SLICE_AXIS = 2
"""ITK counts axes from the last of an array."""


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
    image = itk.image_view_from_array(block)
    with _one_thread(itk):
        filled = itk.morphological_contour_interpolator(image, axis=SLICE_AXIS)
    return np.array(itk.array_view_from_image(filled)[1:-1], dtype=np.uint8)


@contextmanager
def _one_thread(itk: Any) -> Iterator[None]:
    """Keep the filter to one thread: with several it corrupts the heap (ITK 5.4, module 2.1)."""
    threads = itk.MultiThreaderBase.GetGlobalDefaultNumberOfThreads()
    itk.MultiThreaderBase.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        itk.MultiThreaderBase.SetGlobalDefaultNumberOfThreads(threads)


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
