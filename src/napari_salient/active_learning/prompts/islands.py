"""Parts of a class that hang together: the largest kept, small ones dropped, holes filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import binary_fill_holes, label

from napari_salient.active_learning.prompts.relabelling import relabelled, whole
from napari_salient.data.label_values import BACKGROUND
from napari_salient.data.planes import Plane, plane_slice
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.active_learning.prompts.relabelling import Relabelling


def keep_largest(labels: NDArray[np.uint8], value: int) -> Relabelling | None:
    """Return the change that leaves only the largest part of a class; of equal ones, all.

    Parts hang together by faces. Raises `InputError` if no voxel ``(z, y, x)`` has the class.
    """
    parts, sizes = _parts(labels, value)
    return _without(labels, parts, sizes < sizes.max())


def drop_small(
    labels: NDArray[np.uint8], value: int, spacing: tuple[float, float, float], volume_mm3: float
) -> Relabelling | None:
    """Return the change that drops the parts of a class smaller than a volume.

    Parts hang together by faces. Raises `InputError` if no voxel ``(z, y, x)`` has the class.
    """
    parts, sizes = _parts(labels, value)
    return _without(labels, parts, sizes * np.prod(spacing) < volume_mm3)


def fill_holes(
    labels: NDArray[np.uint8], value: int, plane: Plane | None = None
) -> Relabelling | None:
    """Return the change that gives a class the background that it encloses.

    Enclosed is what no way through faces leads out of; other classes in it stay. With a `plane`
    that is judged on each of its slices, without one in 3D. Raises `InputError` if no voxel
    ``(z, y, x)`` has the class.
    """
    mask = _mask(labels, value)
    filled = binary_fill_holes(mask, None if plane is None else _flat_cross(plane))
    return relabelled(labels, filled & (labels == BACKGROUND), value, whole(labels))


def _flat_cross(plane: Plane) -> NDArray[np.bool_]:
    cross = np.zeros((3, 3, 3), dtype=bool)
    cross[plane_slice(plane, 1)] = [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    return cross


def _mask(labels: NDArray[np.uint8], value: int) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = labels == value
    if value == BACKGROUND or not mask.any():
        raise InputError(f"No voxel has the class with value {value}; choose one that is drawn.")
    return mask


def _parts(labels: NDArray[np.uint8], value: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the number of each voxel's part from 1 on, and the parts' sizes in voxels."""
    parts = label(_mask(labels, value))[0].astype(np.intp)
    return parts, np.bincount(parts.ravel())[1:]


def _without(
    labels: NDArray[np.uint8], parts: NDArray[np.intp], dropped: NDArray[np.bool_]
) -> Relabelling | None:
    return relabelled(labels, np.append(False, dropped)[parts], BACKGROUND, whole(labels))
