"""Uncertainty sampling: the slices that the model is least sure of, and two ways to add chance.

Scores are means over a slice's own pixels, larger for less sure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.strategies.diversity import take_at_random, take_best

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from napari_salient.active_learning.pool import PoolState, Proposal
    from napari_salient.active_learning.strategies.diversity import Room

BATCHES = 100
"""Random batches among which `select_stochastic_batch` chooses."""

WORDS = {
    "entropy": "model unsure: mean entropy",
    "least_confidence": "model unsure: mean doubt of the likeliest class",
    "margin": "model torn between two classes: mean closeness",
    "distance": "model undecided between classes: mean nearness to a tie",
    "bald": "thinned networks disagree: mean mutual information",
    "ensemble": "checkpoints disagree: mean mutual information",
}


def select_most(
    state: PoolState, k: int, rng: Generator, room: Room, *, measure: str
) -> list[Proposal]:
    """Choose the slices of which one measure is largest; equals at random."""
    values = state.measures[measure]
    chosen = [take_best(values, room, rng) for _ in range(k)]
    return [_explained(state, position, measure) for position in chosen]


def select_power_entropy(state: PoolState, k: int, rng: Generator, room: Room) -> list[Proposal]:
    """Choose by the logarithm of the entropy plus Gumbel noise.

    That draws slices with odds that are a power of their entropy (Kirsch et al. 2021, stochastic
    batch acquisition). The noise fades as labels come in, from odds in proportion to the entropy
    to almost none, as in ClaSP PE (2026).
    """
    entropy = state.measures["entropy"]
    temperature = 1.0 / (1.0 + state.labelled.sum() / k)
    logarithm = np.log(np.maximum(entropy, np.finfo(np.float64).tiny))
    noisy = logarithm + temperature * rng.gumbel(size=len(entropy))
    chosen = [take_best(noisy, room, rng) for _ in range(k)]
    return [_explained(state, position, "entropy") for position in chosen]


def select_stochastic_batch(state: PoolState, k: int, rng: Generator, room: Room) -> list[Proposal]:
    """Draw many random batches and choose the one with the highest mean entropy.

    Gaillochet et al. 2023.
    """
    entropy = state.measures["entropy"]
    batches = [take_at_random(room.copy(), k, rng) for _ in range(BATCHES)]
    means: NDArray[np.float64] = entropy[np.asarray(batches)].mean(axis=1)
    words = f"in the most uncertain of {BATCHES} random batches"
    best = batches[int(means.argmax())]
    return [state.proposal(position, entropy[position], words) for position in best]


def _explained(state: PoolState, position: int, measure: str) -> Proposal:
    value = float(state.measures[measure][position])
    seen = state.labelled[state.volume == state.volume[position]].any()
    volume = "volume labelled before" if seen else "volume not yet seen"
    return state.proposal(position, value, f"{WORDS[measure]} {value:.3f}, {volume}")
