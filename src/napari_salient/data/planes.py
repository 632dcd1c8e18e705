"""The three slicing planes of a volume in display orientation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

T = TypeVar("T")

Plane = Literal["axial", "coronal", "sagittal"]
"""A slicing plane by its anatomical name."""

PLANES: tuple[Plane, ...] = get_args(Plane)


def axis_of(plane: Plane) -> int:
    """Return the axis of a ``(z, y, x)`` array that is perpendicular to `plane`."""
    return PLANES.index(plane)


def plane_first(values: Sequence[T], plane: Plane) -> tuple[T, T, T]:
    """Return what belongs to the axes (z, y, x) in the order (slice, row, column) of `plane`."""
    axis = axis_of(plane)
    row, column = (value for i, value in enumerate(values) if i != axis)
    return values[axis], row, column


def slice_of(array: np.ndarray, plane: Plane, index: int) -> np.ndarray:
    """Return slice `index` of a ``(..., z, y, x)`` array as a view ``(..., row, column)``."""
    view: np.ndarray = array[plane_slice(plane, index)]
    return view


def plane_slice(plane: Plane, index: int) -> tuple[Any, ...]:
    """Return the index that selects slice `index` along `plane` from ``(..., z, y, x)``."""
    selection: list[Any] = [slice(None)] * 3
    selection[axis_of(plane)] = index
    return (..., *selection)
