"""Steering the attention changes the score as the formula says, and can be taken back exactly."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_salient.caries.evidence import Edits, Evidence

from .toys import GRID, OVERLAPPING, make_evidence, rectangle

PATCHES = 12
shares = arrays(np.float64, PATCHES, elements=st.floats(0, 1))


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    probability = arrays(np.float32, (PATCHES, 2), elements=st.floats(0, 1, width=32))
    return Evidence(draw(probability), draw(shares), draw(st.floats(0.1, 20)))


@given(evidences())
def test_contributions_add_up_to_the_score_of_the_formula(evidence: Evidence) -> None:
    p, w = evidence.probability, evidence.weight
    expected = (w[:, None] * p).sum(0) / max(w.sum(), evidence.k_min)
    np.testing.assert_allclose(evidence.contributions.sum(0), expected, atol=1e-6)
    if w.any():
        np.testing.assert_array_equal(evidence.score, evidence.contributions.sum(0))
        assert (evidence.score <= min(1, w.sum() / evidence.k_min) + 1e-9).all()


@given(evidences(), shares, st.lists(shares, max_size=3))
def test_an_exclusion_taken_back_gives_the_same_score_bit_for_bit(
    evidence: Evidence, region: np.ndarray, others: list[np.ndarray]
) -> None:
    edits = Edits(excluded=tuple(others), only=tuple(others[:1]), forced=tuple(others[1:]))
    before = evidence.edited(edits)
    assert edits.exclude(region).excluded[-1] is region
    evidence.edited(edits.exclude(region).attend_only(region).force(region))
    after = evidence.edited(edits)
    np.testing.assert_array_equal(after.score, before.score)
    np.testing.assert_array_equal(evidence.edited(Edits()).score, evidence.score)


@given(evidences(), shares)
def test_edits_never_change_what_patches_show(evidence: Evidence, region: np.ndarray) -> None:
    shown = evidence.probability.copy()
    edits = Edits().exclude(region).attend_only(1 - region).force(region)
    assert evidence.edited(edits).probability is evidence.probability
    np.testing.assert_array_equal(evidence.probability, shown)


def test_excluding_everything_leaves_no_evidence_rather_than_health() -> None:
    evidence = make_evidence()
    covered = GRID.coverage(np.ones((GRID.height, GRID.width), bool))
    nothing = evidence.edited(Edits().exclude(covered))
    assert nothing.is_empty
    assert nothing.score is None
    assert not nothing.contributions.any()
    assert not evidence.is_empty


def test_excluding_scales_weights_by_what_stays_uncovered() -> None:
    evidence = make_evidence()
    # Patches are 4 px wide: the first column is covered, the second to a quarter.
    region = GRID.coverage(rectangle(GRID, 0, 0, GRID.height, 5))
    weight = evidence.edited(Edits().exclude(region)).weight.reshape(GRID.shape)
    before = evidence.weight.reshape(GRID.shape)
    assert (weight[:, 0] == 0).all()
    np.testing.assert_allclose(weight[:, 1], 0.75 * before[:, 1])
    np.testing.assert_array_equal(weight[:, 2:], before[:, 2:])


@given(st.integers(0, 2**16), st.integers(0, 9), st.integers(1, 12))
def test_attending_to_a_region_only_is_the_formula_on_the_region_alone(
    seed: int, top: int, columns: int
) -> None:
    evidence = make_evidence(seed)
    region = GRID.coverage(rectangle(GRID, 4 * top, 0, GRID.height, 4 * columns))
    inside = region == 1
    alone = Evidence(evidence.probability[inside], evidence.weight[inside], evidence.k_min)
    steered = evidence.edited(Edits().attend_only(region))
    np.testing.assert_allclose(steered.score, alone.score, rtol=1e-12)
    np.testing.assert_allclose(steered.contributions[inside], alone.contributions, rtol=1e-12)


def test_forcing_gives_the_full_weight_also_where_the_rest_gives_way() -> None:
    evidence = make_evidence(grid=OVERLAPPING)
    here = OVERLAPPING.coverage(rectangle(OVERLAPPING, 0, 0, 12, 12))
    there = OVERLAPPING.coverage(rectangle(OVERLAPPING, 20, 20, 40, 40))
    weight = evidence.edited(Edits().attend_only(here).force(there)).weight
    assert (weight[there == 1] == 1).all()
    np.testing.assert_array_equal(weight[here == 1], evidence.weight[here == 1])
    assert (weight[(here == 0) & (there == 0)] == 0).all()
    excluded = evidence.edited(Edits().force(there).exclude(there))
    assert (excluded.weight[there == 1] == 0).all()


def test_two_halves_excluded_apart_are_a_whole() -> None:
    evidence = make_evidence()
    left, right = (GRID.coverage(rectangle(GRID, 0, x, 4, x + 2)) for x in (0, 2))
    assert evidence.edited(Edits().exclude(left).exclude(right)).weight[0] == 0


def test_a_score_is_damped_where_too_little_is_attended_to() -> None:
    evidence = Evidence(np.ones((4, 1)), np.full(4, 0.1), 1.0)
    assert evidence.score == pytest.approx([0.4])
    assert evidence.attended == pytest.approx(0.4)


def test_the_arithmetic_loads_no_torch() -> None:
    modules = ("candidates", "evidence", "spec", "targets")
    imports = "; ".join(f"import napari_salient.caries.{name}" for name in modules)
    code = f"import sys; {imports}; sys.exit('torch' in sys.modules or 'monai' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
