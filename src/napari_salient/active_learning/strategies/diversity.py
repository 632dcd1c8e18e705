"""Keeps a batch from spending itself on one volume or on neighbouring slices."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from napari_salient.active_learning.pool import PoolState


@dataclass(frozen=True)
class Spread:
    """How far apart the slices of a round lie, as long as there are others to take.

    Parameters
    ----------
    per_volume
        Slices that a volume gives before every other one has given as many; 0 sets no limit.
    min_gap
        Smallest distance to a labelled or chosen slice of the same volume, in slices; 1 allows
        neighbours.
    """

    per_volume: int = 0
    min_gap: int = 1


class Room:
    """Which slices may be taken next; looser rules hold once nothing else is left.

    First the limit for each volume rises step by step, then the gap falls.

    Parameters
    ----------
    state
        The pool.
    spread
        The rules.
    """

    def __init__(self, state: PoolState, spread: Spread) -> None:
        self._volume = state.volume
        self._index: NDArray[np.int64] = state.index
        self._per_volume, self._gap = spread.per_volume, spread.min_gap
        self._order = np.argsort(state.volume, kind="stable")
        self._starts = np.searchsorted(state.volume[self._order], np.arange(len(self._order) + 1))
        self._open = ~state.labelled
        self._crowded = np.zeros(len(state.labelled), dtype=bool)
        self._given = np.zeros(len(self._starts), dtype=np.int64)
        for position in np.flatnonzero(state.labelled) if self._gap > 1 else ():
            self._crowd(int(position))
        self._refresh()

    @property
    def left(self) -> int:
        """How many slices can be taken in all."""
        return int(self._open.sum())

    def take(self, position: int) -> None:
        """Take a free slice; afterwards `free` says what else may be taken."""
        volume = self._volume[position]
        self._open[position] = False
        self._given[volume] += 1
        self.free[position] = False
        if self._gap > 1:
            self.free[self._crowd(position)] = False
        if self._per_volume and self._given[volume] >= self._limit:
            self.free[self._slices_of(volume)] = False
        if not self.free.any():
            self._refresh()

    def copy(self) -> Room:
        """Return a room that can be filled without changing this one."""
        other = copy.copy(self)
        for name in ("_open", "_crowded", "_given", "free"):
            setattr(other, name, getattr(self, name).copy())
        return other

    def _slices_of(self, volume: int) -> NDArray[np.int64]:
        return self._order[self._starts[volume] : self._starts[volume + 1]]

    def _crowd(self, position: int) -> NDArray[np.int64]:
        """Mark the neighbours of a slice and return them."""
        slices = self._slices_of(self._volume[position])
        near: NDArray[np.int64] = slices[
            np.abs(self._index[slices] - self._index[position]) < self._gap
        ]
        self._crowded[near] = True
        return near

    def _refresh(self) -> None:
        if not (self._open & ~self._crowded).any():
            self._gap = 1
            self._crowded[:] = False
        self.free = self._open & ~self._crowded
        if self._per_volume and self.free.any():
            self._limit = int(self._given[self._volume[self.free]].min()) + self._per_volume
            self.free &= (self._given < self._limit)[self._volume]


def take_best(value: NDArray[np.float64], room: Room, rng: Generator) -> int:
    """Take the free slice of the highest value, at random among equals, and return its position."""
    free = np.flatnonzero(room.free)
    values = value[free]
    position = int(rng.choice(free[values == values.max()]))
    room.take(position)
    return position


def take_at_random(
    room: Room, k: int, rng: Generator, among: NDArray[np.bool_] | None = None
) -> list[int]:
    """Take up to `k` free slices, each as likely as any other, and return their positions.

    Parameters
    ----------
    room
        What is free.
    k
        How many to take.
    rng
        Random generator.
    among : bool array, shape (slice,), optional
        Take only these; then fewer than `k` may be found.
    """
    taken: list[int] = []
    while len(taken) < k:
        free = np.flatnonzero(room.free if among is None else room.free & among)
        if not len(free):
            break
        for position in rng.choice(free, min(len(free), k - len(taken)), replace=False):
            if room.free[position]:
                room.take(int(position))
                taken.append(int(position))
    return taken
