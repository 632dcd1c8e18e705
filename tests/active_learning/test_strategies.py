"""Query strategies: the contract that all keep, and what each is for."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_salient.active_learning.doubt import MAPS
from napari_salient.active_learning.pool import PoolState
from napari_salient.active_learning.strategies import STRATEGIES, needs_of, select
from napari_salient.errors import InputError

NAMES = sorted(needs_of(STRATEGIES) - {"features"})


def pool(slices_per_volume: list[int], labelled: float = 0.0, seed: int = 0) -> PoolState:
    rng = np.random.default_rng(seed)
    case_id = np.repeat(np.arange(len(slices_per_volume)), slices_per_volume)
    index = np.concatenate([np.arange(n) for n in slices_per_volume])
    count = len(index)
    return PoolState(
        plane="axial",
        case_id=case_id,
        index=index,
        labelled=rng.random(count) < labelled,
        measures={name: rng.random(count) * 30 for name in NAMES},
        features=rng.standard_normal((count, 6)).astype(np.float32),
    )


def chosen_of(name: str, state: PoolState, k: int, seed: int = 0, **spread: int) -> list[int]:
    """Return the positions that a strategy chooses."""
    proposals = select(name, state, k, np.random.default_rng(seed), **spread)
    places = list(zip(state.case_id.tolist(), state.index.tolist(), strict=True))
    return [places.index((proposal.case_id, proposal.index)) for proposal in proposals]


pools = st.builds(
    pool,
    st.lists(st.integers(1, 20), min_size=1, max_size=6),
    st.floats(0, 1),
    st.integers(0, 1000),
)
every_strategy = pytest.mark.parametrize("name", STRATEGIES)
few = settings(max_examples=25, deadline=None)


@every_strategy
@few
@given(state=pools, k=st.integers(0, 40), seed=st.integers(0, 100))
def test_returns_exactly_k_different_open_slices(
    name: str, state: PoolState, k: int, seed: int
) -> None:
    chosen = chosen_of(name, state, k, seed)
    assert len(chosen) == min(k, len(state.open))
    assert len(set(chosen)) == len(chosen)
    assert set(chosen) <= set(state.open.tolist())


@every_strategy
@few
@given(
    state=pools,
    k=st.integers(0, 40),
    per_volume=st.integers(0, 3),
    min_gap=st.integers(1, 5),
)
def test_returns_as_many_however_far_apart_they_should_lie(
    name: str, state: PoolState, k: int, per_volume: int, min_gap: int
) -> None:
    chosen = chosen_of(name, state, k, per_volume=per_volume, min_gap=min_gap)
    assert len(set(chosen)) == min(k, len(state.open))


@every_strategy
@few
@given(state=pools, seed=st.integers(0, 100))
def test_same_seed_gives_the_same_list_also_after_a_round_through_json(
    name: str, state: PoolState, seed: int
) -> None:
    again = PoolState.from_json(json.loads(json.dumps(state.to_json(), allow_nan=False)))
    first = select(name, state, 7, np.random.default_rng(seed))
    assert select(name, again, 7, np.random.default_rng(seed)) == first


@every_strategy
@few
@given(state=pools)
def test_scores_are_finite_and_reasons_are_words(name: str, state: PoolState) -> None:
    for proposal in select(name, state, 5, np.random.default_rng(0)):
        assert np.isfinite(proposal.score)
        assert len(proposal.reason) > 10


@every_strategy
@few
@given(state=pools)
def test_slices_that_are_all_alike_are_no_obstacle(name: str, state: PoolState) -> None:
    count = len(state.index)
    alike = replace(
        state,
        measures={name: np.zeros(count) for name in NAMES},
        features=np.ones((count, 3), np.float32),
    )
    assert len(set(chosen_of(name, alike, 9))) == min(9, len(state.open))


@every_strategy
def test_the_state_is_not_changed(name: str) -> None:
    state = pool([9, 9, 9], labelled=0.3)
    before = json.dumps(state.to_json())
    select(name, state, 6, np.random.default_rng(0))
    assert json.dumps(state.to_json()) == before


@every_strategy
def test_each_says_in_a_line_what_it_does(name: str) -> None:
    summary = STRATEGIES[name].summary
    assert summary.endswith(".")
    assert len(summary) < 90


@pytest.mark.parametrize("name", [name for name, it in STRATEGIES.items() if it.needs])
def test_without_a_model_what_needs_one_is_refused(name: str) -> None:
    state = replace(pool([5]), measures={}, features=None)
    with pytest.raises(InputError, match="needs a trained model"):
        select(name, state, 1, np.random.default_rng(0))


def test_unknown_strategy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"random, .*stochastic_batch"):
        select("oracle", pool([5]), 1, np.random.default_rng(0))


@pytest.mark.parametrize(
    "name", ["random", "entropy", "kcenter", "cluster", "hybrid", "stochastic_batch"]
)
def test_a_cap_and_a_gap_hold_for_every_way_to_choose(name: str) -> None:
    state = pool([30, 30, 30])
    chosen = chosen_of(name, state, 6, per_volume=2, min_gap=5)
    assert Counter(state.case_id[chosen].tolist()) == {0: 2, 1: 2, 2: 2}
    for volume in range(3):
        first, second = sorted(i for i in chosen if state.case_id[i] == volume)
        assert second - first >= 5


def test_without_a_cap_uncertainty_may_take_all_slices_from_one_volume() -> None:
    state = pool([20, 20])
    state.measures["entropy"][:20] += 100
    spread = Counter(state.case_id[chosen_of("entropy", state, 4)].tolist())
    crowded = Counter(state.case_id[chosen_of("entropy", state, 4, per_volume=0)].tolist())
    assert spread == {0: 2, 1: 2}
    assert crowded == {0: 4}


@pytest.mark.parametrize("measure", [*MAPS, "bald", "ensemble"])
def test_uncertainty_takes_the_most_uncertain_slice_of_each_volume_first(measure: str) -> None:
    state = pool([10, 10, 10])
    name = "distance_to_max_uncertainty" if measure == "distance" else measure
    values = state.measures[measure]
    best = {int(values[start : start + 10].argmax()) + start for start in (0, 10, 20)}
    assert set(chosen_of(name, state, 3)) == best


def test_slices_of_a_volume_are_kept_apart_while_there_are_others() -> None:
    indices = sorted(chosen_of("entropy", pool([30]), 8))
    assert min(np.diff(indices)) >= 3


def test_random_is_uniform_over_slices() -> None:
    state = pool([5, 15])
    volumes = [int(state.case_id[chosen_of("random", state, 1, seed)[0]]) for seed in range(400)]
    assert 0.65 < np.mean(volumes) < 0.85


def test_random_foreground_takes_two_thirds_where_the_model_sees_something() -> None:
    state = pool([60])
    state.measures["foreground"][:] = np.where(np.arange(60) < 20, 500, 0)
    chosen = np.array(chosen_of("random_foreground", state, 12))
    assert (chosen[:8] < 20).all()
    assert (chosen[8:] >= 20).any()


@given(st.integers(0, 50), st.integers(1, 30))
def test_stratified_labels_equal_volumes_to_the_same_share_but_for_one_slice(
    seed: int, k: int
) -> None:
    state = pool([10] * 4)
    labelled = np.bincount(state.case_id[chosen_of("stratified", state, k, seed)], minlength=4)
    assert labelled.max() - labelled.min() <= 1


def test_stratified_serves_the_least_labelled_volume_first() -> None:
    state = pool([10, 10, 10])
    state.labelled[[0, 1, 10]] = True
    volumes = state.case_id[chosen_of("stratified", state, 4)]
    assert volumes[0] == 2
    assert Counter(volumes[:3].tolist()) == {2: 2, 1: 1}


def test_power_entropy_draws_more_at_random_the_fewer_labels_there_are() -> None:
    early, late = pool([100]), pool([100], seed=1)
    for state in (early, late):
        state.measures["entropy"][:] = np.linspace(0.01, 1.0, 100)
    late.labelled[:90:2] = True
    found = {
        name: len({chosen_of("power_entropy", state, 1, seed)[0] for seed in range(40)})
        for name, state in (("early", early), ("late", late))
    }
    assert found["early"] > 2 * found["late"]


def test_stochastic_batch_is_more_uncertain_than_chance_and_less_than_the_most_uncertain() -> None:
    state = pool([40, 40])
    entropy = state.measures["entropy"]
    batch = entropy[chosen_of("stochastic_batch", state, 6)].mean()
    top = entropy[chosen_of("entropy", state, 6)].mean()
    assert entropy.mean() + 3 < batch < top


def test_columns_of_different_length_are_a_defect() -> None:
    with pytest.raises(ValueError, match="differ in length"):
        PoolState("axial", np.arange(3), np.arange(2), np.zeros(3, bool))
