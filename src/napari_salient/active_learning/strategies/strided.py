"""Strided sampling: both ends of blocks of adjacent slices, spread over the volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.pool import PoolState, Proposal

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

BLOCK = 5
"""Slices from one end of a block to the other, both counted."""

SHORTEST_BLOCK = 3


def select_strided(
    state: PoolState, k: int, rng: Generator, *, block: int = BLOCK
) -> list[Proposal]:
    """Choose the two end slices of blocks of `block` adjacent open slices.

    Volumes come in random order and each gives one block before any gives a second; the blocks of a
    round do not overlap. Where no block of that length is left it shrinks by one down to 3, then
    single slices are taken (Burmeister et al. 2022, block selection without interpolation).
    """
    free = {int(case): _free_slices(state, int(case)) for case in np.unique(state.case_id)}
    chosen: list[Proposal] = []
    length = block
    while k - len(chosen) >= 2 and length >= SHORTEST_BLOCK:
        picked = _one_block_per_volume(state, free, length, (k - len(chosen)) // 2, rng)
        chosen += picked
        if not picked:
            length -= 1
    return chosen + _singles(state, chosen, k - len(chosen), rng)


def _free_slices(state: PoolState, case: int) -> NDArray[np.bool_]:
    """Return which slice numbers of a volume may lie in a new block."""
    here = state.case_id == case
    free = np.zeros(int(state.index[here].max()) + 1, dtype=bool)
    free[state.index[here & ~state.labelled]] = True
    return free


def _one_block_per_volume(
    state: PoolState, free: dict[int, NDArray[np.bool_]], length: int, blocks: int, rng: Generator
) -> list[Proposal]:
    chosen: list[Proposal] = []
    for case in rng.permutation(list(free)):
        if len(chosen) == 2 * blocks:
            break
        slices = free[case]
        if len(slices) < length:
            continue
        starts = np.flatnonzero(
            np.lib.stride_tricks.sliding_window_view(slices, length).all(axis=1)
        )
        if len(starts) == 0:
            continue
        first = int(rng.choice(starts))
        last = first + length - 1
        slices[first : last + 1] = False
        reason = f"end of the block {first}–{last}"
        chosen += [Proposal(int(case), state.plane, index, 0.0, reason) for index in (first, last)]
    return chosen


def _singles(state: PoolState, chosen: list[Proposal], k: int, rng: Generator) -> list[Proposal]:
    """Fill up with single open slices that were not chosen yet."""
    taken = {(proposal.case_id, proposal.index) for proposal in chosen}
    rest = [p for p in state.open if (int(state.case_id[p]), int(state.index[p])) not in taken]
    positions = rng.permutation(np.asarray(rest, dtype=np.int64))[:k]
    return [
        state.proposal(position, 0.0, "single slice, no room for a block") for position in positions
    ]
