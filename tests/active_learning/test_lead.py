"""What may be said of a strategy from the slices that were drawn at random beside its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from napari_salient.active_learning.stopping import Comparison, compare, lead_sentence

rng = np.random.default_rng(0)
GOOD, BAD = (np.clip(mean + 0.05 * rng.standard_normal(30), 0, 1).tolist() for mean in (0.85, 0.7))


def compared(audit: list[float], chosen: list[float]) -> Comparison:
    return compare(audit + chosen, [True] * len(audit) + [False] * len(chosen))


def test_the_interval_is_welchs() -> None:
    audit, chosen = GOOD[:12], BAD
    expected = ttest_ind(chosen, audit, equal_var=False).confidence_interval(0.95)
    assert compared(audit, chosen).interval == pytest.approx((expected.low, expected.high))


@example([0.0] * 10, [0.0] * 9 + [1e-117])
@given(st.lists(st.floats(0, 1), min_size=10, max_size=20), st.lists(st.floats(0, 1), min_size=10))
def test_the_interval_holds_the_difference(audit: list[float], chosen: list[float]) -> None:
    found = compared(audit, chosen)
    assert found.interval is not None
    low, high = found.interval
    difference = np.mean(chosen) - np.mean(audit)
    assert low - 1e-9 <= difference <= high + 1e-9


def test_too_few_audit_slices_say_nothing() -> None:
    found = compared(GOOD[:4], BAD)
    assert found.interval is None
    assert lead_sentence(found, found) == (
        "Whether the strategy finds harder slices cannot be told: not enough audit slices "
        "(4 of 10)."
    )


def test_too_few_chosen_slices_say_nothing_either() -> None:
    found = compared(GOOD, BAD[:3])
    assert "not enough chosen slices (3 of 10)" in lead_sentence(found, found)


def test_harder_slices_are_told_with_the_numbers() -> None:
    found = compared(GOOD, BAD)
    said = lead_sentence(found, found)
    assert said.startswith("The strategy's slices agree less than audit ones (0.")
    assert "it finds harder slices. So it does among those that show a class" in said


def test_a_strategy_that_only_leaves_out_empty_slices_has_no_lead() -> None:
    anywhere, shown = compared(BAD + [1.0] * 30, BAD), compared(BAD[:15], BAD[15:])
    assert "it may only leave out empty ones" in lead_sentence(anywhere, shown)


def test_few_audit_slices_with_a_class_leave_that_open() -> None:
    anywhere, shown = compared(GOOD, BAD), compared(GOOD[:6], BAD)
    assert "of those that show a class there are not enough audit slices (6 of 10)" in (
        lead_sentence(anywhere, shown)
    )


def test_no_difference_and_easier_slices_are_said_as_well() -> None:
    same, easier = compared(GOOD[:15], GOOD[15:]), compared(BAD, GOOD)
    assert lead_sentence(same, same).startswith("No difference shows")
    assert "it finds easier slices" in lead_sentence(easier, easier)
