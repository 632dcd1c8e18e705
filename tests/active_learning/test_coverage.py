"""Choosing by features: what is covered is not asked for again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_salient.active_learning.pool import PoolState
from napari_salient.active_learning.strategies import select
from napari_salient.active_learning.strategies.coverage import Coverage, reduced

by_features = pytest.mark.parametrize("name", ["cluster", "kcenter", "mean_distance", "hybrid"])
by_distance = pytest.mark.parametrize("name", ["kcenter", "mean_distance"])


def state_of(features: np.ndarray, labelled: tuple[int, ...] = ()) -> PoolState:
    """Return a pool of volumes of one slice each, so that a position is a case id."""
    count = len(features)
    done = np.isin(np.arange(count), labelled)
    entropy = {"entropy": np.random.default_rng(1).random(count)}
    where = np.arange(count), np.zeros(count, np.int64)
    return PoolState("axial", *where, done, entropy, features.astype(np.float32))


def chosen_of(name: str, state: PoolState, k: int, seed: int = 0) -> list[int]:
    return [p.case_id for p in select(name, state, k, np.random.default_rng(seed))]


def cloud(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 8))


@by_distance
@pytest.mark.parametrize("labelled", [(), (3, 4)])
def test_copies_of_labelled_and_chosen_slices_are_chosen_last(
    name: str, labelled: tuple[int, ...]
) -> None:
    twice = np.tile(cloud(12), (2, 1))
    chosen = chosen_of(name, state_of(twice, labelled), 24 - len(labelled))
    fresh = {case % 12 for case in chosen[: 12 - len(labelled)]}
    assert fresh == set(range(12)) - set(labelled)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 99), count=st.integers(2, 40))
def test_with_nothing_labelled_kcenter_begins_with_the_most_typical_slice(
    seed: int, count: int
) -> None:
    state = state_of(cloud(count, seed))
    points = reduced(state)
    from_mean = np.linalg.norm(points - points.mean(axis=0), axis=1)
    first, second = chosen_of("kcenter", state, 2, seed)
    assert from_mean[first] == pytest.approx(from_mean.min())
    assert [first, second] == chosen_of("kcenter", state, 2, seed)
    state.labelled[first] = True
    nearest = np.minimum(np.linalg.norm(points - points[first], axis=1), from_mean)
    assert nearest[second] == pytest.approx(nearest[~state.labelled].max())


@by_distance
def test_distances_are_taken_anew_after_every_choice(name: str) -> None:
    state = state_of(cloud(60), (0,))
    coverage = Coverage(state)
    for position in chosen_of(name, state, 8):
        value = coverage.nearest if name == "kcenter" else coverage.mean
        assert value[position] == pytest.approx(value[~state.labelled].max())
        state.labelled[position] = True
        coverage = Coverage(state)


@by_features
def test_slices_do_not_come_in_the_order_of_the_pool(name: str) -> None:
    chosen = chosen_of(name, state_of(cloud(100), (0, 1)), 10)
    assert np.diff(chosen).tolist()[1:] != [1] * 8


@by_features
def test_scale_and_offset_of_a_feature_do_not_matter(name: str) -> None:
    features = cloud(80)
    scaled = features * np.geomspace(1e-3, 1e3, 8) + 5
    first = chosen_of(name, state_of(features, (0,)), 8)
    assert chosen_of(name, state_of(scaled, (0,)), 8) == first


def test_components_are_those_of_the_features_that_they_are_applied_to() -> None:
    points = reduced(state_of(cloud(50) * np.geomspace(1, 1e4, 8)))
    assert points.shape == (50, 8)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-9)
    covariance = points.T @ points
    off_diagonal = covariance - np.diag(np.diag(covariance))
    np.testing.assert_allclose(off_diagonal, 0, atol=1e-6)
    assert np.trace(covariance) == pytest.approx(50 * 8)


def test_clusters_heed_the_seed() -> None:
    state = state_of(cloud(300))
    runs = [chosen_of("cluster", state, 6, seed) for seed in (0, 0, 1)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_every_cluster_gets_a_label_before_any_gets_a_second() -> None:
    centres = np.repeat(np.eye(8)[:4] * 50, 10, axis=0)
    state = state_of(centres + 0.1 * cloud(40))
    assert {case // 10 for case in chosen_of("cluster", state, 4)} == {0, 1, 2, 3}


@settings(max_examples=30, deadline=None)
@given(position=st.integers(1, 39), raised=st.floats(0, 3))
def test_more_uncertainty_never_lowers_a_slice_in_the_hybrid(position: int, raised: float) -> None:
    before = state_of(cloud(40), (0,))
    entropy = before.measures["entropy"].copy()
    entropy[position] += raised
    after = replace(before, measures={"entropy": entropy})
    ranks = [chosen_of("hybrid", state, 39).index(position) for state in (before, after)]
    assert ranks[1] <= ranks[0]


def test_the_hybrid_prefers_the_unsure_among_equally_covered_slices() -> None:
    features = np.repeat(cloud(1), 20, axis=0)
    state = state_of(features, (0,))
    best = int(state.measures["entropy"][1:].argmax()) + 1
    assert chosen_of("hybrid", state, 1) == [best]
