"""Rounds: train, score, choose, pre-annotate, adopt, go back."""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest

from napari_salient.active_learning.training_set import LabelSlices
from napari_salient.engine.events import Finished, FinishReason, Step, Warned
from napari_salient.engine.run import Run
from napari_salient.errors import InputError, ProjectError, RunError
from napari_salient.project.splits import SplitFractions
from napari_salient.project.states import SliceMark, SliceState

if TYPE_CHECKING:
    from napari_salient.active_learning.rounds import RoundResult
    from napari_salient.active_learning.session import LabellingSession


def mark(session: LabellingSession, case_id: int, index: int) -> SliceMark:
    return session.project.journal.slice_state(case_id, session.plane, index).mark


def first_round(blobs: Any, session: LabellingSession, slices: int = 6) -> RoundResult:
    """Label a first batch and train on it."""
    session.propose(slices)
    blobs.label(session, slices)
    result: RoundResult = blobs.train(session)
    return result


def kinds(events: list[Any]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_an_oracle_labels_the_pool_and_the_model_learns(blobs: Any) -> None:
    session = blobs.session(steps=40, strategy="entropy")
    result = first_round(blobs, session)
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


def test_a_proposed_slice_opens_with_the_pre_annotation_as_a_draft(trained: Any) -> None:
    session = trained.session()
    for proposal in session.queue:
        case = session.open(proposal.case_id, proposal.index)
        shown = case.predicted_slice("axial", proposal.index)
        assert np.array_equal(case.labels[proposal.index], shown)
        assert mark(session, proposal.case_id, proposal.index) == ("draft", "prediction", False)
    assert 0 <= case.uncertainty.min() <= case.uncertainty.max() <= 1
    assert any(case.prediction[p.index].any() for p in session.queue if p.case_id == case.case.id)


def test_one_undo_takes_back_a_decision_and_the_pre_annotation_after_it(
    trained: Any,
) -> None:
    session = trained.session()
    first = session.open_next()
    session.accept()
    drawn = session.case.labels.copy()
    following = session.open_next()
    session.undo()
    assert (session.case.case.id, session.index) == (first.case_id, first.index)
    assert mark(session, first.case_id, first.index) == ("draft", "prediction", False)
    assert mark(session, following.case_id, following.index).state == "proposed"
    assert np.array_equal(session.case.labels[first.index], drawn[first.index])
    session.redo()
    assert mark(session, first.case_id, first.index).state == "accepted"


def test_an_accepted_pre_annotation_agrees_with_itself(trained: Any) -> None:
    session = trained.session()
    proposal = session.open_next()
    session.accept()
    assert mark(session, proposal.case_id, proposal.index) == ("accepted", "prediction", False)
    assert session.curve()[0].agreement == 1.0


def test_an_undone_acceptance_does_not_count_in_the_curve(trained: Any) -> None:
    session = trained.session()
    session.open_next()
    session.accept()
    session.undo()
    assert session.curve()[0].agreement is None


def test_reset_puts_the_pre_annotation_back(trained: Any) -> None:
    session = trained.session()
    proposal = session.open_next()
    drawn = session.case.labels.copy()
    session.case.labels[proposal.index, :2] = 2
    session.record_changes()
    assert session.reset_to_prediction() is not None
    assert np.array_equal(session.case.labels, drawn)
    assert mark(session, proposal.case_id, proposal.index).note == "prediction"


def test_adopting_never_overwrites_what_somebody_edited(trained: Any) -> None:
    session = trained.session()
    edited, untouched, current = session.queue[:3]
    session.open(edited.case_id, edited.index)
    session.case.labels[edited.index, :3] = 1
    session.open(untouched.case_id, untouched.index)
    session.open(current.case_id, current.index)
    session.case.labels[current.index, 3:5] = 2
    second = trained.train(session)
    session.adopt(second)

    kept = trained.project.label_array(edited.case_id)[edited.index]
    assert (kept[:3] == 1).all()
    assert (session.case.labels[current.index, 3:5] == 2).all()
    assert {(p.case_id, p.index) for p in (edited, current)} <= {
        (p.case_id, p.index) for p in session.queue
    }
    case = session.open(untouched.case_id, untouched.index)
    assert np.array_equal(case.labels[untouched.index], case.prediction[untouched.index])
    assert mark(session, untouched.case_id, untouched.index).note == "prediction"


def test_the_current_slice_stays_as_it_is_even_if_untouched(trained: Any) -> None:
    session = trained.session()
    proposal = session.open_next()
    before = session.case.labels.copy()
    session.adopt(trained.train(session))
    assert np.array_equal(session.case.labels[proposal.index], before[proposal.index])


def test_agreement_is_measured_against_what_was_shown(trained: Any) -> None:
    session = trained.session()
    proposal = session.open_next()
    shown = session.case.prediction[proposal.index].copy()
    session.case.labels[proposal.index, 0, 0] = 1
    session.record_changes()
    session.adopt(trained.train(session))
    assert np.array_equal(session.case.prediction[proposal.index], shown)
    session = trained.restart()
    session.open(proposal.case_id, proposal.index)
    assert np.array_equal(session.case.prediction[proposal.index], shown)


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
    first_round(blobs, session)
    blobs.project.set_schema(blobs.project.schema.retire(2, into=1))
    result = blobs.train(session)
    session.adopt(result)
    case = session.open(session.queue[0].case_id, session.queue[0].index)
    assert set(np.unique(case.prediction)) <= {0, 1}


def test_the_last_training_set_says_how_many_slices_show_a_class(blobs: Any) -> None:
    session = blobs.session()
    assert session.labelled_with(1) is None
    session.adopt(first_round(blobs, session))
    [drawn, of] = session.labelled_with(2)
    shown = [
        (blobs.project.label_array(case_id)[index] == 2).any()
        for case_id, index in session._places(SliceState.ACCEPTED)
    ]
    assert (drawn, of) == (sum(shown), 6)


def test_a_cancelled_round_goes_on_where_it_stopped(blobs: Any) -> None:
    session = blobs.session()
    session.propose(4)
    blobs.label(session, 4)
    whole = blobs.train(session)
    run = blobs.run(session)
    job = run.record(session.round_job(run))
    for event in job:
        if isinstance(event, Step) and event.step == 15:
            run.cancel()
    assert event.reason is FinishReason.CANCELLED
    resumed = Run.open(run.directory)
    resumed.restart()
    events = list(resumed.record(session.round_job(resumed, resume=True)))
    steps = [event.step for event in events if isinstance(event, Step)]
    assert steps[0] == 16
    assert steps[-1] == 30
    result = events[-1].result
    assert np.array_equal(result.scores.measures["entropy"], whole.scores.measures["entropy"])
    assert result.proposals == whole.proposals


@pytest.mark.parametrize(
    "what", ["labelled volumes read", "volumes scored", "volumes pre-annotated"]
)
def test_cancelling_acts_in_every_part_of_a_round(blobs: Any, what: str) -> None:
    session = blobs.session(steps=5)
    session.propose(6)
    blobs.label(session, 6)
    run = blobs.run(session)
    for event in session.round_job(run):
        if getattr(event, "what", None) == what:
            run.control.cancel()
    assert isinstance(event, Finished)
    assert event.reason is FinishReason.CANCELLED
    *_, finished = session.round_job(Run.open(run.directory), resume=True)
    assert finished.reason is FinishReason.COMPLETED, finished.message


def test_a_corrupted_volume_is_reported_once_and_set_aside(blobs: Any) -> None:
    session = blobs.session()
    session.propose(4)
    blobs.label(session, 4)
    labelled = {p[0] for p in session._places(SliceState.ACCEPTED)}
    bad = min(labelled)
    path = blobs.project.catalogue.case(bad).path
    path.write_bytes(b"\0" * path.stat().st_size)
    events = blobs.events(session)
    skipped = [event for event in events if type(event).__name__ == "CaseSkipped"]
    assert [event.case for event in skipped] == [bad]
    session.adopt(events[-1].result)
    assert list(session.set_aside) == [bad]
    assert bad not in {p.case_id for p in session.queue}
    blobs.label(session, 2)
    assert "CaseSkipped" not in kinds(blobs.events(session))


def test_a_volume_with_other_channels_is_set_aside(blobs: Any) -> None:
    session = blobs.session(steps=5)
    session.open(1, 12)
    blobs.paint(session)
    session.accept()
    odd = blobs.folder.parent / "images" / "odd.nii"
    voxels = np.zeros((24, 24, 24, 2), np.float32)
    nib.save(nib.Nifti1Image(voxels, np.eye(4)), odd)
    blobs.project.add_images([odd])
    session.adopt(blobs.train(session))
    assert "2 channels" in session.set_aside[5]


def test_a_disk_that_is_gone_does_not_set_the_whole_pool_aside(blobs: Any) -> None:
    session = blobs.session()
    session.propose()
    blobs.label(session, 6)
    images = blobs.folder.parent / "images"
    images.rename(blobs.folder.parent / "gone")
    for path in (blobs.folder.parent / "gone").iterdir():
        path.write_bytes(b"")
    finished = blobs.events(session)[-1]
    assert finished.reason is FinishReason.ERRORED
    assert "case-" in finished.message
    assert session.set_aside == {}


def test_nothing_accepted_is_said_in_a_sentence(blobs: Any) -> None:
    finished = blobs.events(blobs.session())[-1]
    assert finished.reason is FinishReason.ERRORED
    assert isinstance(finished.error, InputError)
    assert "accept at least one slice" in finished.message


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
    assert kinds(events).count("Started") == 2
    result = events[-1].result
    assert result.flagged
    assert result.dead_classes == ("bright",)
    assert "lost bright" in events[-1].message
    session.adopt(result)
    opened = session.open_next()
    assert opened is not None
    assert mark(session, opened.case_id, opened.index).state == "proposed"


def test_rolling_back_brings_back_model_predictions_and_proposals(blobs: Any) -> None:
    session = blobs.session(steps=40)
    first = first_round(blobs, session)
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


def test_held_out_cases_measure_and_nothing_more(make_blobs: Any) -> None:
    blobs = make_blobs(cases=8, fractions=SplitFractions(0.5, 0.25, 0.25))
    session = blobs.session(steps=40, strategy="entropy")
    catalogue = blobs.project.catalogue
    for split in ("validation", "test"):
        for case_id in catalogue.ids_in(split):
            session.open(case_id, 12)
            blobs.paint(session)
            session.accept()
    result = first_round(blobs, session)
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
    first = first_round(blobs, session)
    again = blobs.train(session)
    assert again.proposals == first.proposals
    assert np.array_equal(again.scores.measures["entropy"], first.scores.measures["entropy"])


def test_predictions_hold_no_pickle_and_a_broken_one_is_passed_over(blobs: Any) -> None:
    session = blobs.session()
    result = first_round(blobs, session)
    run_dir = blobs.project.runs_dir / result.run_id
    session.adopt(result)
    files = sorted((run_dir / "predictions").iterdir())
    assert files
    for path in files:
        with np.load(path, allow_pickle=False) as stored:
            assert {stored[name].dtype for name in stored.files} == {np.dtype(np.uint8)}
        path.write_bytes(path.read_bytes()[:100])
    session = blobs.restart()
    assert session.open_next() is not None
    assert session.case.prediction is None


def test_a_result_survives_the_program_that_made_it(blobs: Any) -> None:
    session = blobs.session()
    result = first_round(blobs, session)
    run_dir = blobs.project.runs_dir / result.run_id
    assert type(result).read(run_dir) == dataclasses.replace(result, scores=None)


def test_a_round_that_was_complete_when_the_program_ended_is_taken_up(blobs: Any) -> None:
    session = blobs.session()
    result = first_round(blobs, session)
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
    result = first_round(blobs, session)
    (blobs.project.runs_dir / result.run_id / "scores.safetensors").write_bytes(b"torn")
    session = blobs.restart()
    queue = session.queue
    with pytest.raises(RunError, match="train a new round"):
        session.take_up()
    assert session.active_round is None
    assert session.queue == queue


def test_what_was_foreseen_is_what_is_shown(trained: Any) -> None:
    session = trained.session()
    first = session.open_next()
    other = next(p for p in session.queue if p.case_id != first.case_id)
    trained.label(session, 1)
    result = trained.train(session)
    session.open(first.case_id, first.index)
    session.foresee(result.run_id)
    assert session.foresaw(result.run_id)
    session.open(other.case_id, other.index)
    assert not session.foresaw(result.run_id)
    session.adopt(result)
    run_ids = session.case.predicted.run_ids
    assert run_ids[other.index] != result.run_id
    assert set(run_ids) - {run_ids[other.index]} <= {result.run_id, None}


def rows_of(scores: Any) -> list[tuple[float, ...]]:
    columns = [scores.case_id, scores.index, *(scores.measures[n] for n in sorted(scores.measures))]
    return sorted(zip(*(column.tolist() for column in columns), strict=True))
