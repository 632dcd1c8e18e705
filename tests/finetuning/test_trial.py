"""Whether an encoder pays in a project: paired trainings on its own labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_salient.data.label_values import UNSURE
from napari_salient.data.volumes import load_image
from napari_salient.engine.control import Control
from napari_salient.engine.events import CaseSkipped, FinishReason, Progress
from napari_salient.errors import InputError, ProjectError, RunError
from napari_salient.finetuning.kept_trials import FILE_NAME, keep_trial, kept_trial
from napari_salient.finetuning.trial import PAIRS, Trial, corrected_interval, try_encoder
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


def test_an_encoder_that_does_not_fit_is_refused_before_anything_is_read(project, pretrain):
    events, last = tried(label(session_on(project)), pretrain(width=6))
    assert events == []
    assert isinstance(last.error, InputError)
    assert "width would have to be 6 and is 4" in last.message


@pytest.mark.parametrize("dims", [2, 3])
def test_several_channels_retired_classes_and_unsure_voxels_take_part(make_project, pretrain, dims):
    project = make_project(channels=2)
    session = session_on(project, spatial_dims=dims)
    session.set_schema(project.schema.add("rim").add("core"))
    for case_id in (1, 2, 3):
        session.open(case_id, 8)
        session.case.labels[8, 4:9, 5:12] = case_id
        session.case.labels[8, :2] = UNSURE
        session.accept()
    session.set_schema(project.schema.retire(2, into=1))
    _, last = tried(session, pretrain(channels=2, spatial_dims=dims))
    assert last.error is None
    assert last.result.slices == 3


def test_it_goes_by_the_labels_and_classes_of_the_moment_it_was_asked_for(project, pretrain):
    session, source = label(session_on(project)), pretrain()
    session.open(1, 8)  # The others are read when the job runs.
    expected = tried(session, source)[1].result
    events = try_encoder(session, source, Control())
    session.case.labels[8] = 0
    session.record_changes()
    session.set_schema(project.schema.add("other"))
    *_, last = events
    assert last.result == expected


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


def test_a_cancel_ends_it_at_once_while_it_measures(make_project, pretrain, monkeypatch):
    """Six volumes are looked at, four learned from; the next is the first of two to measure on."""
    control, read = Control(), []

    def load(header):
        read.append(header.path)
        if len(read) == 6 + 4 + 1:
            control.cancel()
        return load_image(header)

    session = label(session_on(make_project(6)), range(1, 7))
    events = try_encoder(session, pretrain(), control)
    monkeypatch.setattr("napari_salient.data.volumes.load_image", load)
    assert list(events)[-1].reason is FinishReason.CANCELLED
    assert len(read) == 6 + 4 + 1


@given(patients=st.integers(6, 20), noise=st.floats(0.5, 3), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_patients_that_pairs_have_in_common_do_not_make_an_effect_of_luck(patients, noise, seed):
    """Where encoders are worth nothing, few comparisons say otherwise."""
    rng = np.random.default_rng(seed)
    measured = max(round(patients / 3), 1)
    wrong = 0
    for _ in range(100):
        luck = rng.normal(size=(2, patients))
        orders = [rng.permutation(patients) for _ in range(PAIRS)]
        pairs = [luck[0, o[:measured]].mean() + luck[1, o[measured:]].mean() for o in orders]
        found = np.array(pairs) + noise * rng.normal(size=PAIRS)
        low, high = corrected_interval(found, measured, patients - measured)
        wrong += low > 0 or high < 0
    assert wrong < 20


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


def test_nothing_has_no_sign_of_a_loss():
    found = Trial(24, 6, 5, 300, 0.7, 0.6997, -0.0003, (-0.0004, 0.01))
    assert str(found).startswith("+0.0 Dice points against scratch (+0.0 to +1.0)")


def test_what_was_found_is_remembered_for_that_encoder(project, pretrain, tmp_path):
    one = newest_checkpoint(pretrain())
    twin = tmp_path / "elsewhere" / one.relative_to(tmp_path)
    keep_trial(project, one, FOUND)
    assert kept_trial(project, one) == FOUND
    assert kept_trial(project, twin) is None


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
