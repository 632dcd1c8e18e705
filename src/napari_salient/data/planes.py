"""The three slicing planes of a volume in display orientation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    import numpy as np

Plane = Literal["axial", "coronal", "sagittal"]
"""A slicing plane by its anatomical name."""

PLANES: tuple[Plane, ...] = get_args(Plane)


def axis_of(plane: Plane) -> int:
    """Return the axis of a ``(z, y, x)`` array that is perpendicular to `plane`."""
    return PLANES.index(plane)


def slice_of(array: np.ndarray, plane: Plane, index: int) -> np.ndarray:
    """Return slice `index` of a ``(..., z, y, x)`` array as a view ``(..., row, column)``."""
    view: np.ndarray = array[plane_slice(plane, index)]
    return view


def plane_slice(plane: Plane, index: int) -> tuple[Any, ...]:
    """Return the index that selects slice `index` along `plane` from ``(..., z, y, x)``."""
    selection: list[Any] = [slice(None)] * 3
    selection[axis_of(plane)] = index
    return (..., *selection)
