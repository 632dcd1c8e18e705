"""The project's pool as strategies see it, and the slices drawn at random among theirs."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_salient.active_learning.choosing import FIRST_STRATEGY, Query, choose, pool_state
from napari_salient.active_learning.pool import PoolScores
from napari_salient.active_learning.strategies import STRATEGIES, needs_of

SIZES = {3: 4, 8: 6, 9: 5}
SCORED = PoolScores(
    case_id=np.repeat([3, 8], [4, 6]),
    index=np.concatenate([np.arange(4), np.arange(6)]),
    measures={name: np.linspace(1, 2, 10) for name in sorted(needs_of(STRATEGIES) - {"features"})},
    features=np.random.default_rng(0).standard_normal((10, 3)).astype(np.float32),
)


def test_scores_are_laid_beside_their_slices_in_whatever_order_they_come() -> None:
    order = np.random.default_rng(0).permutation(10)
    shuffled = PoolScores(
        SCORED.case_id[order],
        SCORED.index[order],
        {"entropy": SCORED.measures["entropy"][order]},
        SCORED.features[order],
    )
    state = pool_state("axial", SIZES, [(3, 1), (9, 4)], shuffled)
    np.testing.assert_array_equal(state.measures["entropy"][:10], SCORED.measures["entropy"])
    np.testing.assert_array_equal(state.features[:10], SCORED.features)
    assert np.flatnonzero(state.labelled).tolist() == [1, 14]


def test_slices_that_were_never_scored_count_as_sure_and_ordinary() -> None:
    state = pool_state("axial", SIZES, [], SCORED)
    assert (state.measures["entropy"][10:] == 0).all()
    np.testing.assert_allclose(state.features[10:], np.tile(SCORED.features.mean(0), (5, 1)))


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=25, deadline=None)
@given(
    k=st.integers(0, 20), audit=st.floats(0, 1), seed=st.integers(0, 50), busy=st.integers(0, 15)
)
def test_audit_slices_are_among_the_number_asked_for(
    name: str, k: int, audit: float, seed: int, busy: int
) -> None:
    places = [(case, index) for case, size in SIZES.items() for index in range(size)]
    state = pool_state("axial", SIZES, places[:busy], SCORED)
    proposals = Query(name, audit=audit).ask(state, k, np.random.default_rng(seed))
    chosen = [(p.case_id, p.index) for p in proposals]
    assert len(chosen) == len(set(chosen)) == min(k, 15 - busy)
    assert set(chosen) <= set(places[busy:])


def test_the_audit_share_is_right_in_the_mean_also_for_single_slices() -> None:
    state = pool_state("axial", dict.fromkeys(range(10), 40), [])
    for k in (1, 12):
        flags = [
            proposal.audit
            for seed in range(400)
            for proposal in Query("strided", audit=0.15).ask(state, k, np.random.default_rng(seed))
        ]
        assert np.mean(flags) == pytest.approx(0.15, abs=0.05)


def test_audit_slices_are_uniform_over_the_pool_whatever_the_strategy_prefers() -> None:
    state = pool_state("axial", SIZES, [], SCORED)
    counts = Counter(
        (p.case_id, p.index)
        for seed in range(1500)
        for p in Query("entropy", audit=0.5).ask(state, 4, np.random.default_rng(seed))
        if p.audit
    )
    assert len(counts) == 15
    assert max(counts.values()) < 1.5 * min(counts.values())


def test_audit_slices_say_so_and_stand_anywhere_in_the_queue() -> None:
    state = pool_state("axial", dict.fromkeys(range(10), 40), [])
    first = [
        Query("strided", audit=0.3).ask(state, 10, np.random.default_rng(seed))
        for seed in range(40)
    ]
    places = {n for proposals in first for n, p in enumerate(proposals) if p.audit}
    assert places == set(range(10))
    assert all(p.reason.startswith("audit") for proposals in first for p in proposals if p.audit)


def test_a_strategy_that_needs_a_model_waits_for_one() -> None:
    bare = pool_state("axial", SIZES, [])
    used, proposals = choose(Query("kcenter"), bare, 4, np.random.default_rng(0))
    assert used == FIRST_STRATEGY
    assert all("kcenter begins after the next training" in p.reason for p in proposals)
    used, _ = choose(
        Query("kcenter"), pool_state("axial", SIZES, [], SCORED), 4, np.random.default_rng(0)
    )
    assert used == "kcenter"
