"""Rounds: what they are trained on, what they find, what stays held out."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from napari_salient.active_learning.training_set import LabelSlices
from napari_salient.engine.events import FinishReason, Started, Warned
from napari_salient.project.splits import SplitFractions
from napari_salient.project.states import SliceState


def test_an_oracle_labels_the_pool_and_the_model_learns(blobs: Any) -> None:
    session = blobs.session(steps=40, strategy="entropy")
    result = blobs.first_round(session)
    assert result.strategy == "entropy"
    assert not result.flagged
    session.adopt(result)
    for _ in range(2):
        blobs.label(session, 6)
        session.adopt(blobs.train(session))
    curve = session.curve()
    assert [point.round for point in curve] == [1, 2, 3]
    assert [point.labelled for point in curve] == [6, 12, 18]
    assert curve[1].agreement > curve[0].agreement
    assert curve[2].agreement is None


def test_a_round_trains_on_the_labels_of_the_moment_it_began(blobs: Any) -> None:
    session = blobs.session()
    session.propose(4)
    blobs.label(session, 4)
    run = blobs.run(session)
    case_id, index = session.case.case.id, session.index
    accepted = session.case.labels[index].copy()
    job = session.round_job(run)
    session.case.labels[:] = 2
    session.record_changes()
    *_, finished = job
    assert finished.reason is FinishReason.COMPLETED
    kept, number = LabelSlices.read(run.directory)
    assert number == 1
    assert np.array_equal(kept.labels[case_id, index], accepted)


def test_a_round_in_a_worker_goes_on_while_somebody_paints(blobs: Any) -> None:
    session = blobs.session()
    session.propose(12)
    blobs.label(session, 6)
    events: list[Any] = []
    job = session.round_job(blobs.run(session))
    worker = threading.Thread(target=lambda: events.extend(job))
    worker.start()
    while worker.is_alive() and session.queue:
        blobs.label(session, 1)
    worker.join()
    assert events[-1].reason is FinishReason.COMPLETED, events[-1].message
    before = {(p.case_id, p.index) for p in session.queue}
    session.adopt(events[-1].result)
    new = {(p.case_id, p.index) for p in session.queue}
    assert not new & before
    assert len(new) == 6


def test_warm_start_is_said_and_given_up_when_the_classes_change(trained: Any) -> None:
    session = trained.session()
    trained.label(session, 1)
    warm = trained.events(session)
    assert "goes on from the weights" in next(e.message for e in warm if isinstance(e, Warned))
    assert warm[-1].result.metrics["warm_start"] == 1
    trained.project.set_schema(trained.project.schema.add("third"))
    cold = trained.events(session)
    assert "from scratch" in next(e.message for e in cold if isinstance(e, Warned))
    assert cold[-1].result.metrics["warm_start"] == 0


def test_retired_classes_are_trained_as_what_they_became(blobs: Any) -> None:
    session = blobs.session()
    blobs.first_round(session)
    blobs.project.set_schema(blobs.project.schema.retire(2, into=1))
    result = blobs.train(session)
    session.adopt(result)
    case = session.open(session.queue[0].case_id, session.queue[0].index)
    assert set(np.unique(case.prediction)) <= {0, 1}


def test_the_last_training_set_says_how_many_slices_show_a_class(blobs: Any) -> None:
    session = blobs.session()
    assert session.labelled_with(1) is None
    session.adopt(blobs.first_round(session))
    [drawn, of] = session.labelled_with(2)
    shown = [
        (blobs.project.label_array(case_id)[index] == 2).any()
        for case_id, index in session._places(SliceState.ACCEPTED)
    ]
    assert (drawn, of) == (sum(shown), 6)


@pytest.fixture
def blind_to_bright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let trained networks never predict the second class."""
    from napari_salient.active_learning.model import SliceSegmenter

    seeing = SliceSegmenter.forward

    def forward(model: SliceSegmenter, stack: Any) -> Any:
        logits = seeing(model, stack)
        if not model.training:
            logits[:, 2] -= 1000
        return logits

    monkeypatch.setattr(SliceSegmenter, "forward", forward)


@pytest.mark.usefixtures("blind_to_bright")
def test_a_lost_class_is_tried_again_then_flagged_and_not_offered(blobs: Any) -> None:
    session = blobs.session(steps=5)
    session.open(1, 12)
    blobs.paint(session)
    session.accept()
    events = blobs.events(session)
    assert any("training again from scratch" in e.message for e in events if isinstance(e, Warned))
    assert sum(isinstance(event, Started) for event in events) == 2
    result = events[-1].result
    assert result.flagged
    assert result.dead_classes == ("bright",)
    assert "lost bright" in events[-1].message
    session.adopt(result)
    opened = session.open_next()
    assert opened is not None
    assert blobs.mark(session, opened).state == "proposed"


def test_held_out_cases_measure_and_nothing_more(make_blobs: Any) -> None:
    blobs = make_blobs(cases=8, fractions=SplitFractions(0.5, 0.25, 0.25))
    session = blobs.session(steps=40, strategy="entropy")
    catalogue = blobs.project.catalogue
    for split in ("validation", "test"):
        for case_id in catalogue.ids_in(split):
            session.open(case_id, 12)
            blobs.paint(session)
            session.accept()
    result = blobs.first_round(session)
    pool = catalogue.ids_in("pool")
    assert result.labelled == 6
    assert set(result.scores.case_id) == pool
    assert {p.case_id for p in result.proposals} <= pool
    assert 0 <= result.metrics["dice"] <= 1
    session.adopt(result)
    assert session.curve()[0].dice == result.metrics["dice"]
    run_dir = blobs.project.runs_dir / result.run_id
    assert {place[0] for place in LabelSlices.read(run_dir)[0].labels} <= pool


def test_rounds_repeat_exactly(blobs: Any) -> None:
    session = blobs.session()
    first = blobs.first_round(session)
    again = blobs.train(session)
    assert again.proposals == first.proposals
    assert np.array_equal(again.scores.measures["entropy"], first.scores.measures["entropy"])
