"""Regions around a click or scribble: what looks like it, is close to it and hangs together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.special import expit

from napari_salient.active_learning.prompts.walker import connected, walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.active_learning.prompts.scene import View

NEAR, AROUND = 1.8, 2.5
"""Radius, in the shortest edges of a voxel, in which the look and the noise are taken."""

NOISES = 4.0
"""How many standard deviations of the noise still look alike."""

LEAST_NOISE = 0.01
"""The smallest noise that is believed, as a share of the standard deviation in the box."""

ODDS = 2.0
"""How much smaller the model's log odds may be than at the prompt."""

SOFTNESS = 0.15
TRUST = 0.3


def region_like(
    seeds: NDArray[np.bool_],
    free: NDArray[np.bool_],
    view: View,
    log_odds: NDArray[np.float64] | None,
    reach_mm: float,
) -> NDArray[np.bool_]:
    """Return the region around `seeds` that looks like them.

    Parameters
    ----------
    seeds, free : bool arrays, shape (z, y, x)
        What was pointed at, and where the region may go; seeds are free.
    view
        The part of the volume.
    log_odds : array, shape (z, y, x), optional
        What the model says for the change that is asked for.
    reach_mm
        Nothing farther from the seeds belongs to the region.
    """
    distance = distance_transform_edt(~seeds, sampling=view.spacing)
    free = free & (distance <= reach_mm)
    unit = min(view.spacing)
    near, around = (free & (distance <= radius * unit) for radius in (NEAR, AROUND))
    features, look = _scaled(view.image.astype(np.float64), near, around)
    unlike = np.abs(features - look).max(0)
    if log_odds is not None:
        unlike = np.maximum(unlike, (np.median(log_odds[near]) - log_odds) / ODDS)
        features = np.concatenate([features, log_odds[None] / ODDS])
    unlike += (distance / max(reach_mm, unit)) ** 2
    prior = expit((1 - unlike) / SOFTNESS)
    return connected(walk(prior, features, free, seeds, view.spacing, TRUST), seeds)


def _scaled(
    image: NDArray[np.float64], near: NDArray[np.bool_], around: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the channels in units of what still looks alike, and their median where it is near."""
    look = np.median(image[:, near], axis=1)[:, None, None, None]
    noise = 1.4826 * np.median(np.abs(image - look)[:, around], axis=1)
    noise = np.maximum(noise, LEAST_NOISE * image.std(axis=(1, 2, 3)))
    alike = np.where(noise > 0, NOISES * noise, 1.0)[:, None, None, None]
    return image / alike, look / alike
