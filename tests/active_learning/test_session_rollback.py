"""Earlier rounds are used again, and complete ones taken up after a restart."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from napari_salient.engine.events import Step
from napari_salient.errors import ProjectError, RunError
from napari_salient.project.states import SliceState


def test_rolling_back_brings_back_model_predictions_and_proposals(blobs: Any) -> None:
    session = blobs.session(steps=40)
    first = blobs.first_round(session)
    session.adopt(first)
    queue = session.queue
    case = session.open(queue[0].case_id, queue[0].index)
    before = case.prediction.copy()
    session.undo()
    second = blobs.train(session)
    session.adopt(second)
    session.rollback(1)
    assert session.active_round.number == 1
    assert {(p.case_id, p.index) for p in queue} <= {(p.case_id, p.index) for p in session.queue}
    assert np.array_equal(session.open(queue[0].case_id, queue[0].index).prediction, before)
    with pytest.raises(ProjectError, match="no round 7"):
        session.rollback(7)
    assert blobs.restart().active_round.number == 1


def test_rolling_back_does_not_touch_labels(trained: Any) -> None:
    session = trained.session()
    trained.label(session, 3)
    session.adopt(trained.train(session))
    before = {case: trained.project.label_array(case) for case in range(1, 5)}
    done = session._places(SliceState.ACCEPTED)
    session.rollback(1)
    assert all(np.array_equal(trained.project.label_array(c), before[c]) for c in before)
    assert session._places(SliceState.ACCEPTED) == done
    assert not done & {(p.case_id, p.index) for p in session.queue}


def test_a_result_survives_the_program_that_made_it(blobs: Any) -> None:
    session = blobs.session()
    result = blobs.first_round(session)
    run_dir = blobs.project.runs_dir / result.run_id
    assert type(result).read(run_dir) == dataclasses.replace(result, scores=None)


def test_a_round_that_was_complete_when_the_program_ended_is_taken_up(blobs: Any) -> None:
    session = blobs.session()
    result = blobs.first_round(session)
    session = blobs.restart()
    assert session.active_round is None
    found = session.take_up()
    assert found == session.active_round
    assert (found.number, found.run_id, found.labelled) == (1, result.run_id, 6)
    kept = blobs.project.catalogue.scores(1)
    assert rows_of(kept) == rows_of(result.scores)
    assert {(p.case_id, p.index) for p in result.proposals} == {
        (p.case_id, p.index) for p in session.queue
    }
    assert session.take_up() is None
    assert blobs.restart().take_up() is None


def test_neither_a_cancelled_round_nor_one_rolled_back_is_taken_up(trained: Any) -> None:
    session = trained.session()
    trained.label(session, 2)
    session.adopt(trained.train(session))
    session.rollback(1)
    assert session.take_up() is None
    run = trained.run(session)
    for event in run.record(session.round_job(run)):
        if isinstance(event, Step):
            run.cancel()
    assert trained.restart().take_up() is None


def test_a_round_whose_scores_are_gone_is_refused_and_changes_nothing(blobs: Any) -> None:
    session = blobs.session()
    result = blobs.first_round(session)
    (blobs.project.runs_dir / result.run_id / "scores.safetensors").write_bytes(b"torn")
    session = blobs.restart()
    queue = session.queue
    with pytest.raises(RunError, match="train a new round"):
        session.take_up()
    assert session.active_round is None
    assert session.queue == queue


def rows_of(scores: Any) -> list[tuple[float, ...]]:
    columns = [scores.case_id, scores.index, *(scores.measures[n] for n in sorted(scores.measures))]
    return sorted(zip(*(column.tolist() for column in columns), strict=True))
