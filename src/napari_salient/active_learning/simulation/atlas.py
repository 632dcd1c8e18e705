"""The no-learning baseline: where the organ usually lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.measures import dice_per_class, mean_dice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.active_learning.simulation.cohort import Cohort

FOREGROUND_VOTE = 0.4
"""Share of the pool that must call a voxel foreground."""


def atlas_dice(cohort: Cohort) -> float:
    """Return the mean foreground Dice of a vote of all pool volumes by position alone.

    The volumes are laid over each other by their centres. A voxel is foreground where at least 40 %
    of the pool volumes say so, and then of the class with the most votes. A model below this line
    has not learned to look.
    """
    votes = _votes(cohort)
    values = cohort.label_values[1:]
    best = votes.argmax(0)
    likely = votes.sum(0) >= FOREGROUND_VOTE * len(cohort.pool)
    atlas = np.where(likely, np.asarray(values, dtype=np.uint8)[best], 0).astype(np.uint8)
    scores = []
    for case in cohort.test:
        truth = cohort.truth(case)
        scores.append(dice_per_class(_centred(atlas, truth.shape), truth, values))
    return float(np.nanmean(mean_dice(scores)))


def _votes(cohort: Cohort) -> NDArray[np.int32]:
    """Count the pool volumes that have each foreground class at each voxel of a common grid."""
    shapes = [cohort.truth(case).shape for case in (*cohort.pool, *cohort.test)]
    grid = tuple(max(sides) for sides in zip(*shapes, strict=True))
    votes = np.zeros((len(cohort.label_values) - 1, *grid), dtype=np.int32)
    for case in cohort.pool:
        truth = _centred(cohort.truth(case), grid)
        for channel, value in enumerate(cohort.label_values[1:]):
            votes[channel] += truth == value
    return votes


def _centred(array: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Crop or pad with background to `shape` about the centre."""
    result = np.zeros(shape, dtype=array.dtype)
    source, target = [], []
    for have, want in zip(array.shape, shape, strict=True):
        common = min(have, want)
        source.append(slice((have - common) // 2, (have - common) // 2 + common))
        target.append(slice((want - common) // 2, (want - common) // 2 + common))
    result[tuple(target)] = array[tuple(source)]
    return result
