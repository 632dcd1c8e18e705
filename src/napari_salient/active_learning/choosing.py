"""Asks a query strategy for slices of the project's pool, and puts some at random among them."""

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

    from napari_salient.active_learning.pool import PoolScores
    from napari_salient.active_learning.settings import LoopSettings
    from napari_salient.active_learning.training_set import Place
    from napari_salient.project.catalogue import Catalogue

FIRST_STRATEGY = "random"
"""Chooses while there is no model to ask."""


@dataclasses.dataclass(frozen=True)
class Query:
    """How slices are asked for.

    Parameters
    ----------
    strategy
        Name of the query strategy.
    audit
        Share of slices drawn at random instead, from 0 to 1.
    per_volume, min_gap
        See `Spread`; `None` leaves it to the strategy.
    """

    strategy: str
    audit: float = 0.0
    per_volume: int | None = None
    min_gap: int | None = None

    def ask(self, state: PoolState, k: int, rng: Generator) -> list[Proposal]:
        """Return ``min(k, open slices)`` proposals, audit slices at random places among them.

        The number of audit slices is random as well, right in the mean for every `k`.

        Raises
        ------
        InputError
            If there is no such strategy, or the state lacks what it needs.
        """
        audited = self._audit(state, k, rng)
        labelled = state.labelled.copy()
        labelled[audited] = True
        proposals = select(
            self.strategy,
            dataclasses.replace(state, labelled=labelled),
            k - len(audited),
            rng,
            per_volume=self.per_volume,
            min_gap=self.min_gap,
        )
        for position in audited:
            audit = state.proposal(position, 0.0, "audit: drawn at random to check the model")
            place = int(rng.integers(len(proposals) + 1))
            proposals.insert(place, dataclasses.replace(audit, audit=True))
        return proposals

    def _audit(self, state: PoolState, k: int, rng: Generator) -> list[int]:
        count = min(int(self.audit * k + rng.random()), k, len(state.open)) if self.audit else 0
        return [int(position) for position in rng.choice(state.open, count, replace=False)]


def query_of(settings: LoopSettings) -> Query:
    """Return how the settings of the loop say that slices are asked for."""
    return Query(settings.strategy, settings.audit, settings.per_volume, settings.min_gap)


def pool_sizes(catalogue: Catalogue, plane: Plane) -> dict[int, int]:
    """Return the number of slices of each volume that may be proposed and trained on."""
    axis = axis_of(plane)
    cases = catalogue.cases("pool")
    return {case.id: case.shape[axis] for case in cases if case.kind == "volume"}


def pool_state(
    plane: Plane,
    sizes: Mapping[int, int],
    busy: Collection[Place],
    scores: PoolScores | None = None,
) -> PoolState:
    """Return the pool as strategies see it; `busy` slices are not to be chosen.

    Slices that the scores lack have measures of 0 and the mean features.
    """
    counts = np.asarray(list(sizes.values()), dtype=np.int64)
    case_id = np.repeat(np.asarray(list(sizes), dtype=np.int64), counts)
    index = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    keys = _keys(case_id, index)
    taken = np.asarray(sorted(busy), dtype=np.int64).reshape(-1, 2)
    labelled = np.isin(keys, _keys(taken[:, 0], taken[:, 1]))
    if scores is None or not len(scores.case_id):
        return PoolState(plane, case_id, index, labelled)
    row, known = _rows(keys, _keys(scores.case_id, scores.index))
    measures = {name: np.where(known, v[row], 0.0) for name, v in scores.measures.items()}
    features = None
    if scores.features is not None:
        features = scores.features[row]
        features[~known] = scores.features.mean(axis=0)
    return PoolState(plane, case_id, index, labelled, measures, features)


def choose(query: Query, state: PoolState, k: int, rng: Generator) -> tuple[str, list[Proposal]]:
    """Return the strategy used and its proposals; one that needs a model waits for it."""
    if state.has(strategy(query.strategy).needs):
        return query.strategy, query.ask(state, k, rng)
    chosen = dataclasses.replace(query, strategy=FIRST_STRATEGY).ask(state, k, rng)
    words = f" ({query.strategy} begins after the next training)"
    return FIRST_STRATEGY, [
        p if p.audit else dataclasses.replace(p, reason=p.reason + words) for p in chosen
    ]


def _keys(case_id: NDArray[np.int64], index: NDArray[np.int64]) -> NDArray[np.int64]:
    return (case_id << 32) + index


def _rows(
    keys: NDArray[np.int64], scored: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the row of each key among the scored ones, and whether it is there."""
    order = np.argsort(scored)
    row = order[np.searchsorted(scored, keys, sorter=order).clip(max=len(order) - 1)]
    return row, scored[row] == keys
