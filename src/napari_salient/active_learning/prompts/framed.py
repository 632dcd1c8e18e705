"""The object in a box: told from what surrounds the box by intensities, shape and the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.special import expit

from napari_salient.active_learning.prompts.walker import walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.active_learning.prompts.scene import View
    from napari_salient.project.edits import Box

MARGIN = 4
"""Voxels around the box that show what the object is not."""

BINS, BLUR = 32, 1.5
MODEL = 0.5
"""Weight of the model's log odds."""

EDGE = 2.0
"""Jump in intensity that marks an edge, in units of the noise."""

LEAST_NOISE = 0.01
"""The smallest noise that is believed, as a share of the standard deviation."""

TRUST = 1.0
LOOKS = 2
"""How often the object is found; every time but the first, its look is that found before."""


def surroundings(box: Box, shape: tuple[int, ...]) -> Box:
    """Return the box with a margin; an axis along which it is one voxel thick stays so."""
    ends = []
    for low, high, size in zip(box[::2], box[1::2], shape, strict=True):
        margin = MARGIN if high - low > 1 else 0
        ends += [max(0, low - margin), min(size, high + margin)]
    return ends[0], ends[1], ends[2], ends[3], ends[4], ends[5]


def object_in(
    frame: NDArray[np.bool_],
    free: NDArray[np.bool_],
    view: View,
    log_odds: NDArray[np.float64] | None,
) -> NDArray[np.bool_]:
    """Return the object that fills a box, as in GrabCut but by random walks.

    The ellipsoid in the box is the first guess of the object; the histograms of guess and rest,
    the closeness to the middle and the model give each voxel's odds.

    Parameters
    ----------
    frame : bool array, shape (z, y, x)
        The box within its surroundings.
    free : bool array, shape (z, y, x)
        Where the object may be; only its part within the frame counts.
    view
        The part of the volume.
    log_odds : array, shape (z, y, x), optional
        The model's, of the class.

    References
    ----------
    Rother, Kolmogorov and Blake, "GrabCut", ACM Transactions on Graphics 23 (2004).
    """
    image = view.image.astype(np.float64)
    roundness = 1 - _radius_squared(frame)
    steady = np.clip(roundness, -3, 1) + (0.0 if log_odds is None else MODEL * log_odds)
    scaled = image / _edges(image)[:, None, None, None]
    inside = frame & free
    found = roundness >= 0
    nothing = np.zeros_like(frame)
    for _ in range(LOOKS):
        odds = steady + sum(_histogram_odds(channel, found) for channel in image)
        found = walk(expit(odds), scaled, inside, nothing, view.spacing, TRUST)
        if not found.any():
            break
    return found


def _radius_squared(frame: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the distance to the middle of the frame, squared; 1 on the ellipsoid that fills it."""
    total = np.zeros(frame.shape)
    for axis in range(3):
        hits = np.flatnonzero(frame.any(axis=tuple(a for a in range(3) if a != axis)))
        middle, half = (hits[0] + hits[-1]) / 2, len(hits) / 2
        along = ((np.arange(frame.shape[axis]) - middle) / half) ** 2
        total += np.expand_dims(along, tuple(a for a in range(3) if a != axis))
    return total


def _edges(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each channel the jump between neighbours that marks an edge."""
    pairs = [np.abs(np.diff(image, axis=axis)).reshape(len(image), -1) for axis in (1, 2, 3)]
    jumps = np.concatenate(pairs, axis=1)
    spread = image.std(axis=(1, 2, 3))
    if not spread.any():
        return np.ones(len(image))
    noise = np.maximum(np.median(jumps, axis=1), LEAST_NOISE * spread)
    return np.where(spread > 0, EDGE * noise, 1.0)


def _histogram_odds(channel: NDArray[np.float64], found: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the log odds ``(z, y, x)`` of an intensity to come from where the object is."""
    low, high = np.percentile(channel, (0.5, 99.5))
    if low == high:
        return np.zeros(channel.shape)
    bins = np.clip((channel - low) / (high - low) * BINS, 0, BINS - 1).astype(np.intp)
    logs = []
    for where in (found, ~found):
        counts = np.bincount(bins[where], minlength=BINS).astype(np.float64)
        smooth = gaussian_filter1d(counts, BLUR) + 0.5
        logs.append(np.log(smooth / smooth.sum()))
    odds: NDArray[np.float64] = (logs[0] - logs[1])[bins]
    return odds
