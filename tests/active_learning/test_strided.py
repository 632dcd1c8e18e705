"""Strided sampling: blocks spread over the volumes, and chains along them."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.active_learning.pool import PoolState
from napari_salient.active_learning.strategies.diversity import Room, Spread
from napari_salient.active_learning.strategies.strided import select_strided, select_strided_chain

if TYPE_CHECKING:
    from napari_salient.active_learning.pool import Proposal


def pool(slices: list[int]) -> PoolState:
    case_id = np.repeat(np.arange(len(slices)), slices)
    index = np.concatenate([np.arange(n) for n in slices])
    return PoolState("axial", case_id, index, np.zeros(len(index), bool))


def choose(how: Any, state: PoolState, k: int, seed: int = 0) -> list[Proposal]:
    return how(state, k, np.random.default_rng(seed), Room(state, Spread()))  # type: ignore[no-any-return]


volumes = st.lists(st.integers(10, 30), min_size=3, max_size=6)


@given(slices=volumes, block=st.integers(3, 7), seed=st.integers(0, 100))
def test_both_ends_of_blocks_that_do_not_overlap(slices: list[int], block: int, seed: int) -> None:
    chosen = choose(partial(select_strided, block=block), pool(slices), 6, seed)
    inside: Counter[tuple[int, int]] = Counter()
    for first, last in zip(chosen[::2], chosen[1::2], strict=True):
        assert first.case_id == last.case_id
        assert last.index - first.index == block - 1
        inside.update((first.case_id, i) for i in range(first.index, last.index + 1))
    assert max(inside.values()) == 1


def test_reasons_count_slices_from_one_as_the_panel_does() -> None:
    first, last = choose(select_strided, pool([5]), 2, 0)
    assert (first.index, last.index) == (0, 4)
    assert first.reason == last.reason == "end of the block 1–5"


def test_every_volume_gets_a_block_before_any_gets_a_second() -> None:
    chosen = choose(select_strided, pool([20] * 4), 8)
    assert Counter(p.case_id for p in chosen) == {0: 2, 1: 2, 2: 2, 3: 2}


def test_falls_back_to_shorter_blocks_and_then_to_single_slices() -> None:
    chosen = choose(select_strided, pool([4, 2]), 6)
    assert chosen[1].index - chosen[0].index == 3
    assert "single slice" in chosen[-1].reason


def test_blocks_keep_clear_of_slices_that_the_pool_lacks() -> None:
    whole = pool([12])
    gappy = PoolState("axial", whole.case_id[:11], np.delete(whole.index, 5), whole.labelled[:11])
    first, last = choose(select_strided, gappy, 2)
    assert last.index - first.index == 4
    assert not first.index <= 5 <= last.index


@given(slices=volumes, seed=st.integers(0, 100))
def test_a_chain_goes_through_one_volume_at_equal_steps(slices: list[int], seed: int) -> None:
    chosen = choose(select_strided_chain, pool(slices), 6, seed)
    by_volume: dict[int, list[int]] = {}
    for proposal in chosen:
        by_volume.setdefault(proposal.case_id, []).append(proposal.index)
    *complete, _ = by_volume.items()
    for indices in by_volume.values():
        assert set(np.diff(indices)) <= {4}
    for case, indices in complete:
        assert indices[0] < 4
        assert slices[case] - indices[-1] <= 4


def test_a_chain_goes_on_where_the_last_round_left_it() -> None:
    state = pool([30, 30, 30])
    first = choose(select_strided_chain, state, 4)
    for proposal in first:
        state.labelled[proposal.case_id * 30 + proposal.index] = True
    second = choose(select_strided_chain, state, 3, seed=1)
    assert {p.case_id for p in second} == {first[0].case_id}
    assert second[0].index == first[-1].index + 4
