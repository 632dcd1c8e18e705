"""Other ways to find the region of a click or the object in a box, to compare prompts with.

Each takes and returns what `region_like` or `object_in` do.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import distance_transform_edt, generic_gradient_magnitude, sobel
from skimage.filters import threshold_otsu
from skimage.graph import MCP_Geometric
from skimage.segmentation import random_walker, watershed

from napari_salient.active_learning.prompts.framed import object_in
from napari_salient.active_learning.prompts.likeness import AROUND, NEAR, look_of, region_like
from napari_salient.active_learning.prompts.walker import connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_salient.active_learning.prompts.scene import View

    Mask = np.ndarray
    Region = Callable[[Mask, Mask, View, np.ndarray | None, float], Mask]
    Framed = Callable[[Mask, Mask, View, np.ndarray | None], Mask]

GEODESIC_COST = 6.0
"""How much longer a step is where nothing looks alike."""


def ball(seeds: Mask, free: Mask, view: View, log_odds: object, reach_mm: float) -> Mask:
    """Return everything within reach: a round brush."""
    return free & (distance_transform_edt(~seeds, sampling=view.spacing) <= reach_mm)


def alike(
    seeds: Mask, free: Mask, view: View, log_odds: np.ndarray | None, reach_mm: float
) -> Mask:
    """Return what is within reach, looks alike and hangs together: a flood."""
    unlike = _unlike(seeds, free, view, log_odds)
    return connected(ball(seeds, free, view, None, reach_mm) & (unlike <= 1), seeds) & free


def geodesic(
    seeds: Mask, free: Mask, view: View, log_odds: np.ndarray | None, reach_mm: float
) -> Mask:
    """Return what is within reach by ways that are longer where they look different."""
    unlike = np.minimum(_unlike(seeds, free, view, log_odds), 1)
    cost = np.where(free, 1 + GEODESIC_COST * unlike**2, -1)
    far, _ = MCP_Geometric(cost, sampling=view.spacing).find_costs(np.argwhere(seeds))
    return free & (far <= reach_mm)


def plain_walk(
    seeds: Mask, free: Mask, view: View, log_odds: np.ndarray | None, reach_mm: float
) -> Mask:
    """Run the random walker of scikit-image between the prompt and what is out of reach."""
    markers = _markers(seeds, free, view, reach_mm)
    if not (markers == 2).any():
        return free
    markers[~connected(free, seeds)] = -1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = random_walker(
            _stacked(view, log_odds), markers, mode="cg_j", tol=1e-3, spacing=view.spacing,
            channel_axis=-1,
        )  # fmt: skip
    return found == 1


def basins(
    seeds: Mask, free: Mask, view: View, log_odds: np.ndarray | None, reach_mm: float
) -> Mask:
    """Take the watershed of the gradient between the prompt and what is out of reach."""
    channels = np.moveaxis(_stacked(view, log_odds), -1, 0)
    steep = sum(generic_gradient_magnitude(channel, sobel) for channel in channels)
    return watershed(steep, np.maximum(_markers(seeds, free, view, reach_mm), 0), mask=free) == 1


def unmodelled(seeds: Mask, free: Mask, view: View, log_odds: object, reach_mm: float) -> Mask:
    """Run the method itself, blind to the model."""
    return region_like(seeds, free, view, None, reach_mm)


def full(frame: Mask, free: Mask, view: View, log_odds: object) -> Mask:
    """Return the whole box."""
    return frame & free


def ellipsoid(frame: Mask, free: Mask, view: View, log_odds: object) -> Mask:
    """Return the ellipsoid that fills the box."""
    ends = np.argwhere(frame).min(0), np.argwhere(frame).max(0)
    middle, half = (ends[0] + ends[1]) / 2, (ends[1] - ends[0] + 1) / 2
    grid = np.moveaxis(np.indices(frame.shape), 0, -1)
    return frame & free & ((((grid - middle) / half) ** 2).sum(-1) <= 1)


def otsu(frame: Mask, free: Mask, view: View, log_odds: object) -> Mask:
    """Return the side of Otsu's threshold on which the middle of the box lies."""
    inner = ellipsoid(frame, free, view, None)
    bright = view.image[0] > threshold_otsu(view.image[0][frame])
    return frame & free & (bright == (bright[inner].mean() > 0.5))


def model(frame: Mask, free: Mask, view: View, log_odds: np.ndarray | None) -> Mask:
    """Return where the model finds the class likelier than not; without one, everything."""
    return frame & free & (log_odds > 0) if log_odds is not None else frame & free


def _unlike(seeds: Mask, free: Mask, view: View, log_odds: np.ndarray | None) -> np.ndarray:
    """Return how different each voxel looks from the seeds; 1 is where likeness ends."""
    distance = distance_transform_edt(~seeds, sampling=view.spacing)
    near, around = (free & (distance <= r * min(view.spacing)) for r in (NEAR, AROUND))
    return look_of(view, log_odds, near, around)[1]


def _markers(seeds: Mask, free: Mask, view: View, reach_mm: float) -> np.ndarray:
    distance = distance_transform_edt(~seeds, sampling=view.spacing)
    markers = np.where(free, 0, -1).astype(np.int8)
    markers[free & (distance > reach_mm - max(view.spacing))] = 2
    markers[seeds] = 1
    return markers


def _stacked(view: View, log_odds: np.ndarray | None) -> np.ndarray:
    extra = [] if log_odds is None else [log_odds / 4]
    return np.stack([*view.image.astype(np.float64), *extra], axis=-1)


REGIONS: dict[str, Region] = {
    "walk with priors": region_like,
    "same without model": unmodelled,
    "alike within reach": alike,
    "geodesic": geodesic,
    "watershed": basins,
    "random walker": plain_walk,
    "ball": ball,
}
FRAMED: dict[str, Framed] = {
    "walk with priors": object_in,
    "model": model,
    "Otsu": otsu,
    "ellipsoid": ellipsoid,
    "whole box": full,
}
