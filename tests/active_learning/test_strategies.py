"""Query strategies: the contract that all keep, and what each is for."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.active_learning.pool import PoolState
from napari_salient.active_learning.strategies import STRATEGIES, select
from napari_salient.active_learning.strategies.strided import select_strided
from napari_salient.errors import InputError


def pool(slices_per_volume: list[int], labelled: float = 0.0, seed: int = 0) -> PoolState:
    rng = np.random.default_rng(seed)
    case_id = np.repeat(np.arange(len(slices_per_volume)), slices_per_volume)
    index = np.concatenate([np.arange(n) for n in slices_per_volume])
    done = rng.random(len(index)) < labelled
    return PoolState("axial", case_id, index, done, rng.random(len(index)))


pools = st.builds(
    pool,
    st.lists(st.integers(1, 20), min_size=1, max_size=6),
    st.floats(0, 1),
    st.integers(0, 1000),
)


@pytest.mark.parametrize("name", STRATEGIES)
@given(state=pools, k=st.integers(0, 40), seed=st.integers(0, 100))
def test_returns_exactly_k_different_open_slices(
    name: str, state: PoolState, k: int, seed: int
) -> None:
    chosen = select(name, state, k, np.random.default_rng(seed))
    keys = [(p.case_id, p.index) for p in chosen]
    open_ = {(int(state.case_id[i]), int(state.index[i])) for i in state.open}
    assert len(keys) == min(k, len(open_))
    assert len(set(keys)) == len(keys)
    assert set(keys) <= open_


@pytest.mark.parametrize("name", STRATEGIES)
@given(state=pools, seed=st.integers(0, 100))
def test_same_seed_gives_the_same_list_also_after_a_round_through_json(
    name: str, state: PoolState, seed: int
) -> None:
    again = PoolState.from_json(json.loads(json.dumps(state.to_json())))
    first = select(name, state, 7, np.random.default_rng(seed))
    assert select(name, again, 7, np.random.default_rng(seed)) == first


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_proposal_says_why(name: str) -> None:
    for proposal in select(name, pool([9, 9]), 4, np.random.default_rng(0)):
        assert len(proposal.reason) > 10


def test_unknown_strategy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="random, strided, entropy"):
        select("oracle", pool([5]), 1, np.random.default_rng(0))


def test_entropy_without_a_model_is_refused() -> None:
    state = pool([5])
    bare = PoolState(state.plane, state.case_id, state.index, state.labelled)
    with pytest.raises(InputError, match="needs a trained model"):
        select("entropy", bare, 1, np.random.default_rng(0))


def test_entropy_takes_the_most_uncertain_slice_of_each_volume_first() -> None:
    state = pool([10, 10, 10])
    chosen = select("entropy", state, 3, np.random.default_rng(0))
    assert state.score is not None
    best = {
        case: int(state.index[state.case_id == case][state.score[state.case_id == case].argmax()])
        for case in range(3)
    }
    assert {p.case_id: p.index for p in chosen} == best


def test_entropy_keeps_slices_of_a_volume_apart_while_it_can() -> None:
    state = pool([30])
    chosen = select("entropy", state, 8, np.random.default_rng(0))
    indices = sorted(p.index for p in chosen)
    assert min(np.diff(indices)) >= 3


@given(
    slices=st.lists(st.integers(10, 30), min_size=3, max_size=6),
    seed=st.integers(0, 100),
)
def test_strided_takes_both_ends_of_blocks_that_do_not_overlap(
    slices: list[int], seed: int
) -> None:
    state = pool(slices)
    chosen = select_strided(state, 6, np.random.default_rng(seed), block=5)
    blocks = [(chosen[i], chosen[i + 1]) for i in range(0, 6, 2)]
    inside: Counter[tuple[int, int]] = Counter()
    for first, last in blocks:
        assert first.case_id == last.case_id
        assert last.index - first.index == 4
        inside.update((first.case_id, i) for i in range(first.index, last.index + 1))
    assert max(inside.values()) == 1


def test_strided_gives_every_volume_a_block_before_any_gets_a_second() -> None:
    chosen = select_strided(pool([20] * 4), 8, np.random.default_rng(0))
    assert Counter(p.case_id for p in chosen) == {0: 2, 1: 2, 2: 2, 3: 2}


def test_strided_falls_back_to_shorter_blocks_and_then_to_single_slices() -> None:
    state = pool([4, 2])
    chosen = select_strided(state, 6, np.random.default_rng(0))
    assert chosen[1].index - chosen[0].index == 3
    assert "single slice" in chosen[-1].reason


def test_random_is_uniform_over_slices() -> None:
    state = pool([5, 15])
    counts = Counter(
        p.case_id
        for seed in range(400)
        for p in select("random", state, 1, np.random.default_rng(seed))
    )
    assert 0.65 < counts[1] / 400 < 0.85


def test_columns_of_different_length_are_a_defect() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        PoolState("axial", np.arange(3), np.arange(2), np.zeros(3, bool))
