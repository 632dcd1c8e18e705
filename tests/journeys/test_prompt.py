"""Prompts by mouse in napari's canvas: click, scribble, box, threshold brush, and repairs."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_salient.active_learning.prompting import Question
from napari_salient.active_learning.prompts import Smooth
from napari_salient.widgets.label_volumes.prompt_gesture import Tool

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
ALT, NO_KEY = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.NoModifier
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
BRIGHT = 2
REACH = 6.0

pytestmark = [
    pytest.mark.window,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]


class Prompter:
    """Points at voxels of the open slice with the mouse."""

    def __init__(self, annotator):
        self.annotator = annotator
        self.bar = annotator.bench.label_page.prompts

    @property
    def labels(self):
        return self.annotator.session.case.labels

    @property
    def drawn(self):
        return int((self.labels == BRIGHT).sum())

    @property
    def notice(self):
        return self.annotator.panel.notice.text()

    def rows(self):
        return [edit.kind for edit in self.annotator.session.project.journal.edits(since=0)]

    def open_ball(self):
        """Open the slice through the middle of the bright ball, and return that voxel."""
        session, desk = self.annotator.session, self.annotator.desk
        bright = session.case.image[0] > 150
        bright[..., :12] = False
        voxel = tuple(int(at) for at in np.argwhere(bright).mean(0).round())
        desk.go_to(session.case.case.id, voxel[0])
        self.annotator.press(Qt.Key.Key_O)
        self.annotator.press(Qt.Key.Key_2)
        return voxel

    def take(self, key, reach_mm=REACH):
        self.annotator.press(key)
        while self.bar.tool.tool in (Tool.CLICK, Tool.SCRIBBLE) and (
            self.bar.reach.value_mm != reach_mm
        ):
            longer = self.bar.reach.value_mm < reach_mm
            self.annotator.press(Qt.Key.Key_Period if longer else Qt.Key.Key_Comma)

    def at(self, y, x):
        """Return where the canvas shows a pixel of the slice."""
        canvas, camera = self.annotator.canvas, self.annotator.viewer.scene.camera
        right = (x - camera.center[2]) * camera.zoom + canvas.width() / 2
        down = (y - camera.center[1]) * camera.zoom + canvas.height() / 2
        return QPoint(round(right), round(down))

    def drag(self, *pixels, button=LEFT, modifier=NO_KEY):
        canvas, spots = self.annotator.canvas, [self.at(y, x) for y, x in pixels]
        QTest.mouseMove(canvas, spots[0])
        QTest.mousePress(canvas, button, modifier, spots[0])
        for spot in spots[1:]:
            QTest.mouseMove(canvas, spot)
            QApplication.processEvents()
        QTest.mouseRelease(canvas, button, modifier, spots[-1])

    def point(self, *pixels, button=LEFT, modifier=NO_KEY):
        """Draw, and wait for the answer."""
        self.drag(*pixels, button=button, modifier=modifier)
        self.annotator.wait(lambda: not self.bar.prompts.busy)
        self.annotator.wait(lambda: not self.annotator.desk.view.recorder.pending)

    def undo(self):
        self.annotator.press(Qt.Key.Key_Z, CONTROL)
        self.annotator.wait(lambda: not self.annotator.desk.view.recorder.pending)


@pytest.fixture
def sit_down_to_prompt(make_project, sit_down, settings):
    """Return a function that opens a project in the window, by default without a model."""

    def sit(labelled=0):
        annotator = sit_down()
        annotator.open(make_project(), settings(batch=8))
        if labelled:
            annotator.label(labelled)
            annotator.press(Qt.Key.Key_T, SHIFT)
            annotator.wait(lambda: not annotator.bench.trainer.running)
            annotator.wait(lambda: annotator.session.active_round)
        return Prompter(annotator)

    return sit


def test_a_click_grows_a_region_in_3d_another_cuts_it_and_both_are_undone(sit_down_to_prompt):
    prompter = sit_down_to_prompt()
    z, y, x = prompter.open_ball()
    prompter.take(Qt.Key.Key_G)
    before = len(prompter.rows())
    prompter.point((y, x))
    grown = prompter.drawn
    assert grown > 300
    assert (prompter.labels == BRIGHT).any(axis=(1, 2)).sum() >= 7
    assert prompter.rows()[before:] == ["click"]
    assert "intensities: no model yet" in prompter.bar.status.text()

    prompter.take(Qt.Key.Key_G)
    prompter.take(Qt.Key.Key_G, reach_mm=2.0)
    for gesture in ({"button": RIGHT}, {"modifier": ALT}):
        prompter.point((y, x), **gesture)
        assert prompter.labels[z, y, x] == 0
        assert 0 < prompter.drawn < grown
        prompter.undo()
        assert prompter.drawn == grown
    prompter.undo()
    assert prompter.drawn == 0
    prompter.annotator.press(Qt.Key.Key_Z, CONTROL, SHIFT)
    assert prompter.drawn == grown


def test_scribble_box_and_threshold_brush_are_one_row_each_and_are_undone(sit_down_to_prompt):
    prompter = sit_down_to_prompt()
    z, y, x = prompter.open_ball()
    bright = prompter.annotator.session.case.image[0, z] > 150
    for key, pixels, kind in (
        (Qt.Key.Key_H, [(y, x - 3), (y + 1, x), (y, x + 3)], "scribble"),
        (Qt.Key.Key_J, [(y - 6, x - 6), (y, x), (y + 6, x + 6)], "box"),
        (Qt.Key.Key_K, [(y, x - 6), (y, x), (y, x + 4)], "threshold brush"),
    ):
        prompter.take(key, reach_mm=3.0)
        prompter.bar.values.slider.setValue((150, prompter.bar.values.slider.maximum()))
        before = len(prompter.rows())
        prompter.point(*pixels)
        assert prompter.rows()[before:] == [kind]
        drawn = prompter.labels[z] == BRIGHT
        assert drawn.sum() >= 10
        assert (drawn & bright).sum() > 0.7 * drawn.sum()
        prompter.undo()
        assert not prompter.labels.any()


def test_an_outline_is_smoothed_from_the_menu_and_undone(sit_down_to_prompt):
    prompter = sit_down_to_prompt()
    _, y, x = prompter.open_ball()
    prompter.take(Qt.Key.Key_G)
    prompter.point((y, x))
    rough, menu = prompter.labels.copy(), prompter.bar.repairs
    assert menu.smooth.value() == 1.0
    menu.popup(prompter.annotator.panel.mapToGlobal(QPoint(0, 0)))
    button = menu.smooth.parent().layout().itemAt(0).widget()
    QTest.mouseClick(button, LEFT)
    prompter.annotator.wait(lambda: not prompter.bar.prompts.busy)
    assert not menu.isVisible()
    assert prompter.rows()[-1] == "smooth"
    assert (prompter.labels != rough).any()
    prompter.undo()
    np.testing.assert_array_equal(prompter.labels, rough)


def test_with_a_model_prompts_go_by_what_it_says(sit_down_to_prompt):
    prompter = sit_down_to_prompt(labelled=6)
    annotator = prompter.annotator
    z, y, x = prompter.open_ball()
    assert prompter.bar.prompts.prompting.model.wanted
    prompter.take(Qt.Key.Key_G)
    annotator.wait(lambda: prompter.bar.status.text() == "model of round 1")
    prompter.point((y, x), button=RIGHT)
    prompter.point((y, x))
    assert prompter.labels[z, y, x] == BRIGHT
    assert "model of round 1" in prompter.bar.status.text()
    prompter.take(Qt.Key.Key_K)
    prompter.bar.values.source.setCurrentText("Probability")
    maps = prompter.bar.prompts.prompting.model.probabilities().covering(range(z, z + 1))
    chance = maps[BRIGHT, z].astype(float)
    for lowest, taken in (((1 + chance[y, x]) / 2, False), (chance[y, x] / 2, True)):
        prompter.bar.values.slider.setValue((lowest, 1.0))
        prompter.point((y, x), button=RIGHT)
        assert bool(prompter.labels[z, y, x] == 0) is taken


def test_accepted_slices_stay_as_they_are(sit_down_to_prompt):
    prompter = sit_down_to_prompt()
    annotator = prompter.annotator
    z, y, x = prompter.open_ball()
    case = annotator.session.case.case.id
    annotator.desk.go_to(case, z + 1)
    annotator.decide(Qt.Key.Key_W)
    annotator.desk.go_to(case, z)
    annotator.wait(lambda: annotator.desk.here == (case, z))
    prompter.take(Qt.Key.Key_G)
    prompter.point((y, x))
    assert prompter.labels[z].any()
    assert not prompter.labels[z + 1].any()
    annotator.desk.go_to(case, z + 1)
    prompter.point((y, x))
    assert "locked" in prompter.notice
    prompter.bar.repairs.lock.trigger()
    prompter.point((y, x))
    assert prompter.labels[z + 1].any()


def test_escape_and_naparis_own_tools_leave_and_the_brush_goes_on_working(sit_down_to_prompt):
    prompter = sit_down_to_prompt()
    layer = prompter.annotator.desk.view.layers.labels
    _, y, x = prompter.open_ball()
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_P, Qt.Key.Key_G):
        prompter.take(Qt.Key.Key_G)
        assert prompter.bar.buttons[Tool.CLICK].isChecked()
        assert layer.mode == "pan_zoom"
        prompter.annotator.press(key)
        assert prompter.bar.tool.tool is None
        assert layer.mode == "paint"
        before = len(prompter.rows())
        prompter.point((y, x), (y + 2, x + 2))
        assert prompter.rows()[before:] == ["stroke"]
        prompter.undo()
    prompter.take(Qt.Key.Key_G)
    prompter.annotator.press(Qt.Key.Key_Z)
    assert layer.mode == "pan_zoom"
    before = len(prompter.rows())
    prompter.point((y, x), (y + 2, x + 2))
    assert len(prompter.rows()) == before


def test_what_cannot_be_meant_is_said_and_changes_nothing(sit_down_to_prompt):
    prompter = sit_down_to_prompt()
    _, y, x = prompter.open_ball()
    layer = prompter.annotator.desk.view.layers.labels
    before = len(prompter.rows())
    prompter.take(Qt.Key.Key_G)
    prompter.point((-3, -3))
    assert "outside the volume" in prompter.notice
    prompter.take(Qt.Key.Key_J)
    prompter.point((y, x))
    assert "holds no voxel" in prompter.notice
    prompter.take(Qt.Key.Key_K)
    prompter.bar.values.source.setCurrentText("Probability")
    prompter.point((y, x))
    assert "No model is at hand" in prompter.notice
    layer.selected_label = 0
    prompter.point((y, x))
    assert "Choose a class first" in prompter.notice
    prompter.bar.prompts.ask(Smooth(1.0))
    assert len(prompter.rows()) == before
    assert not prompter.labels.any()


@pytest.fixture
def held_answers(monkeypatch):
    """Hold back all answers until the event is set."""
    go_on, answer = threading.Event(), Question.answer

    def held(question):
        assert go_on.wait(60)
        return answer(question)

    monkeypatch.setattr(Question, "answer", held)
    yield go_on
    go_on.set()


def test_an_answer_for_a_volume_that_was_left_is_dropped(sit_down_to_prompt, held_answers):
    prompter = sit_down_to_prompt()
    annotator = prompter.annotator
    _, y, x = prompter.open_ball()
    left = annotator.session.case
    prompter.take(Qt.Key.Key_G)
    prompter.drag((y, x))
    assert prompter.bar.prompts.busy
    other = next(c for c in (1, 2, 3, 4) if c != left.case.id)
    annotator.desk.go_to(other, 5)
    annotator.wait(lambda: annotator.desk.here == (other, 5))
    held_answers.set()
    annotator.wait(lambda: not prompter.bar.prompts.busy)
    assert not prompter.labels.any()
    assert not left.labels.any()
    assert "click" not in prompter.rows()
    assert "Another volume was opened" in prompter.notice


def test_a_prompt_while_another_volume_is_read_is_dropped_with_a_word(sit_down_to_prompt):
    prompter = sit_down_to_prompt()
    desk = prompter.annotator.desk
    prompter.open_ball()
    here = prompter.annotator.session.case.case.id
    desk._loader._ready.clear()
    desk.go_to(next(c for c in (1, 2, 3, 4) if c != here), 5)
    assert desk.busy
    prompter.bar.prompts.ask(Smooth(1.0))
    assert "is being read; the prompt was dropped" in prompter.notice


def test_what_is_painted_before_the_answer_comes_stays(sit_down_to_prompt, held_answers):
    prompter = sit_down_to_prompt()
    annotator = prompter.annotator
    _, y, x = prompter.open_ball()
    prompter.take(Qt.Key.Key_G)
    prompter.drag((y, x))
    annotator.press(Qt.Key.Key_1)
    annotator.press(Qt.Key.Key_P)
    prompter.drag((y, x), (y, x + 2))
    annotator.wait(lambda: (prompter.labels == 1).any())
    painted = prompter.labels == 1
    held_answers.set()
    annotator.wait(lambda: not prompter.bar.prompts.busy)
    assert prompter.drawn > 200
    assert (prompter.labels[painted] == 1).all()
    assert prompter.rows()[-2:] == ["stroke", "click"]
