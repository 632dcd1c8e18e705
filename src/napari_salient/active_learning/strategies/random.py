"""Uniform sampling, the baseline of every comparison, and the one that seeks the organ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.active_learning.strategies.diversity import take_at_random

if TYPE_CHECKING:
    from numpy.random import Generator

    from napari_salient.active_learning.pool import PoolState, Proposal
    from napari_salient.active_learning.strategies.diversity import Room

LEAST_FOREGROUND = 10
"""Predicted foreground pixels from which on a slice counts as showing something."""


def select_random(state: PoolState, k: int, rng: Generator, room: Room) -> list[Proposal]:
    """Choose uniformly among the open slices (Burmeister et al. 2022, RandS)."""
    chosen = take_at_random(room, k, rng)
    return [state.proposal(position, 0.0, "drawn at random") for position in chosen]


def select_random_foreground(
    state: PoolState, k: int, rng: Generator, room: Room
) -> list[Proposal]:
    """Choose two thirds uniformly among slices with predicted foreground, the rest among all.

    The baseline that strategies have to beat (nnActive 2025): it knows where the organ is, nothing
    more.
    """
    foreground = state.measures["foreground"]
    shown = take_at_random(room, -(-2 * k // 3), rng, foreground >= LEAST_FOREGROUND)
    anywhere = take_at_random(room, k - len(shown), rng)
    words = "drawn at random where the model sees something"
    return [state.proposal(position, 1.0, words) for position in shown] + [
        state.proposal(position, 0.0, "drawn at random") for position in anywhere
    ]
