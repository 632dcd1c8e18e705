"""Asks a query strategy for slices of the project's pool."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.pool import PoolState, Proposal
from napari_salient.active_learning.strategies import select, strategy
from napari_salient.data.planes import Plane, axis_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    from napari_salient.active_learning.training_set import Place
    from napari_salient.project.catalogue import Catalogue
    from napari_salient.project.rounds import Scores

FIRST_STRATEGY = "strided"
"""Chooses while there is no model to ask."""


def pool_sizes(catalogue: Catalogue, plane: Plane) -> dict[int, int]:
    """Return the number of slices of each volume that may be proposed and trained on."""
    axis = axis_of(plane)
    cases = catalogue.cases("pool")
    return {case.id: case.shape[axis] for case in cases if case.kind == "volume"}


def pool_state(
    plane: Plane,
    sizes: Mapping[int, int],
    busy: Collection[Place],
    scores: Scores | None = None,
) -> PoolState:
    """Return the pool as strategies see it; `busy` slices are not to be chosen."""
    counts = np.asarray(list(sizes.values()), dtype=np.int64)
    case_id = np.repeat(np.asarray(list(sizes), dtype=np.int64), counts)
    index = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = _keys(case_id, index)
    taken = np.asarray(sorted(busy), dtype=np.int64).reshape(-1, 2)
    labelled = np.isin(keys, _keys(taken[:, 0], taken[:, 1]))
    return PoolState(plane, case_id, index, labelled, scores and _aligned(keys, scores))


def choose(name: str, state: PoolState, k: int, rng: Generator) -> tuple[str, list[Proposal]]:
    """Return the strategy used and its proposals; one that needs scores waits for a model."""
    if state.score is not None or not strategy(name).needs_scores:
        return name, select(name, state, k, rng)
    chosen = select(FIRST_STRATEGY, state, k, rng)
    return FIRST_STRATEGY, [
        dataclasses.replace(p, reason=f"{p.reason} ({name} needs a model first)") for p in chosen
    ]


def _keys(case_id: NDArray[np.int64], index: NDArray[np.int64]) -> NDArray[np.int64]:
    return (case_id << 32) + index


def _aligned(keys: NDArray[np.int64], scores: Scores) -> NDArray[np.float64]:
    """Return the score of each key, 0 for slices that were never scored."""
    known = _keys(scores[0], scores[1])
    order = np.argsort(known)
    if not len(order):
        return np.zeros(len(keys))
    found = np.searchsorted(known[order], keys).clip(max=len(order) - 1)
    values = scores[2][order][found]
    return np.where(known[order][found] == keys, values, 0.0)
