"""How well maps and candidates show where lesions are.

Maps and masks are arrays (row, column) of the same image; images may differ in size. NaN in a map,
where there is no patch, counts as less than anything. Measures that need a lesion leave out images
without, and are NaN if none is left.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_salient.caries.measures import auroc, average_precision

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from napari_salient.data.patch_grid import PatchGrid

    Maps = Sequence[NDArray[np.floating]]
    Masks = Sequence[NDArray[np.bool_]]

THRESHOLDS = tuple(step / 20 for step in range(1, 20))
"""Of a map with values in [0, 1], among which one is chosen."""

RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""False positives per image at which sensitivities are read off."""

TOLERANCE = 2
"""How far beside a lesion a point still hits it, in px."""


def pointing_game(maps: Maps, masks: Masks, tolerance: float = TOLERANCE) -> float:
    """Return the share of images with lesions whose map is largest in or beside one.

    Of equal values the first counts, row by row.
    """
    hits = []
    for shown, mask in zip(maps, masks, strict=True):
        if mask.any():
            hits.append(_grown(mask, tolerance).flat[_filled(shown).argmax()])
    return float(np.mean(hits)) if hits else np.nan


def mean_iou(maps: Maps, masks: Masks, threshold: float = 0.5) -> float:
    """Return the mean IoU of lesions and what a map shows from a threshold on."""
    ratios = []
    for shown, mask in zip(maps, masks, strict=True):
        if mask.any():
            found = shown >= threshold
            ratios.append(np.count_nonzero(found & mask) / np.count_nonzero(found | mask))
    return float(np.mean(ratios)) if ratios else np.nan


def best_threshold(maps: Maps, masks: Masks, thresholds: Iterable[float] = THRESHOLDS) -> float:
    """Return the threshold of the largest mean IoU; choose it on validation images."""
    return max(thresholds, key=lambda threshold: mean_iou(maps, masks, threshold))


def iou_ceiling(grid: PatchGrid, mask: NDArray[np.bool_]) -> float:
    """Return the IoU of a mask and the mask itself as the grid shows it, at its best threshold."""
    shown = [grid.spread(grid.coverage(mask))]
    return max(mean_iou(shown, [mask], threshold) for threshold in THRESHOLDS)


def pixel_auroc(maps: Maps, masks: Masks) -> float:
    """Return the area under the ROC curve over the pixels of all images."""
    return auroc(*_pixels(maps, masks))


def pixel_average_precision(maps: Maps, masks: Masks) -> float:
    """Return the average precision over the pixels of all images."""
    return average_precision(*_pixels(maps, masks))


def froc(
    points: Sequence[NDArray[np.floating]],
    scores: Sequence[NDArray[np.floating]],
    masks: Masks,
    rates: Sequence[float] = RATES,
    tolerance: float = TOLERANCE,
) -> NDArray[np.float64]:
    """Return which share of all lesions is found at so many false positives per image.

    MONAI's curve leaves out its last point, where every candidate counts.

    Parameters
    ----------
    points
        Of each image, the centres (y, x) of its candidates in px, shape (candidate, 2).
    scores
        How sure each candidate is, shape (candidate,); comparable between images.
    masks
        Of each image; touching pixels are one lesion. All images count, also those without lesions.
    rates
        False positives per image.
    tolerance
        In px. A candidate is false if it hits no lesion; several on one lesion find it once.

    Returns
    -------
    float64 array, shape (rate,)
        Sensitivities; NaN if there is no lesion.
    """
    false: list[NDArray[np.floating]] = [np.zeros(0)]
    found: list[float] = []
    for places, sure, mask in zip(points, scores, masks, strict=True):
        hit = _lesions_hit(places, mask, tolerance)
        false.append(sure[~hit.any(axis=1)])
        found += [sure[of_one].max(initial=-np.inf) for of_one in hit.T]
    if not found:
        return np.full(len(rates), np.nan)
    worst, best = np.sort(np.concatenate(false))[::-1], np.array(found)
    sensitivities = []
    for rate in rates:
        allowed = int(rate * len(masks) + 1e-9)
        least = worst[allowed] if allowed < len(worst) else -np.inf
        sensitivities.append(np.mean(best > least))
    return np.array(sensitivities)


def _lesions_hit(
    points: NDArray[np.floating], mask: NDArray[np.bool_], tolerance: float
) -> NDArray[np.bool_]:
    """Tell which points hit which lesions, shape (point, lesion)."""
    parts, count = ndimage.label(mask, np.ones((3, 3)))
    places = np.floor(points).astype(int).reshape(-1, 2).clip(0, np.array(mask.shape) - 1)
    hits = [_grown(parts == n, tolerance)[*places.T] for n in range(1, count + 1)]
    return np.array(hits, bool).reshape(count, len(places)).T


def _grown(mask: NDArray[np.bool_], tolerance: float) -> NDArray[np.bool_]:
    distances: NDArray[np.float64] = ndimage.distance_transform_edt(~mask)
    return distances <= tolerance


def _filled(shown: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the map with values below all others where there is none."""
    lowest = shown[np.isfinite(shown)].min(initial=0)
    return np.where(np.isfinite(shown), shown, lowest - 1)


def _pixels(maps: Maps, masks: Masks) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    values = [_filled(shown).ravel() for shown in maps]
    return np.concatenate(values), np.concatenate([mask.ravel() for mask in masks])
