"""Interpolated slices in a training set, beside the labelled ones they lie between."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.interpolation import pseudo_slices

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from napari_salient.active_learning.examples import Examples
    from napari_salient.active_learning.interpolation import InterpolationQuality, PseudoSlices
    from napari_salient.data.planes import Plane


def add_between(
    examples: Examples,
    image: NDArray[np.float32],
    labels: NDArray[np.uint8],
    labelled: Sequence[int],
    plane: Plane,
    spacing: tuple[float, float, float],
    to_channels: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
    *,
    quality: InterpolationQuality | None = None,
    weight: float | None = None,
) -> PseudoSlices:
    """Add what lies between the labelled slices of a volume to a training set, and return it.

    Parameters
    ----------
    examples
        The training set.
    image : float32 array, shape (channel, z, y, x)
        The normalised volume.
    labels : uint8 array, shape (z, y, x)
        Label values; only the labelled slices are looked at.
    labelled
        Indices of the labelled slices along `plane`.
    plane, spacing
        Slicing plane, and voxel size in mm (z, y, x).
    to_channels
        Turns label values into output channels.
    quality
        Measured on labelled slices, for the weight in the loss; each counts half without it.
    weight
        What each counts instead of what was measured.
    """
    found = pseudo_slices(labels, labelled, plane, spacing, quality=quality)
    if weight is not None:
        found = replace(found, weights=np.full(len(found.indices), weight))
    if len(found.indices):
        channels = to_channels(found.laid_into(labels))
        weights = found.weights.tolist()
        examples.add(image, channels, plane, found.indices.tolist(), weights=weights)
    return found
