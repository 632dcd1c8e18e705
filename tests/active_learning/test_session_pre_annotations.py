"""What a round predicts is offered for correction and never written over what somebody drew."""

from __future__ import annotations

from typing import Any

import numpy as np


def test_a_proposed_slice_opens_with_the_pre_annotation_as_a_draft(trained: Any) -> None:
    session = trained.session()
    for proposal in session.queue:
        case = session.open(proposal.case_id, proposal.index)
        shown = case.predicted_slice("axial", proposal.index)
        assert np.array_equal(case.labels[proposal.index], shown)
        assert trained.mark(session, proposal) == ("draft", "prediction", False)
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
    assert trained.mark(session, first) == ("draft", "prediction", False)
    assert trained.mark(session, following).state == "proposed"
    assert np.array_equal(session.case.labels[first.index], drawn[first.index])
    session.redo()
    assert trained.mark(session, first).state == "accepted"


def test_an_accepted_pre_annotation_agrees_with_itself(trained: Any) -> None:
    session = trained.session()
    proposal = session.open_next()
    session.accept()
    assert trained.mark(session, proposal) == ("accepted", "prediction", False)
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
    assert trained.mark(session, proposal).note == "prediction"


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
    assert trained.mark(session, untouched).note == "prediction"


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


def test_predictions_hold_no_pickle_and_a_broken_one_is_passed_over(blobs: Any) -> None:
    session = blobs.session()
    result = blobs.first_round(session)
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
