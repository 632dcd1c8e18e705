"""Strided sampling: slices at regular distances, as ends of blocks or along whole volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.strategies.diversity import take_at_random

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.random import Generator
    from numpy.typing import NDArray

    from napari_salient.active_learning.pool import PoolState, Proposal
    from napari_salient.active_learning.strategies.diversity import Room

BLOCK = 5
"""Slices from one end of a block to the other, both counted."""

SHORTEST_BLOCK = 3


def select_strided(
    state: PoolState, k: int, rng: Generator, room: Room, *, block: int = BLOCK
) -> list[Proposal]:
    """Choose the two end slices of blocks of `block` adjacent open slices.

    Volumes come in random order and each gives one block before any gives a second; the blocks of a
    round do not overlap. Where no block of that length is left it shrinks by one down to 3, then
    single slices are taken (Burmeister et al. 2022, block selection without interpolation).
    """
    volumes = _positions(state)
    closed = state.labelled.copy()
    chosen: list[Proposal] = []
    length = block
    while k - len(chosen) >= 2 and length >= SHORTEST_BLOCK:
        wanted = (k - len(chosen)) // 2
        picked = _one_block_per_volume(state, volumes, closed, length, wanted, rng)
        chosen += _taken(state, picked, room)
        if not picked:
            length -= 1
    return chosen + _singles(state, k - len(chosen), rng, room)


def select_strided_chain(
    state: PoolState, k: int, rng: Generator, room: Room, *, block: int = BLOCK
) -> list[Proposal]:
    """Choose every slice at `block` - 1 slices' distance in one volume after the other.

    Neighbouring blocks share their ends, so that a volume can be interpolated throughout. Volumes
    come in random order, begun ones first; in a begun one the chain goes through what is labelled.
    """
    step = block - 1
    volumes = _positions(state)
    begun = np.bincount(state.volume[state.labelled], minlength=len(volumes))
    chosen: list[Proposal] = []
    for volume, positions in _begun_first(volumes, begun, rng):
        links = state.index[positions] % step
        known = np.bincount(links[state.labelled[positions]], minlength=step)
        phase = rng.choice(np.flatnonzero(known == known.max()))
        chain = positions[(links == phase) & ~state.labelled[positions]][: k - len(chosen)]
        words = f"every {step}th slice of a volume{' begun before' if begun[volume] else ''}"
        chosen += _taken(state, [(int(position), words) for position in chain], room)
        if len(chosen) == k:
            break
    return chosen + _singles(state, k - len(chosen), rng, room)


def _positions(state: PoolState) -> list[NDArray[np.int64]]:
    """Return the positions of each volume's slices, by index."""
    order = np.lexsort((state.index, state.volume))
    return np.split(order, np.flatnonzero(np.diff(state.volume[order])) + 1)


def _begun_first(
    volumes: list[NDArray[np.int64]], begun: NDArray[np.int64], rng: Generator
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    order = rng.permutation(len(volumes))
    for volume in order[np.argsort(-begun[order], kind="stable")]:
        yield int(volume), volumes[volume]


def _one_block_per_volume(
    state: PoolState,
    volumes: list[NDArray[np.int64]],
    closed: NDArray[np.bool_],
    length: int,
    blocks: int,
    rng: Generator,
) -> list[tuple[int, str]]:
    """Return the ends of blocks and why, and close the slices of the blocks."""
    chosen: list[tuple[int, str]] = []
    for volume in rng.permutation(len(volumes)):
        if len(chosen) == 2 * blocks:
            break
        positions = volumes[volume]
        starts = _block_starts(state.index[positions], closed[positions], length)
        if len(starts) == 0:
            continue
        start = int(rng.choice(starts))
        block = positions[start : start + length]
        closed[block] = True
        first, last = state.index[block[[0, -1]]] + 1
        words = f"end of the block {first}–{last}"
        chosen += [(int(block[0]), words), (int(block[-1]), words)]
    return chosen


def _block_starts(
    index: NDArray[np.int64], closed: NDArray[np.bool_], length: int
) -> NDArray[np.int64]:
    """Return where `length` adjacent open slices begin in a volume's sorted slices."""
    if len(index) < length:
        return np.zeros(0, dtype=np.int64)
    adjacent = index[length - 1 :] - index[: len(index) - length + 1] == length - 1
    open_ = ~np.lib.stride_tricks.sliding_window_view(closed, length).any(axis=1)
    return np.flatnonzero(adjacent & open_)


def _taken(state: PoolState, picked: list[tuple[int, str]], room: Room) -> list[Proposal]:
    for position, _ in picked:
        room.take(position)
    return [state.proposal(position, 0.0, words) for position, words in picked]


def _singles(state: PoolState, k: int, rng: Generator, room: Room) -> list[Proposal]:
    """Fill up with single slices."""
    words = "single slice, no room for a block"
    return [state.proposal(position, 0.0, words) for position in take_at_random(room, k, rng)]
