"""What labelling costs, counted without a window."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from napari_salient.active_learning.effort import (
    LONGEST_PAUSE_S,
    Effort,
    Stopwatch,
    effort,
)
from napari_salient.active_learning.work_log import WorkLog, effort_measurements

if TYPE_CHECKING:
    from conftest import BlobProject

HERE, THERE = (1, 5), (1, 8)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_time_belongs_to_the_slice_that_was_open(clock: Clock) -> None:
    watch = Stopwatch(clock)
    watch.active(HERE)
    clock.now += 4
    watch.active(THERE)
    clock.now += 3
    watch.active(HERE)
    clock.now += 2
    assert watch.take(HERE) == (6.0, 0)
    assert watch.take(THERE) == (3.0, 0)


def test_somebody_who_left_the_desk_is_not_at_work(clock: Clock) -> None:
    watch = Stopwatch(clock)
    watch.active(HERE)
    clock.now += 3600
    assert watch.take(HERE) == (LONGEST_PAUSE_S, 0)


def test_what_was_taken_is_not_counted_again(clock: Clock) -> None:
    watch = Stopwatch(clock)
    watch.stroke(HERE)
    watch.stroke(HERE)
    clock.now += 1
    assert watch.take(HERE) == (1.0, 2)
    clock.now += 1
    assert watch.take(HERE) == (1.0, 0)


def test_effort_is_told_apart_by_help_and_counts_each_slice_once() -> None:
    log = WorkLog()
    for index, spent, run in (
        (3, (10.0, 4), None),
        (3, (2.0, 1), None),
        (4, (20.0, 3), None),
        (7, (5.0, 1), "round-001"),
    ):
        log.add(*effort_measurements(1, "axial", index, spent, run))
    assert effort(log) == {False: Effort(2, 16.0, 4.0), True: Effort(1, 5.0, 1.0)}


def test_a_session_counts_strokes_until_the_slice_is_accepted(blobs: BlobProject) -> None:
    session = blobs.session()
    session.propose()
    session.open_next()
    assert session.case is not None
    for column in (3, 4, 5):
        session.case.labels[session.index, 2, column] = 1
        session.record_changes()
    session.accept()
    spent = session.effort()[False]
    assert (spent.slices, spent.strokes) == (1, 3.0)
    assert 0 <= spent.seconds < LONGEST_PAUSE_S


def test_a_slice_with_the_models_draft_counts_as_pre_annotated(trained: BlobProject) -> None:
    session = trained.session()
    blank = session.effort()[False]
    session.open_next()
    session.accept()
    assert session.effort()[False] == blank
    assert session.effort()[True].strokes == 0


def test_a_slice_that_opened_blank_is_not_measured_as_pre_annotated(trained: BlobProject) -> None:
    session = trained.session()
    lost = dataclasses.replace(trained.train(session), dead_classes=("bright",))
    session.adopt(dataclasses.replace(lost, metrics={**lost.metrics, "dead_classes": 1.0}))
    blank = session.effort()[False].slices
    trained.label(session, 2)
    assert session.effort().keys() == {False}
    assert session.effort()[False].slices == blank + 2
    assert [point.agreement for point in session.curve()] == [None, None]


def test_a_proposed_slice_that_was_filled_by_interpolation_is_none_either(
    trained: BlobProject,
) -> None:
    session = trained.session()
    proposal = session.queue[0]
    for index in (proposal.index - 1, proposal.index + 1):
        session.open(proposal.case_id, index)
        trained.paint(session)
        session.accept()
    session.fill_between()
    session.open(proposal.case_id, proposal.index)
    session.accept()
    assert trained.mark(session, proposal)[:2] == ("accepted", "interpolated")
    assert session.effort().keys() == {False}
    assert session.curve()[0].agreement is None


def test_a_slice_reset_to_the_prediction_is_pre_annotated_also_after_a_restart(
    trained: BlobProject,
) -> None:
    session = trained.session()
    seen = session.open_next()
    known = {r.index for r in trained.project.journal.slice_states(seen.case_id)}
    other = next(index for index in range(24) if index not in known)
    session.open(seen.case_id, other)
    session.reset_to_prediction()
    session = trained.restart()
    for index in (other, seen.index):
        session.open(seen.case_id, index)
        session.accept()
    assert session.effort()[True].slices == 2
    assert session.curve()[0].agreement == 1.0


def test_a_stroke_through_several_slices_is_one_on_the_slice_that_was_looked_at(
    blobs: BlobProject,
) -> None:
    session = blobs.session()
    case = session.open(1, 5)
    case.labels[3:8, 2, 2] = 1
    session.record_changes()
    for index in (5, 3, 7):
        session.open(1, index)
        session.accept()
    spent = session.effort()[False]
    assert spent.slices == 3
    assert spent.strokes == pytest.approx(1 / 3)


def test_a_slice_stays_pre_annotated_when_it_is_accepted_again_after_a_new_round(
    trained: BlobProject,
) -> None:
    session = trained.session()
    first = session.open_next()
    assert first is not None
    session.accept()
    session.adopt(trained.train(session))
    session.open(first.case_id, first.index)
    trained.paint(session)
    session.accept()
    session = trained.restart()
    assert session._log.pre_annotated[first.case_id, first.index]
    assert session.effort()[True].slices == 1
