"""Measures of scores, by what is known of them by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.caries.measures import (
    auroc,
    average_precision,
    balanced_accuracy,
    bootstrap_interval,
    brier,
    calibration_error,
    f1,
    sensitivity_at,
)

SCORES = np.array([0.1, 0.4, 0.35, 0.8, 0.9])
LABELS = np.array([False, False, True, True, True])
ALL_MEASURES = [auroc, average_precision, balanced_accuracy, f1, sensitivity_at]


def test_scores_are_measured_as_by_hand() -> None:
    assert auroc(SCORES, LABELS) == pytest.approx(5 / 6)
    assert average_precision(SCORES, LABELS) == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert balanced_accuracy(SCORES, LABELS) == pytest.approx((2 / 3 + 1) / 2)
    assert f1(SCORES, LABELS) == pytest.approx(0.8)
    assert brier(SCORES, LABELS) == pytest.approx(np.mean((SCORES - LABELS) ** 2))


def test_sensitivity_is_read_off_where_the_specificity_is_kept() -> None:
    assert sensitivity_at(SCORES, LABELS, specificity=0.9) == pytest.approx(2 / 3)
    assert sensitivity_at(SCORES, LABELS, specificity=0.5) == 1
    assert sensitivity_at(np.ones(4), np.array([True, False, True, False])) == 0


@pytest.mark.parametrize("measure", ALL_MEASURES)
def test_an_absent_class_gives_no_number_and_no_error(measure: object) -> None:
    assert np.isnan(measure(SCORES, np.zeros(5, bool)))
    if measure in (auroc, balanced_accuracy, sensitivity_at):
        assert np.isnan(measure(SCORES, np.ones(5, bool)))
    assert np.isnan(measure(np.zeros(0), np.zeros(0, bool)))


def test_calibration_compares_scores_with_how_often_they_are_right() -> None:
    right = np.repeat([0.25, 0.75], 4), np.array([1, 0, 0, 0, 1, 1, 1, 0], bool)
    assert calibration_error(*right) == pytest.approx(0)
    assert calibration_error(np.full(4, 0.9), np.array([1, 0, 0, 1], bool)) == pytest.approx(0.4)
    assert calibration_error(np.ones(3), np.ones(3, bool)) == 0
    assert np.isnan(calibration_error(np.zeros(0), np.zeros(0, bool)))
    assert np.isnan(brier(np.zeros(0), np.zeros(0, bool)))


@given(st.integers(0, 2**16))
def test_calibration_is_measured_bin_by_bin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, labels = rng.random(30), rng.random(30) < 0.5
    expected = 0.0
    for low in range(10):
        inside = (scores >= low / 10) & (scores < (low + 1) / 10)
        if inside.any():
            expected += inside.mean() * abs(scores[inside].mean() - labels[inside].mean())
    assert calibration_error(scores, labels) == pytest.approx(expected)


def test_an_interval_is_the_same_for_the_same_seed_and_holds_the_value() -> None:
    rng = np.random.default_rng(0)
    labels = rng.random(60) < 0.5
    scores = labels + rng.normal(size=60)

    def measure(images: np.ndarray) -> float:
        return auroc(scores[images], labels[images])

    first = bootstrap_interval(measure, range(60), draws=100, seed=3)
    assert first == bootstrap_interval(measure, range(60), draws=100, seed=3)
    assert first != bootstrap_interval(measure, range(60), draws=100, seed=4)
    assert first.low < first.value < first.high
    assert first.value == auroc(scores, labels)


def test_patients_are_drawn_with_all_their_images() -> None:
    drawn: list[set[int]] = []

    def measure(images: np.ndarray) -> float:
        drawn.append(set(images.tolist()))
        return float(len(images))

    interval = bootstrap_interval(measure, ["a", "b", "a", "c", "c"], draws=50)
    assert interval.value == 5
    for images in drawn:
        assert (0 in images) == (2 in images)
        assert (3 in images) == (4 in images)


def test_ten_copies_of_each_image_of_a_patient_do_not_narrow_the_interval() -> None:
    values = np.random.default_rng(0).normal(size=12)

    def width(copies: int, patients: list[int]) -> float:
        found = bootstrap_interval(lambda i: float(np.tile(values, copies)[i].mean()), patients)
        return found.high - found.low

    single, copied = width(1, list(range(12))), width(10, list(range(12)) * 10)
    assert copied == pytest.approx(single, rel=0.15)


def test_draws_without_a_class_are_left_out() -> None:
    scores, labels = np.array([0.1, 0.9]), np.array([False, True])
    interval = bootstrap_interval(lambda i: auroc(scores[i], labels[i]), range(2), draws=50)
    assert interval == (1, 1, 1)
    nothing = bootstrap_interval(lambda i: auroc(scores[i], labels[i]), range(0))
    assert np.isnan(nothing).all()
