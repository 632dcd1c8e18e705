"""Uncertain slices that are also unlike those labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.strategies.coverage import Coverage
from napari_salient.active_learning.strategies.diversity import take_best

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from napari_salient.active_learning.pool import PoolState, Proposal
    from napari_salient.active_learning.strategies.diversity import Room

UNCERTAINTY = 0.5
"""Weight of the uncertainty; the rest is that of the distance."""


def select_hybrid(state: PoolState, k: int, rng: Generator, room: Room) -> list[Proposal]:
    """Choose by the mean of two ranks: entropy, and distance to the nearest labelled slice.

    A rank is the share of the pool below; distances are ranked among those of the start and
    shrink as slices are chosen.
    """
    coverage = Coverage(state)
    entropy = state.measures["entropy"]
    unsure = _rank(entropy, np.sort(entropy))
    at_start = np.sort(coverage.nearest)
    proposals = []
    for _ in range(k):
        unlike = _rank(coverage.nearest, at_start)
        value = UNCERTAINTY * unsure + (1 - UNCERTAINTY) * unlike
        position = take_best(value, room, rng)
        words = f"more uncertain than {unsure[position]:.0%} and more unlike what is labelled than"
        proposals.append(
            state.proposal(position, value[position], f"{words} {unlike[position]:.0%} of the pool")
        )
        coverage.add(position)
    return proposals


def _rank(values: NDArray[np.float64], among: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.searchsorted(among, values) / len(among)
