"""Whether it is worth going on, from what rounds and annotator have left behind."""

from __future__ import annotations

import math

import pytest

from napari_salient.active_learning.work_log import (
    SliceAgreement,
    WorkLog,
    agreement_measurement,
    effort_measurements,
)
from napari_salient.active_learning.worth import STABILITY, stop_advice
from napari_salient.project.rounds import Round


def rounds(dice: list[float | None], steady: float = 0.99) -> list[Round]:
    return [
        Round(
            number,
            f"run-{number}",
            "strided",
            12 * number,
            {STABILITY: steady, **({} if value is None else {"dice": value})},
        )
        for number, value in enumerate(dice, start=1)
    ]


def log_of(*found: tuple[int, float, str, bool]) -> tuple[WorkLog, set[tuple[int, int]]]:
    """Return the work on slices given as (index, agreement, run, audit)."""
    log = WorkLog()
    for index, dice, run, audit in found:
        agreed = SliceAgreement(dice, run, audit, shows=True)
        log.add(agreement_measurement(1, "axial", index, agreed))
        log.add(*effort_measurements(1, "axial", index, (30.0, 1), run))
    return log, {(1, index) for index, *_ in found}


def test_the_curve_is_that_of_the_validation_volumes() -> None:
    found = stop_advice(rounds([0.8, 0.8, 0.8, 0.8]), WorkLog(), set(), 12)
    assert found.basis == "validation"
    assert found.verdict == "stop"
    assert found.forecast is not None
    assert found.forecast.batch == 12
    assert found.stabilities == (0.99,) * 4
    assert found.minutes is None


def test_without_validation_volumes_it_is_that_of_the_audit_slices() -> None:
    audited = [(n, 0.5 + 0.1 * n, f"run-{n}", True) for n in range(1, 5)]
    log, accepted = log_of(*audited, (9, 0.1, "run-1", False))
    found = stop_advice(rounds([None] * 4), log, accepted, 12)
    assert found.basis == "audit"
    assert found.forecast is not None
    assert found.forecast.dice(48) == pytest.approx(0.9, abs=0.05)
    assert (found.audit.slices, found.chosen.slices) == (4, 1)
    assert found.verdict == "go on"
    assert "not enough audit slices (4 of 10)" in found.lead


def test_minutes_are_those_of_pre_annotated_slices() -> None:
    log, accepted = log_of(*((n, 0.9, "run-1", False) for n in range(3)))
    log.add(*effort_measurements(1, "axial", 8, (600.0, 9), None))
    assert stop_advice(rounds([0.5]), log, accepted | {(1, 8)}, 12).minutes == 6


def test_slices_that_are_not_accepted_any_more_do_not_count() -> None:
    log, accepted = log_of((1, 0.9, "run-1", True), (2, 0.5, "run-1", True))
    accepted.remove((1, 2))
    assert stop_advice(rounds([None]), log, accepted, 12).audit.dice == 0.9


def test_before_the_first_round_it_is_too_early() -> None:
    found = stop_advice([], WorkLog(), set(), 12)
    assert found.verdict == "too early"
    assert found.stabilities == ()
    assert found.audit.dice is None
    assert not math.isfinite(found.minutes or math.nan)
