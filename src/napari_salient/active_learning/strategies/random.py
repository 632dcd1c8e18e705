"""Uniform sampling, the baseline of every comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.random import Generator

    from napari_salient.active_learning.pool import PoolState, Proposal


def select_random(state: PoolState, k: int, rng: Generator) -> list[Proposal]:
    """Choose uniformly among the open slices (Burmeister et al. 2022, RandS)."""
    open_ = state.open
    chosen = rng.choice(open_, size=min(k, len(open_)), replace=False)
    return [state.proposal(position, 0.0, "drawn at random") for position in chosen]
