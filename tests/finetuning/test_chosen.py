"""The encoder that a project begins with stays chosen until its first round."""

from __future__ import annotations

import shutil

import pytest

from napari_salient.active_learning.settings import LoopSettings
from napari_salient.engine.events import FinishReason, Warned
from napari_salient.engine.run import Run
from napari_salient.errors import InputError, RunError
from napari_salient.finetuning.chosen import (
    FILE_NAME,
    choose_encoder,
    chosen_encoder,
    fitting,
    forget_encoder,
    take_up_encoder,
)
from napari_salient.project.project import Project

from .conftest import session_on

MODEL = ("spatial_dims", "width", "context")


def first_round(session):
    """Accept a slice, train on it, and return the messages and the result."""
    if not session.progress().accepted:
        session.propose(1)
        session.open_next()
        session.case.labels[session.index, 4:9, 5:12] = 1
        session.accept()
    run = Run.create(session.project.runs_dir, "segmentation", session.settings)
    *events, last = run.record(session.round_job(run))
    return [event.message for event in events if isinstance(event, Warned)], last


@pytest.fixture
def reopen(project):
    """Return a function that closes the project and opens a session on it again."""
    opened = [project]

    def again(**model):
        opened[-1].close()
        opened.append(Project.open(project.folder))
        return session_on(opened[-1], **model)

    yield again
    opened[-1].close()


def test_the_first_round_starts_from_the_chosen_encoder_also_after_a_restart(
    project, pretrain, reopen
):
    run_dir = pretrain()
    choose_encoder(session_on(project), run_dir)
    session = reopen()
    assert take_up_encoder(session) == ""
    assert chosen_encoder(session.project) == run_dir
    messages, last = first_round(session)
    assert last.reason is FinishReason.COMPLETED
    assert "an encoder that rotation taught on 2 volumes: 40 of 40 encoder tensors" in messages[0]
    assert last.result.metrics["warm_start"] == 1


def test_with_a_trained_model_the_choice_is_over(project, pretrain, reopen):
    session = session_on(project)
    choose_encoder(session, pretrain())
    session.adopt(first_round(session)[1].result)
    with pytest.raises(InputError, match="goes on from that one"):
        choose_encoder(session, pretrain())
    session = reopen()
    assert take_up_encoder(session) == ""
    assert session.first_weights is None
    assert chosen_encoder(session.project) is None


def test_an_encoder_that_is_gone_at_reopening_is_said_and_done_without(project, pretrain, reopen):
    run_dir = pretrain()
    choose_encoder(session_on(project), run_dir)
    shutil.rmtree(run_dir)
    session = reopen()
    assert f"is gone ({run_dir}); it starts from random weights" in take_up_encoder(session)
    messages, last = first_round(session)
    assert last.reason is FinishReason.COMPLETED
    assert not any("encoder" in message for message in messages)


def test_an_encoder_in_the_project_moves_with_it(project, pretrain, tmp_path):
    run_dir = pretrain(folder="project/runs")
    choose_encoder(session_on(project), run_dir)
    project.close()
    moved = tmp_path / "moved"
    project.folder.rename(moved)
    with Project.open(moved) as opened:
        session = session_on(opened)
        assert take_up_encoder(session) == ""
        assert chosen_encoder(opened) == moved / "runs" / run_dir.name


@pytest.mark.parametrize("kind", [{"width": 6, "context": 2}, {"spatial_dims": 3}])
def test_after_a_restart_the_settings_are_those_that_the_encoder_fits(project, pretrain, kind):
    session = session_on(project, **kind)
    choose_encoder(session, pretrain(**kind))
    model = fitting(LoopSettings(batch=7), project)
    assert model.batch == 7
    fitted = session_on(project, **{k: getattr(model.segmentation, k) for k in MODEL})
    fitted.first_weights = session.first_weights
    messages, last = first_round(fitted)
    assert last.reason is FinishReason.COMPLETED
    assert "encoder tensors transferred (100.0%" in messages[0]


def test_without_an_encoder_or_with_one_that_is_gone_settings_stay(project, pretrain):
    assert fitting(LoopSettings(), project) == LoopSettings()
    run_dir = pretrain(width=6)
    choose_encoder(session_on(project), run_dir)
    shutil.rmtree(run_dir)
    assert fitting(LoopSettings(), project) == LoopSettings()


def test_the_choice_can_be_taken_back(project, pretrain, reopen):
    session = session_on(project)
    choose_encoder(session, pretrain())
    forget_encoder(session)
    assert session.first_weights is None
    assert take_up_encoder(reopen()) == ""
    forget_encoder(session)


def test_settings_that_changed_after_the_choice_end_the_round_with_a_sentence(project, pretrain):
    session = session_on(project, width=6)
    choose_encoder(session, pretrain())
    _, last = first_round(session)
    assert last.reason is FinishReason.ERRORED
    assert "nothing was loaded" in last.message
    assert session.progress().accepted == 1


def test_a_broken_note_of_the_choice_is_said(project, pretrain, reopen):
    choose_encoder(session_on(project), pretrain())
    (project.folder / FILE_NAME).write_text("{")
    assert "encoder.json cannot be read" in take_up_encoder(reopen())


def test_what_is_no_checkpoint_is_not_chosen(project, tmp_path):
    session = session_on(project)
    with pytest.raises(RunError, match="no checkpoint in"):
        choose_encoder(session, tmp_path)
    assert session.first_weights is None
    assert not (project.folder / FILE_NAME).exists()
