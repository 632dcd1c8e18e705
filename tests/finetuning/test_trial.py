"""Whether an encoder pays in a project: paired trainings on its own labels."""

from __future__ import annotations

import pytest

from napari_salient.engine.control import Control
from napari_salient.engine.events import CaseSkipped, FinishReason, Progress
from napari_salient.errors import InputError, ProjectError, RunError
from napari_salient.finetuning.kept_trials import FILE_NAME, keep_trial, kept_trial
from napari_salient.finetuning.trial import PAIRS, Trial, try_encoder
from napari_salient.pretraining.library import newest_checkpoint

from .conftest import session_on

FOUND = Trial(24, 6, 5, 300, 0.70, 0.72, 0.02, (0.01, 0.03))


def label(session, cases=(1, 2, 3)):
    """Accept two slices of the bright block in each case."""
    for case_id in cases:
        for index in (8, 10):
            session.open(case_id, index)
            session.case.labels[index, 4:9, 5:12] = 1
            session.accept()
    return session


def tried(session, source):
    *events, last = try_encoder(session, source, Control())
    return events, last


def test_pairs_of_trainings_on_the_labels_of_a_project_say_what_an_encoder_is_worth(
    project, pretrain
):
    session = label(session_on(project))
    events, last = tried(session, pretrain())
    found = last.result
    assert (found.slices, found.volumes, found.pairs, found.steps) == (6, 3, PAIRS, 2)
    assert found.difference == pytest.approx(found.pretrained - found.scratch)
    assert found.interval[0] <= found.difference <= found.interval[1]
    assert events[-1] == Progress(2 * PAIRS * 2, 2 * PAIRS * 2, events[-1].what)
    assert last.message == str(found)


def test_the_same_labels_give_the_same_answer(project, pretrain):
    session, source = label(session_on(project)), pretrain()
    assert tried(session, source)[1].result == tried(session, source)[1].result


def test_an_encoder_of_the_same_first_weights_is_worth_nothing(project, pretrain, monkeypatch):
    """Both arms are the same training but for the encoder."""
    monkeypatch.setattr("napari_salient.pretraining.transfer.transfer", lambda *_: None)
    found = tried(label(session_on(project)), pretrain())[1].result
    assert found.difference == 0
    assert found.interval == (0, 0)


def test_the_project_stays_as_it_is(project, pretrain):
    session, source = label(session_on(project)), pretrain()
    before = sorted(p.relative_to(project.folder) for p in project.folder.rglob("*"))
    tried(session, source)
    assert sorted(p.relative_to(project.folder) for p in project.folder.rglob("*")) == before
    assert project.catalogue.rounds() == []


def test_labels_of_one_patient_are_not_enough(project, pretrain):
    session = label(session_on(project), cases=[1])
    with pytest.raises(InputError, match="at least two patients"):
        try_encoder(session, pretrain(), Control())


def test_a_volume_that_is_gone_is_named_and_the_others_are_compared(project, pretrain):
    session = label(session_on(project))
    project.catalogue.case(2).path.unlink()
    events, last = tried(session, pretrain())
    assert [event.case for event in events if isinstance(event, CaseSkipped)] == [2]
    assert last.result.volumes == 2


def test_an_encoder_that_does_not_fit_is_refused(project, pretrain):
    _, last = tried(label(session_on(project)), pretrain(width=6))
    assert last.reason is FinishReason.ERRORED
    assert isinstance(last.error, InputError)


def test_a_run_without_an_encoder_is_refused_at_once(project, tmp_path):
    with pytest.raises(RunError, match="no checkpoint"):
        try_encoder(label(session_on(project)), tmp_path, Control())


def test_it_can_be_cancelled(project, pretrain):
    control = Control()
    events = try_encoder(label(session_on(project)), pretrain(), control)
    for event in events:
        if isinstance(event, Progress) and "steps" in event.what:
            control.cancel()
    assert event.reason is FinishReason.CANCELLED


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        ((0.01, 0.03), "The encoder pays here."),
        ((-0.03, -0.01), "The encoder does harm here."),
        ((-0.01, 0.03), "That may be chance."),
    ],
)
def test_only_an_interval_on_one_side_of_nothing_is_called_an_effect(interval, verdict):
    assert str(Trial(24, 6, 5, 300, 0.7, 0.71, 0.01, interval)).endswith(verdict)


def test_what_was_found_is_remembered_for_that_encoder(project, pretrain):
    one, other = newest_checkpoint(pretrain()), newest_checkpoint(pretrain())
    keep_trial(project, one, FOUND)
    assert kept_trial(project, one) == FOUND
    assert kept_trial(project, other) is None


def test_a_broken_record_is_named_and_not_written_over(project, pretrain):
    checkpoint, path = newest_checkpoint(pretrain()), project.folder / FILE_NAME
    path.write_text("{half")
    with pytest.raises(ProjectError, match="cannot be read"):
        kept_trial(project, checkpoint)
    with pytest.raises(ProjectError, match="cannot be read"):
        keep_trial(project, checkpoint, FOUND)
    assert path.read_text() == "{half"


def test_slices_without_any_class_have_nothing_to_compare(project, pretrain):
    session = session_on(project)
    for case_id in (1, 2):
        session.open(case_id, 1)
        session.mark_empty()
    assert "show no class" in tried(session, pretrain())[1].message
