"""Cluster sampling: every kind of slice gets its share of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.strategies.coverage import reduced

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from napari_salient.active_learning.pool import PoolState, Proposal
    from napari_salient.active_learning.strategies.diversity import Room

SAMPLE = 10_000
"""Slices that the clusters are found on; all others join the nearest."""


def select_cluster(state: PoolState, k: int, rng: Generator, room: Room) -> list[Proposal]:
    """Group the pool into as many clusters as slices are asked for and serve the least labelled.

    Within a cluster the slice nearest to its centre is chosen (Burmeister et al. 2022, ClustRS).
    """
    cluster, distance = _clusters(reduced(state), k, rng)
    size = np.bincount(cluster)
    done = np.bincount(cluster, state.labelled, len(size))
    proposals = []
    for _ in range(k):
        share = np.divide(done, size, where=size > 0, out=np.ones(len(size)))
        position = _take_central(share, cluster, distance, room, rng)
        here = cluster[position]
        words = f"typical of {size[here]} alike slices, {int(done[here])} of them labelled"
        proposals.append(state.proposal(position, 1.0 - share[here], words))
        done[here] += 1
    return proposals


def _take_central(
    share: NDArray[np.float64],
    cluster: NDArray[np.int64],
    distance: NDArray[np.float64],
    room: Room,
    rng: Generator,
) -> int:
    """Take the most central free slice of the cluster with the smallest labelled share."""
    free = np.flatnonzero(room.free)
    shares = share[cluster[free]]
    chosen = rng.choice(np.unique(cluster[free[shares == shares.min()]]))
    inside = free[cluster[free] == chosen]
    position = int(inside[distance[inside].argmin()])
    room.take(position)
    return position


def _clusters(
    points: NDArray[np.float64], k: int, rng: Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the cluster of each point and its distance from the centre."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import pairwise_distances_argmin_min

    sample = points[rng.choice(len(points), min(len(points), SAMPLE), replace=False)]
    distinct = len(np.unique(sample.round(6), axis=0))
    means = KMeans(min(k, distinct), n_init=3, random_state=int(rng.integers(2**31))).fit(sample)
    cluster, distance = pairwise_distances_argmin_min(points, means.cluster_centers_)
    return cluster, distance
