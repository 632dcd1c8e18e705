"""Query strategies: pure functions that choose the next slices from the state of the pool.

Every strategy answers `select(state, k, rng)` with exactly ``min(k, open slices)`` different open
slices; the same state and generator give the same list.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_salient.active_learning.pool import PoolState, Proposal
from napari_salient.active_learning.strategies.entropy import select_entropy
from napari_salient.active_learning.strategies.random import select_random
from napari_salient.active_learning.strategies.strided import select_strided
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from numpy.random import Generator

Select = Callable[[PoolState, int, "Generator"], list[Proposal]]


@dataclass(frozen=True)
class Strategy:
    """A way to choose, and whether it needs the model's scores of the pool."""

    select: Select
    needs_scores: bool


STRATEGIES: dict[str, Strategy] = {
    "random": Strategy(select_random, needs_scores=False),
    "strided": Strategy(select_strided, needs_scores=False),
    "entropy": Strategy(select_entropy, needs_scores=True),
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


def select(name: str, state: PoolState, k: int, rng: Generator) -> list[Proposal]:
    """Choose ``min(k, open slices)`` slices with the strategy called `name`.

    Raises
    ------
    InputError
        If there is no such strategy, or it needs scores and the state has none.
    """
    chosen = strategy(name)
    if chosen.needs_scores and state.score is None:
        raise InputError(
            f"The strategy {name!r} needs a trained model; label a first batch with another one."
        )
    return chosen.select(state, k, rng)
