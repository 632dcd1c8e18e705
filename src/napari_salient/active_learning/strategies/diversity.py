"""Keeps a batch from spending itself on one volume or on neighbouring slices."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.active_learning.pool import PoolState

MIN_GAP = 3
"""Slices between two labelled slices of a volume, as long as there are others to take."""


def spread_out(
    ranking: NDArray[np.int64], state: PoolState, k: int, *, min_gap: int = MIN_GAP
) -> list[int]:
    """Take `k` positions from a ranking, best first, without crowding.

    A volume gives its second slice only when every other volume with an eligible slice has given
    one, and so on; slices closer than `min_gap` to a labelled or chosen one of their volume wait
    until nothing else is left.

    Parameters
    ----------
    ranking : integer array, shape (n,)
        Open positions of `state`, best first.
    state
        The pool.
    k
        How many to take.
    min_gap
        Smallest distance between two slices of one volume, in slices.

    Returns
    -------
    list of int
        ``min(k, n)`` different positions in the order taken.
    """
    taken: dict[int, list[int]] = defaultdict(list)
    for position in np.flatnonzero(state.labelled):
        taken[int(state.case_id[position])].append(int(state.index[position]))
    chosen: list[int] = []
    waiting = [int(position) for position in ranking]
    for gap in (min_gap, 1):
        while waiting and len(chosen) < k:
            picked = _one_per_volume(waiting, state, taken, k - len(chosen), gap)
            if not picked:
                break
            chosen += picked
            done = set(picked)
            waiting = [position for position in waiting if position not in done]
    return chosen


def _one_per_volume(
    waiting: list[int], state: PoolState, taken: dict[int, list[int]], k: int, gap: int
) -> list[int]:
    picked: list[int] = []
    served: set[int] = set()
    for position in waiting:
        if len(picked) == k:
            break
        case, index = int(state.case_id[position]), int(state.index[position])
        if case in served or any(abs(index - other) < gap for other in taken[case]):
            continue
        served.add(case)
        taken[case].append(index)
        picked.append(position)
    return picked
