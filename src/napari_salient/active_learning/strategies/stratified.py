"""Stratified sampling: every volume gets its share of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.strategies.diversity import take_best

if TYPE_CHECKING:
    from numpy.random import Generator

    from napari_salient.active_learning.pool import PoolState, Proposal
    from napari_salient.active_learning.strategies.diversity import Room


def select_stratified(state: PoolState, k: int, rng: Generator, room: Room) -> list[Proposal]:
    """Choose a random slice of the volume with the smallest labelled share, again and again.

    Burmeister et al. 2022, StrRS.
    """
    size = np.bincount(state.volume)
    done = np.bincount(state.volume, state.labelled, len(size))
    proposals = []
    for _ in range(k):
        share = done / size
        position = take_best(-share[state.volume], room, rng)
        volume = state.volume[position]
        words = f"{int(done[volume])} of {size[volume]} slices of this volume labelled"
        proposals.append(state.proposal(position, 1.0 - share[volume], words))
        done[volume] += 1
    return proposals
