"""Representativeness: slices that are unlike those labelled, in the network's own features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.strategies.diversity import take_best

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from napari_salient.active_learning.pool import PoolState, Proposal
    from napari_salient.active_learning.strategies.diversity import Room

DIMENSIONS = 10
"""Principal components of the features in which distances are taken (Burmeister et al. 2022)."""


class Coverage:
    """How far every slice is from those that are labelled or chosen.

    With nothing labelled the mean of the pool stands for it.

    Parameters
    ----------
    state
        The pool, with features.
    """

    def __init__(self, state: PoolState) -> None:
        from sklearn.metrics import pairwise_distances_chunked

        self.points = reduced(state)
        known = self.points[state.labelled]
        if not len(known):
            known = self.points.mean(axis=0, keepdims=True)
        parts = pairwise_distances_chunked(
            self.points, known, reduce_func=lambda part, _: (part.min(axis=1), part.sum(axis=1))
        )
        self.nearest, self._total = (np.concatenate(column) for column in zip(*parts, strict=True))
        self.nearest[state.labelled] = 0.0
        self._count = len(known)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean distance to all labelled or chosen slices; 0 for a copy of one of them."""
        return np.where(self.nearest > 0, self._total / self._count, 0.0)

    def add(self, position: int) -> None:
        """Count a slice among the chosen ones."""
        distance = np.linalg.norm(self.points - self.points[position], axis=1)
        self.nearest = np.minimum(self.nearest, distance)
        self._total = self._total + distance
        self._count += 1


def reduced(state: PoolState) -> NDArray[np.float64]:
    """Return each slice's principal components, shape (slice, component).

    Every feature is brought to mean 0 and deviation 1 first, so that its scale does not matter.
    """
    assert state.features is not None
    features = state.features.astype(np.float64)
    features -= features.mean(axis=0)
    deviation = features.std(axis=0)
    features /= np.where(deviation > 0, deviation, 1.0)
    _, axes = np.linalg.eigh(features.T @ features)
    components: NDArray[np.float64] = features @ axes[:, -DIMENSIONS:]
    return components


def select_kcenter(state: PoolState, k: int, rng: Generator, room: Room) -> list[Proposal]:
    """Choose the slice farthest from its nearest labelled or chosen one, again and again.

    Sener and Savarese 2018, core-set. With nothing labelled it begins with the slice nearest to the
    mean of the pool, which would otherwise be left to the outliers.
    """
    coverage = Coverage(state)
    proposals = []
    if k and not state.labelled.any():
        position = take_best(-coverage.nearest, room, rng)
        proposals.append(_typical(state, position, coverage.nearest[position]))
        coverage.add(position)
    while len(proposals) < k:
        position = take_best(coverage.nearest, room, rng)
        proposals.append(_unlike(state, position, coverage.nearest[position]))
        coverage.add(position)
    return proposals


def select_mean_distance(state: PoolState, k: int, rng: Generator, room: Room) -> list[Proposal]:
    """Choose the slice with the largest mean distance to the labelled and chosen ones.

    Burmeister et al. 2022, DistRS, here with distances that count what was chosen.
    """
    coverage = Coverage(state)
    proposals = []
    for _ in range(k):
        distance = coverage.mean
        position = take_best(distance, room, rng)
        proposals.append(_unlike(state, position, distance[position]))
        coverage.add(position)
    return proposals


def _typical(state: PoolState, position: int, distance: float) -> Proposal:
    return state.proposal(position, distance, f"most typical of the pool: distance {distance:.2f}")


def _unlike(state: PoolState, position: int, distance: float) -> Proposal:
    words = f"far from all labelled or proposed ones: distance {distance:.2f}"
    return state.proposal(position, distance, words)
