from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from napari_salient.active_learning.prompting import Prompting
from napari_salient.active_learning.prompts import (
    BoxPrompt,
    BrushStroke,
    Click,
    Holes,
    Islands,
    LargestPart,
    Scribble,
    Smooth,
)
from napari_salient.errors import InputError, ProjectError
from napari_salient.project.labels import LabelSchema
from napari_salient.project.splits import SplitFractions
from napari_salient.project.states import SliceState

REACH = 6.0
DIM, BRIGHT = 1, 2


@pytest.fixture
def session(blobs):
    session = blobs.session()
    session.open(1, 12)
    return session


@pytest.fixture
def prompting(session):
    return Prompting(session)


@pytest.fixture
def with_model(trained):
    session = trained.session()
    session.open(1, 12)
    return Prompting(session)


def middle_of(session, value=BRIGHT):
    """Return the middle of a ball of the open case."""
    bright = session.case.image[0] > (150 if value == BRIGHT else 50)
    half = np.zeros_like(bright)
    half[..., 12:] = True
    return tuple(int(m) for m in np.argwhere(bright & (half == (value == BRIGHT))).mean(0).round())


def rows_of(session):
    return list(session.project.journal.edits(since=0))


def last_row(session):
    return rows_of(session)[-1]


def test_a_click_grows_a_ball_in_3d_as_one_row_and_undo_takes_it_back(session, prompting):
    before = len(rows_of(session))
    outcome = prompting.prompt(Click(middle_of(session), reach_mm=REACH), BRIGHT)
    labels = session.case.labels
    assert outcome.voxels == (labels == BRIGHT).sum() > 300
    assert outcome.slices == (labels == BRIGHT).any(axis=(1, 2)).sum() >= 7
    assert len(rows_of(session)) == before + 1
    assert last_row(session).kind == "click"
    grown = labels.copy()
    session.undo()
    assert not labels.any()
    session.redo()
    np.testing.assert_array_equal(labels, grown)


def test_slices_that_a_prompt_changes_become_drafts(session, prompting):
    prompting.prompt(Click(middle_of(session), reach_mm=REACH), BRIGHT)
    drawn = np.flatnonzero((session.case.labels == BRIGHT).any(axis=(1, 2)))
    records = session.project.journal.slice_states(1)
    drafts = [record.index for record in records if record.state is SliceState.DRAFT]
    assert sorted(drafts) == drawn.tolist()


def test_the_slices_that_a_prompt_changes_are_the_next_to_check(session, prompting):
    others = session.propose(3)
    prompting.prompt(Click(middle_of(session), reach_mm=REACH), BRIGHT)
    changed = np.flatnonzero((session.case.labels == BRIGHT).any(axis=(1, 2))).tolist()
    waiting = [(p.case_id, p.index) for p in session.queue]
    assert waiting[0] == (1, 12)
    assert sorted(index for _, index in waiting[: len(changed)]) == changed
    assert {p.reason for p in session.queue[: len(changed)]} == {"click, to be checked"}
    session.undo()
    assert [(p.case_id, p.index) for p in session.queue] == [(p.case_id, p.index) for p in others]


def test_what_is_done_is_what_the_journal_calls_it(session, prompting):
    z, y, x = middle_of(session)
    box = BoxPrompt((z, z + 1, y - 6, y + 7, x - 6, x + 7))
    line = Scribble(tuple((z, y, x + step) for step in range(-2, 3)), reach_mm=3.0)
    speck = BrushStroke(((2, 2, 2), (2, 2, 3)))
    for prompt, kind in ((line, "scribble"), (box, "box"), (speck, "threshold brush")):
        assert prompting.prompt(prompt, BRIGHT) is not None
        assert last_row(session).kind == kind
    assert prompting.prompt(Click((z, y, x), include=False, reach_mm=1.0), BRIGHT) is not None
    for repair, kind in (
        (Holes(), "holes"),
        (Smooth(1.0), "smooth"),
    ):
        assert prompting.repair(repair, BRIGHT) is not None
        assert last_row(session).kind == kind
    for repair, kind in ((Islands(5.0), "islands"), (LargestPart(), "largest part")):
        session.case.labels[2, 2, 2] = BRIGHT
        assert prompting.repair(repair, BRIGHT).voxels == 1
        assert last_row(session).kind == kind


def test_nothing_to_change_writes_nothing(session, prompting):
    click = Click((2, 2, 2), include=False, reach_mm=REACH)
    before = len(rows_of(session))
    assert prompting.prompt(click, BRIGHT) is None
    assert len(rows_of(session)) == before


def test_accepted_slices_stay_unless_they_are_unlocked(session, prompting):
    z, y, x = middle_of(session)
    session.open(1, z + 1)
    session.accept()
    session.open(1, z)
    click = Click((z, y, x), reach_mm=REACH)
    prompting.prompt(click, BRIGHT)
    drawn = (session.case.labels == BRIGHT).any(axis=(1, 2))
    assert drawn[z]
    assert not drawn[z + 1]
    session.undo()
    prompting.keep_accepted = False
    prompting.prompt(click, BRIGHT)
    assert (session.case.labels[z + 1] == BRIGHT).any()
    mark = session.project.journal.slice_state(1, "axial", z + 1).mark
    assert mark.state is SliceState.DRAFT


def test_a_prompt_on_an_accepted_slice_is_refused_in_a_sentence(session, prompting):
    session.accept()
    with pytest.raises(InputError, match="locked"):
        prompting.prompt(Click((12, 12, 12)), BRIGHT)


def test_a_repair_leaves_accepted_slices_alone(session, prompting):
    session.case.labels[12, 3, 3] = BRIGHT
    session.case.labels[13, 8:12, 8:12] = BRIGHT
    session.record_changes()
    session.accept()
    assert prompting.repair(LargestPart(), BRIGHT) is None
    assert session.case.labels[12, 3, 3] == BRIGHT


def test_a_prompt_can_be_kept_to_the_open_slice(session, prompting):
    z, y, x = middle_of(session)
    session.open(1, z)
    prompting.this_slice_only = True
    outcome = prompting.prompt(Click((z, y, x), reach_mm=REACH), BRIGHT)
    assert outcome.slices == 1
    assert (session.case.labels != 0).any(axis=(1, 2)).nonzero()[0].tolist() == [z]


def test_strokes_made_while_the_answer_is_worked_out_stay(session, prompting):
    z, y, x = middle_of(session)
    question = prompting.ask(Click((z, y, x), reach_mm=REACH), BRIGHT)
    session.case.labels[z, y - 1 : y + 2, x] = DIM
    found = question.answer()
    assert prompting.put(question, found) is not None
    assert (session.case.labels[z, y - 1 : y + 2, x] == DIM).all()
    assert [row.kind for row in rows_of(session)[-2:]] == ["stroke", "click"]


def test_a_slice_accepted_while_the_answer_is_worked_out_stays(session, prompting):
    z, y, x = middle_of(session)
    session.open(1, z)
    question = prompting.ask(Click((z, y, x), reach_mm=REACH), BRIGHT)
    session.accept()
    prompting.put(question, question.answer())
    assert not session.case.labels[z].any()
    assert session.case.labels.any()


def test_an_answer_for_a_case_that_is_not_open_any_more_is_dropped(session, prompting):
    question = prompting.ask(Click(middle_of(session), reach_mm=REACH), BRIGHT)
    first, found = session.case, question.answer()
    session.open(2, 5)
    before = len(rows_of(session))
    assert not prompting.is_open(question)
    assert prompting.put(question, found) is None
    assert not session.case.labels.any()
    assert not first.labels.any()
    assert len(rows_of(session)) == before


def test_an_answer_for_a_class_that_was_retired_meanwhile_draws_nothing(session, prompting):
    question = prompting.ask(Click(middle_of(session), reach_mm=REACH), BRIGHT)
    found = question.answer()
    session.set_schema(session.project.schema.retire(BRIGHT))
    assert prompting.put(question, found) is None
    assert not session.case.labels.any()


def test_what_cannot_be_written_leaves_the_labels_as_they_were(session, prompting):
    click = Click(middle_of(session), reach_mm=REACH)
    question = prompting.ask(click, BRIGHT)
    found = question.answer()
    session.project.journal.close()
    with pytest.raises(ProjectError):
        prompting.put(question, found)
    assert not session.case.labels.any()


@pytest.mark.parametrize(
    ("prompt", "value", "sentence"),
    [
        (Click((99, 0, 0)), BRIGHT, "outside the volume"),
        (Click((0, 0, 0)), 0, "no class with value 0"),
        (Click((0, 0, 0)), 7, "choose one of 1, 2"),
        (BoxPrompt((3, 3, 0, 5, 0, 5)), BRIGHT, "holds no voxel"),
        (BrushStroke((), of="probability"), BRIGHT, "no voxel"),
        (BrushStroke(((0, 0, 0),), of="probability"), BRIGHT, "No model is at hand"),
    ],
)
def test_bad_prompts_change_nothing_and_say_why(session, prompting, prompt, value, sentence):
    before = len(rows_of(session))
    with pytest.raises(InputError, match=sentence):
        prompting.prompt(prompt, value)
    assert len(rows_of(session)) == before
    assert not session.case.labels.any()


def test_without_an_open_case_a_prompt_is_refused(blobs):
    with pytest.raises(InputError, match="No slice is open"):
        Prompting(blobs.session()).prompt(Click((0, 0, 0)), BRIGHT)


def test_a_repair_of_a_class_that_is_not_drawn_is_refused(prompting):
    with pytest.raises(InputError, match="No voxel has the class"):
        prompting.repair(Smooth(1.0), DIM)


def test_prompts_go_by_intensities_until_the_model_is_loaded(with_model):
    assert with_model.model.wanted
    assert "loading" in with_model.model.without()
    assert with_model.ask(Click((12, 12, 12)), BRIGHT).probabilities is None
    with_model.model.load()
    assert not with_model.model.wanted
    assert with_model.model.without() == ""
    assert with_model.ask(Click((12, 12, 12)), BRIGHT).probabilities is not None


def test_held_out_slices_are_drawn_without_the_model_that_they_measure(make_blobs):
    blobs = make_blobs(cases=4, fractions=SplitFractions(0.5, 0.5, 0.0))
    session = blobs.session(steps=2)
    session.propose()
    blobs.label(session, 2)
    session.adopt(blobs.train(session))
    session.open(min(blobs.project.catalogue.ids_in("validation")), 12)
    prompting = Prompting(session)
    prompting.model.load()
    assert prompting.model.without() == "held out to measure the model"
    assert prompting.ask(Click((12, 12, 12)), BRIGHT).probabilities is None
    session.open(min(blobs.project.catalogue.ids_in("pool")), 12)
    assert prompting.model.without() != "held out to measure the model"


def test_only_the_slices_within_reach_are_predicted_and_each_once(with_model):
    with_model.model.load()
    question = with_model.ask(Click((12, 12, 12), reach_mm=2.0), BRIGHT)
    question.answer()
    maps = question.probabilities.covering(range(12, 13))
    known = maps.astype(np.float32).sum(0)
    np.testing.assert_allclose(known[10:15], 1, atol=0.01)
    assert not known[:10].any()
    assert not known[15:].any()
    again = with_model.ask(Click((11, 12, 12), reach_mm=1.0), BRIGHT)
    assert again.probabilities is question.probabilities


def test_the_threshold_brush_follows_the_model(with_model):
    with_model.model.load()
    session = with_model._session
    z = middle_of(session)[0]
    everywhere = tuple((z, y, x) for y in range(24) for x in range(24))
    session.case.labels[...] = 0
    with_model.prompt(BrushStroke(everywhere, low=0.5, of="probability"), BRIGHT)
    bright = session.case.image[0, z] > 150
    drawn = session.case.labels[z] == BRIGHT
    assert 2 * (drawn & bright).sum() / (drawn.sum() + bright.sum()) > 0.5


def test_another_case_and_another_round_have_probabilities_of_their_own(with_model):
    with_model.model.load()
    session = with_model._session
    first = with_model.model.probabilities()
    session.open(2, 12)
    assert with_model.model.probabilities() is not first
    session._round = dataclasses.replace(session.active_round, run_id="another")
    assert with_model.model.wanted
    assert with_model.model.probabilities() is None


def test_a_model_that_lost_a_class_or_does_not_know_one_is_not_used(with_model):
    session = with_model._session
    with_model.model.load()
    session._round = dataclasses.replace(session.active_round, metrics={"dead_classes": 1.0})
    assert "lost a class" in with_model.model.without()
    assert with_model.model.probabilities() is None
    session._round = dataclasses.replace(session.active_round, metrics={})
    session.set_schema(LabelSchema.of("dim", "bright", "new"))
    assert "classes changed" in with_model.model.without()


def test_a_model_that_cannot_be_read_is_named_and_prompts_go_on(with_model):
    session = with_model._session
    run_dir = session.project.runs_dir / session.active_round.run_id
    (run_dir / "round.json").unlink()
    with_model.model.load()
    assert "cannot be read" in with_model.model.without()
    assert not with_model.model.wanted
    session.case.labels[...] = 0
    assert with_model.prompt(Click(middle_of(session), reach_mm=REACH), BRIGHT) is not None


def test_this_slice_only_means_the_slice_on_which_the_prompt_was_given(session, prompting):
    z, y, x = middle_of(session)
    session.open(1, z)
    prompting.this_slice_only = True
    click, limits = Click((z, y, x), reach_mm=REACH), prompting.limits()
    session.open(1, z + 1)
    question = prompting.ask(click, BRIGHT, limits)
    session.open(1, z + 2)
    assert prompting.put(question, question.answer()).slices == 1
    assert session.case.labels[z].any()


def test_what_a_prompt_changed_elsewhere_is_no_slice_that_somebody_drew(session, prompting):
    z, y, x = middle_of(session)
    session.open(1, z)
    prompting.prompt(Click((z, y, x), reach_mm=REACH), BRIGHT)
    session.open(1, z - 6)
    session.mark_empty()
    notes = {r.index: r.note for r in session.project.journal.slice_states(1)}
    assert (notes[z], notes[z - 1]) == ("edited", "prompted")
    session.open(1, z - 1)
    assert (session.bridge().first, session.bridge().last) == (z - 6, z)
    session.accept()
    assert session.project.journal.slice_state(1, "axial", z - 1).note == "prompted"


def test_a_repair_leaves_the_drafts_that_were_interpolated_marked_as_such(session, prompting):
    for index in (9, 13):
        session.open(1, index)
        session.case.labels[index, 4:9, 4 : index - 1] = BRIGHT
        session.accept()
    session.open(1, 12)
    session.fill_between()
    session.open(1, 3)
    assert prompting.repair(Smooth(1.0), BRIGHT).slices >= 3
    marks = [session.project.journal.slice_state(1, "axial", i).mark for i in (10, 11, 12)]
    assert marks == [(SliceState.DRAFT, "interpolated", True)] * 3
