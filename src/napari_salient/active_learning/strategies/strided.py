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
    free = _free_slices(state)
    chosen: list[Proposal] = []
    length = block
    while k - len(chosen) >= 2 and length >= SHORTEST_BLOCK:
        picked = _one_block_per_volume(state, free, length, (k - len(chosen)) // 2, rng)
        chosen += picked
        if not picked:
            length -= 1
    return chosen + _singles(state, chosen, k - len(chosen), rng)


def _free_slices(state: PoolState) -> dict[int, NDArray[np.bool_]]:
    """Return, for each volume, which slice numbers may lie in a new block."""
    order = np.argsort(state.case_id, kind="stable")
    cases, starts = np.unique(state.case_id[order], return_index=True)
    free = {}
    for case, positions in zip(cases.tolist(), np.split(order, starts[1:]), strict=True):
        index = state.index[positions]
        free[case] = np.zeros(int(index.max()) + 1, dtype=bool)
        free[case][index[~state.labelled[positions]]] = True
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
    if k == 0:
        return []
    taken = [_position(state, proposal) for proposal in chosen]
    rest = np.setdiff1d(state.open, np.asarray(taken, dtype=np.int64))
    positions = rng.permutation(rest)[:k]
    return [
        state.proposal(position, 0.0, "single slice, no room for a block") for position in positions
    ]


def _position(state: PoolState, proposal: Proposal) -> int:
    here = (state.case_id == proposal.case_id) & (state.index == proposal.index)
    return int(here.argmax())
