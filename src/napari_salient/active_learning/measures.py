"""How well labels agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.data.label_values import UNSURE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


def dice_per_class(
    prediction: NDArray[np.uint8], truth: NDArray[np.uint8], values: Sequence[int]
) -> NDArray[np.float64]:
    """Return the Dice coefficient of each label value, shape (value,).

    Voxels that the truth calls unsure are left out. A value that neither array has gives NaN: there
    is nothing to agree on, and `mean_dice` skips it.
    """
    known = truth != UNSURE
    scores = np.full(len(values), np.nan)
    for i, value in enumerate(values):
        predicted, true = (prediction == value) & known, (truth == value) & known
        voxels = np.count_nonzero(predicted) + np.count_nonzero(true)
        if voxels:
            scores[i] = 2 * np.count_nonzero(predicted & true) / voxels
    return scores


def mean_dice(scores: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return each class's mean Dice, shape (class,), over the cases that have the class."""
    table = np.asarray(list(scores), dtype=np.float64)
    counts = np.isfinite(table).sum(0)
    sums = np.nansum(table, axis=0)
    means: NDArray[np.float64] = np.full(table.shape[1], np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means


def foreground_dice(prediction: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    """Return the Dice of all classes merged into one; 1 where both are empty."""
    merged = dice_per_class((prediction > 0).astype(np.uint8), _merge(truth), [1])[0]
    return 1.0 if np.isnan(merged) else float(merged)


def _merge(truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.where(truth == UNSURE, UNSURE, truth > 0).astype(np.uint8)


def hausdorff_95_per_class(
    prediction: NDArray[np.uint8],
    truth: NDArray[np.uint8],
    values: Sequence[int],
    spacing: tuple[float, float, float],
) -> list[float]:
    """Return `hausdorff_95` of each label value, without voxels that the truth calls unsure."""
    known = truth != UNSURE
    return [
        hausdorff_95((prediction == value) & known, truth == value, spacing) for value in values
    ]


def hausdorff_95(
    prediction: NDArray[np.bool_], truth: NDArray[np.bool_], spacing: tuple[float, float, float]
) -> float:
    """Return the 95th percentile of the distances in mm between two surfaces ``(z, y, x)``.

    NaN where both are empty, infinite where one is.
    """
    import torch
    from monai.metrics.hausdorff_distance import compute_hausdorff_distance

    if not prediction.any() and not truth.any():
        return float("nan")
    if not prediction.any() or not truth.any():
        return float("inf")
    pair = [torch.from_numpy(mask)[None, None] for mask in (prediction, truth)]
    distance = compute_hausdorff_distance(
        *pair, include_background=True, percentile=95, spacing=list(spacing)
    )
    return float(distance)
