from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_salient.engine.run import RunState, list_runs
from napari_salient.project.states import PREDICTION, SliceState

SHIFT = Qt.KeyboardModifier.ShiftModifier
LONG = 20_000
"""Steps of a round that does not end by itself within a test."""

pytestmark = [
    pytest.mark.window,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]


def steps_done(annotator):
    controls = annotator.bench.controls
    return controls.bar.value() if controls.bar.format().startswith("step") else 0


def test_a_labelled_batch_is_learnt_and_comes_back_as_pre_annotation(
    make_project, sit_down, settings
):
    annotator = sit_down()
    annotator.open(make_project(), settings(batch=4, automatic=True))
    annotator.label(4)
    assert annotator.bench.trainer.running
    annotator.wait(lambda: not annotator.bench.trainer.running)
    assert [point.labelled for point in annotator.session.curve()] == [4]
    annotator.decide(Qt.Key.Key_N)
    case_id, index = annotator.desk.here
    mark = annotator.session.project.journal.slice_state(case_id, "axial", index).mark
    assert mark[:2] == (SliceState.DRAFT, PREDICTION)
    annotator.decide(Qt.Key.Key_A)
    agreements = [point.agreement for point in annotator.session.curve()]
    assert agreements == [1.0]


def test_training_is_paused_while_somebody_paints_and_goes_on(make_project, sit_down, settings):
    annotator = sit_down()
    annotator.open(make_project(), settings(steps=LONG))
    annotator.label(2)
    annotator.press(Qt.Key.Key_T, SHIFT)
    annotator.wait(lambda: steps_done(annotator) > 3)
    annotator.press(Qt.Key.Key_T, SHIFT)
    assert annotator.bench.trainer.run.state is RunState.PAUSED
    assert annotator.bench.controls.state.text() == "Paused"
    annotator.label(1)
    assert annotator.session.progress().accepted == 3
    paused_at = steps_done(annotator)
    annotator.press(Qt.Key.Key_T, SHIFT)
    annotator.wait(lambda: steps_done(annotator) > paused_at + 3)
    annotator.press(Qt.Key.Key_X, SHIFT)
    annotator.wait(lambda: not annotator.bench.trainer.running)
    assert annotator.bench.controls.state.text() == "Cancelled, progress saved"


def test_a_window_closed_while_training_leaves_a_round_that_can_be_resumed(
    make_project, sit_down, settings
):
    folder = make_project()
    first = sit_down()
    first.open(folder, settings(steps=80))
    first.label(3)
    first.press(Qt.Key.Key_T, SHIFT)
    first.wait(lambda: steps_done(first) > 12)
    first.close()
    (run,) = list_runs(folder / "runs")
    assert run.state is RunState.FINISHED
    assert list((run.directory / "checkpoints").glob("*.safetensors"))

    second = sit_down()
    second.open(folder, settings(steps=80))
    assert second.session.progress().accepted == 3
    assert second.bench.model_page.resume.isVisibleTo(second.bench.model_page)
    second.bench.model_page.resume.click()
    second.wait(lambda: not second.bench.trainer.running)
    assert [point.labelled for point in second.session.curve()] == [3]
    assert list_runs(folder / "runs")[0].id == run.id


def test_a_round_that_completed_as_the_window_closed_is_in_use_after_a_restart(
    make_project, sit_down, settings
):
    folder = make_project()
    first = sit_down()
    first.open(folder, settings(batch=3))
    first.label(3)
    first.press(Qt.Key.Key_T, SHIFT)
    assert first.bench.trainer.job.ended.wait(60)
    first.close()

    second = sit_down()
    second.open(folder, settings(batch=3))
    assert second.session.active_round.number == 1
    assert "Round 1 was complete" in second.panel.notice.text()
    assert [point.labelled for point in second.session.curve()] == [3]
    mark = second.session.project.journal.slice_state(
        second.desk.here[0], "axial", second.desk.here[1]
    )
    assert mark.mark[:2] == (SliceState.DRAFT, PREDICTION)


def test_undo_leads_back_into_another_volume(make_project, sit_down):
    annotator = sit_down()
    annotator.open(make_project())
    decided = annotator.desk.here
    annotator.label(1)
    while annotator.desk.here[0] == decided[0]:
        decided = annotator.desk.here
        annotator.label(1)
    accepted = annotator.session.progress().accepted
    annotator.session._cache.clear(keep=annotator.session.case)
    annotator.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert annotator.desk.busy
    annotator.wait(lambda: annotator.desk.here == decided)
    assert annotator.session.progress().accepted == accepted - 1
    assert annotator.desk.view.layers.labels.data is annotator.session.case.labels


def test_an_earlier_round_is_used_again(make_project, sit_down, settings):
    annotator = sit_down()
    annotator.open(make_project(), settings(batch=3))
    for number in (1, 2):
        annotator.label(3)
        annotator.press(Qt.Key.Key_T, SHIFT)
        annotator.wait(lambda: not annotator.bench.trainer.running)
        assert annotator.session.active_round.number == number
    page = annotator.bench.model_page
    annotator.press(Qt.Key.Key_F3)
    page.rounds.choose(0)
    page.use.click()
    annotator.wait(lambda: annotator.session.active_round.number == 1)
    assert [row[-1] for row in page.rounds.rows] == [True, False]
