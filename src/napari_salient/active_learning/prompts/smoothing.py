"""Smoothing of a class in 3D, in mm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_salient.active_learning.prompts.relabelling import difference
from napari_salient.data.label_values import BACKGROUND
from napari_salient.errors import InputError
from napari_salient.project.edits import Box, box_slices, diff_box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.active_learning.prompts.relabelling import Relabelling

TRUNCATE = 3.0
"""Standard deviations at which the smoothing stops."""


def smooth(
    labels: NDArray[np.uint8],
    value: int,
    spacing: tuple[float, float, float],
    sigma_mm: float,
    *,
    over: tuple[int, ...] = (),
) -> Relabelling | None:
    """Return the change that smooths the outline of a class.

    The class is blurred and cut at one half, which rounds corners and drops what is thinner than
    the blur. What it loses becomes background; what it gains it takes from the background alone.

    Parameters
    ----------
    labels : uint8 array, shape (z, y, x)
        They stay as they are.
    value
        The class.
    spacing
        Edges of a voxel along (z, y, x) in mm.
    sigma_mm
        Standard deviation of the blur, the same along all axes.
    over
        Values from which the class may take voxels too: other classes, or unsure ones.

    Raises
    ------
    InputError
        If no voxel has the class, or `sigma_mm` is not positive.
    """
    if not 0 < sigma_mm < np.inf:
        raise InputError(f"Smoothing by {sigma_mm} mm does nothing; choose a positive width.")
    mask = labels == value
    inner = diff_box(mask, np.zeros_like(mask))
    if value == BACKGROUND or inner is None:
        raise InputError(f"No voxel has the class with value {value}; choose one that is drawn.")
    sigma = tuple(sigma_mm / edge for edge in spacing)
    box = _grown(inner, sigma, labels.shape)
    part = labels[box_slices(box)]
    own = part == value
    blurred = gaussian_filter(own.astype(np.float64), sigma, mode="nearest", truncate=TRUNCATE)
    wanted = blurred > 0.5
    after = part.copy()
    after[own & ~wanted] = BACKGROUND
    after[np.isin(part, (BACKGROUND, *over)) & wanted] = value
    return difference(part, after, box)


def _grown(box: Box, sigma: tuple[float, ...], shape: tuple[int, ...]) -> Box:
    """Return the box with room for what the blur moves, within the volume."""
    room = [int(np.ceil(TRUNCATE * width)) for width in sigma]
    z0, y0, x0 = (max(0, low - r) for low, r in zip(box[::2], room, strict=True))
    z1, y1, x1 = (min(size, high + r) for high, r, size in zip(box[1::2], room, shape, strict=True))
    return z0, z1, y0, y1, x0, x1
