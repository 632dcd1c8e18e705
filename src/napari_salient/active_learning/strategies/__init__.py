"""Query strategies: pure functions that choose the next slices from the state of the pool.

Every strategy answers `select(name, state, k, rng)` with exactly ``min(k, open slices)`` different
open slices; the same state and generator give the same list. A strategy is a function of the
state, how many to choose, a generator and a `Room`, from which it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from napari_salient.active_learning.pool import FEATURES, PoolState, Proposal
from napari_salient.active_learning.strategies.cluster import select_cluster
from napari_salient.active_learning.strategies.coverage import select_kcenter, select_mean_distance
from napari_salient.active_learning.strategies.diversity import Room, Spread
from napari_salient.active_learning.strategies.hybrid import select_hybrid
from napari_salient.active_learning.strategies.random import (
    select_random,
    select_random_foreground,
)
from napari_salient.active_learning.strategies.stratified import select_stratified
from napari_salient.active_learning.strategies.strided import select_strided, select_strided_chain
from napari_salient.active_learning.strategies.uncertainty import (
    select_most,
    select_power_entropy,
    select_stochastic_batch,
)
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from numpy.random import Generator

Select = Callable[[PoolState, int, "Generator", Room], list[Proposal]]

ANYWHERE = Spread()
"""For strategies that spread by themselves, or are meant not to."""

APART = Spread(per_volume=1, min_gap=3)
"""What strategies that look at one slice at a time need, or a batch is one slice many times."""


CANDIDATES = 30_000
"""Open slices among which strategies choose that compare slices by their features.

Of larger pools they see as many, drawn at random, or the window would wait for them.
"""


@dataclass(frozen=True)
class Strategy:
    """A way to choose.

    Parameters
    ----------
    select
        Takes from the room it is given.
    summary
        What it does, in a line.
    needs
        Measures of the pool without which it cannot choose, and ``features``.
    spread
        How far apart it takes slices unless told otherwise.
    """

    select: Select
    summary: str
    needs: frozenset[str] = frozenset()
    spread: Spread = ANYWHERE


def _most(measure: str, summary: str) -> Strategy:
    return Strategy(partial(select_most, measure=measure), summary, frozenset({measure}), APART)


STRATEGIES: dict[str, Strategy] = {
    "random": Strategy(select_random, "Slices drawn at random from the whole pool."),
    "random_foreground": Strategy(
        select_random_foreground,
        "Two thirds drawn at random where the model sees something, the rest anywhere.",
        frozenset({"foreground"}),
    ),
    "strided": Strategy(
        select_strided, "Both ends of short blocks of slices, spread over the volumes."
    ),
    "strided_chain": Strategy(
        select_strided_chain, "Every fourth slice of a volume, one volume after the other."
    ),
    "stratified": Strategy(
        select_stratified,
        "Random slices of the volumes with the fewest labels.",
        spread=Spread(min_gap=APART.min_gap),
    ),
    "least_confidence": _most(
        "least_confidence", "Where the model doubts the class that it holds for likeliest."
    ),
    "margin": _most("margin", "Where the two likeliest classes are nearly as likely."),
    "entropy": _most("entropy", "Where the model is least sure over all classes."),
    "distance_to_max_uncertainty": _most(
        "distance", "Where the class probabilities are closest to a tie of all classes."
    ),
    "bald": _most("bald", "Where networks with parts switched off disagree (Monte-Carlo dropout)."),
    "ensemble": _most("ensemble", "Where the last two checkpoints of the training disagree."),
    "cluster": Strategy(
        select_cluster,
        "Typical slices of the kinds that have the fewest labels.",
        frozenset({FEATURES}),
    ),
    "kcenter": Strategy(
        select_kcenter,
        "Slices farthest from the labelled one that they are most like.",
        frozenset({FEATURES}),
    ),
    "mean_distance": Strategy(
        select_mean_distance,
        "Slices that are least like the labelled ones on the whole: outliers.",
        frozenset({FEATURES}),
    ),
    "hybrid": Strategy(
        select_hybrid,
        "Slices that the model is unsure about and that are unlike the labelled ones.",
        frozenset({"entropy", FEATURES}),
        APART,
    ),
    "power_entropy": Strategy(
        select_power_entropy,
        "By entropy with an element of chance that fades as labels come in.",
        frozenset({"entropy"}),
        APART,
    ),
    "stochastic_batch": Strategy(
        select_stochastic_batch,
        "The most uncertain of a hundred random batches.",
        frozenset({"entropy"}),
    ),
}


def strategy(name: str) -> Strategy:
    """Return the strategy called `name`.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in STRATEGIES:
        raise InputError(
            f"There is no query strategy {name!r}; choose one of {', '.join(STRATEGIES)}."
        )
    return STRATEGIES[name]


def needs_of(names: Iterable[str]) -> frozenset[str]:
    """Return everything that some strategies need of a model."""
    return frozenset().union(*(strategy(name).needs for name in names))


def select(
    name: str,
    state: PoolState,
    k: int,
    rng: Generator,
    *,
    per_volume: int | None = None,
    min_gap: int | None = None,
) -> list[Proposal]:
    """Choose ``min(k, open slices)`` slices with the strategy called `name`.

    Parameters
    ----------
    name
        The strategy.
    state
        The pool.
    k
        How many to choose.
    rng
        Random generator.
    per_volume, min_gap
        See `Spread`; `None` leaves it to the strategy. The strided ones have their own order and
        heed neither.

    Raises
    ------
    InputError
        If there is no such strategy, or the state lacks what it needs.
    """
    chosen = strategy(name)
    if not state.has(chosen.needs):
        raise InputError(
            f"The strategy {name!r} needs a trained model and its {', '.join(sorted(chosen.needs))}"
            " of the pool; label a first batch with another strategy."
        )
    if FEATURES in chosen.needs and len(state.open) > max(k, CANDIDATES):
        state = state.sampled(max(k, CANDIDATES), rng)
    given = {"per_volume": per_volume, "min_gap": min_gap}
    spread = replace(chosen.spread, **{k: v for k, v in given.items() if v is not None})
    room = Room(state, spread)
    count = min(k, room.left)
    return chosen.select(state, count, rng, room) if count > 0 else []
