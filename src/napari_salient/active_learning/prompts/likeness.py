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
    features, unlike = look_of(view, log_odds, near, around)
    unlike += (distance / max(reach_mm, unit)) ** 2
    prior = expit((1 - unlike) / SOFTNESS)
    return connected(walk(prior, features, free, seeds, view.spacing, TRUST), seeds)


def look_of(
    view: View,
    log_odds: NDArray[np.float64] | None,
    near: NDArray[np.bool_],
    around: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what each voxel looks like, and how different that is from what is near.

    Parameters
    ----------
    view, log_odds
        As in `region_like`.
    near, around : bool arrays, shape (z, y, x)
        Where the look is taken, and where the noise.

    Returns
    -------
    features : array, shape (feature, z, y, x)
        Intensities, and the model's log odds where there is a model, in units of the largest
        difference that still looks alike.
    unlike : array, shape (z, y, x)
        The largest difference of a feature. Odds that are better than near are no difference.
    """
    image = view.image.astype(np.float64)
    look = np.median(image[:, near], axis=1)[:, None, None, None]
    noise = 1.4826 * np.median(np.abs(image - look)[:, around], axis=1)
    noise = np.maximum(noise, LEAST_NOISE * image.std(axis=(1, 2, 3)))
    alike = np.where(noise > 0, NOISES * noise, 1.0)[:, None, None, None]
    unlike = (np.abs(image - look) / alike).max(0)
    if log_odds is None:
        return image / alike, unlike
    worse = (np.median(log_odds[near]) - log_odds) / ODDS
    return np.concatenate([image / alike, log_odds[None] / ODDS]), np.maximum(unlike, worse)
