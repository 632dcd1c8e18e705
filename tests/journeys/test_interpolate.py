from __future__ import annotations

from threading import Event

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_salient.project.splits import SplitFractions
from napari_salient.widgets.label_volumes import preview
from napari_salient.widgets.pool_cells import Cell
from napari_salient.widgets.worker import start_job

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier

pytestmark = [
    pytest.mark.window,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]


@pytest.fixture
def annotator(make_project, sit_down, settings):
    """Sit down before a project in which slices 10 and 14 of the first volume are labelled."""
    annotator = sit_down()
    annotator.open(make_project(), settings(batch=4))
    label(annotator, 9, 13)
    return annotator


def label(annotator, *indices, case_id=1):
    for index in indices:
        look_at(annotator, index, case_id)
        annotator.paint_truth()
        annotator.press(Qt.Key.Key_A)
        annotator.wait(lambda: not annotator.desk.busy)


def look_at(annotator, index, case_id=1):
    annotator.desk.go_to(case_id, index)
    annotator.wait(lambda: annotator.desk.here == (case_id, index))


def see_ghost(annotator):
    annotator.wait(lambda: annotator.desk.preview.showing)
    return annotator.desk.preview.ghost.layer


def mark(annotator, index, case_id=1):
    record = annotator.session.project.journal.slice_state(case_id, "axial", index)
    return record.state.value, record.note, record.pseudo


def cell(annotator, index):
    cells = annotator.bench.label_page.map.cells
    return Cell(cells.states[cells.places(1, index)][0])


def test_outlines_appear_between_two_labelled_slices_and_only_there(annotator):
    look_at(annotator, 11)
    ghost = see_ghost(annotator)
    bridge = annotator.session.bridge()
    assert ghost.contour > 0
    assert np.array_equal(ghost.data, bridge.labels)
    assert ghost.data_to_world((1, 0, 0))[0] == 11
    assert annotator.viewer.layers.selection.active is annotator.desk.view.layers.labels
    assert not annotator.session.case.labels[10:13].any()
    said = annotator.bench.label_page.card.reason.text()
    assert said.endswith("Interpolated from slices 10 and 14, not measured yet")
    assert [cell(annotator, i) for i in range(9, 14)] == [
        Cell.LABELLED, *[Cell.INTERPOLATED] * 3, Cell.LABELLED,
    ]  # fmt: skip
    look_at(annotator, 16)
    assert not annotator.desk.preview.showing
    assert "Interpolated" not in annotator.bench.label_page.card.reason.text()


def test_a_key_hides_the_outlines_until_it_is_pressed_again(annotator):
    look_at(annotator, 11)
    ghost = see_ghost(annotator)
    annotator.press(Qt.Key.Key_Q, SHIFT)
    assert not ghost.visible
    look_at(annotator, 12)
    assert not ghost.visible
    annotator.press(Qt.Key.Key_Q, SHIFT)
    assert ghost.visible


def test_a_key_accepts_what_the_outlines_show_and_goes_on(annotator):
    look_at(annotator, 11)
    wanted = see_ghost(annotator).data[1].copy()
    annotator.decide(Qt.Key.Key_I)
    assert mark(annotator, 11) == ("accepted", "interpolated", False)
    assert np.array_equal(annotator.session.project.label_array(1)[11], wanted)
    assert cell(annotator, 11) is Cell.LABELLED
    annotator.press(Qt.Key.Key_Z, CONTROL)
    annotator.wait(lambda: annotator.desk.here == (1, 11))
    assert mark(annotator, 11)[0] == "unlabelled"
    assert not annotator.session.case.labels[11].any()
    see_ghost(annotator)


def test_what_cannot_be_seen_is_shown_before_it_is_accepted(annotator):
    annotator.press(Qt.Key.Key_Q, SHIFT)
    look_at(annotator, 11)
    annotator.press(Qt.Key.Key_I)
    see_ghost(annotator)
    assert mark(annotator, 11)[0] == "unlabelled"
    assert "the same key again accepts" in annotator.panel.notice.text()
    annotator.decide(Qt.Key.Key_I)
    assert mark(annotator, 11)[0] == "accepted"


def test_a_button_fills_the_gap_with_drafts_that_are_gone_after_one_undo(annotator):
    look_at(annotator, 11)
    button = annotator.bench.label_page.decisions.buttons["Fill"]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    annotator.wait(lambda: mark(annotator, 12)[0] == "draft")
    QApplication.processEvents()
    assert [mark(annotator, i) for i in (10, 11, 12)] == [("draft", "interpolated", True)] * 3
    assert [p.index for p in annotator.session.queue[:3]] == [11, 12, 10]
    assert not annotator.desk.preview.ghost.visible
    assert cell(annotator, 12) is Cell.INTERPOLATED
    assert annotator.bench.label_page.card.state.text() == "interpolated, unchecked"
    annotator.decide(Qt.Key.Key_A)
    assert annotator.desk.here == (1, 12)
    assert mark(annotator, 11) == ("accepted", "interpolated", False)
    annotator.press(Qt.Key.Key_Z, CONTROL)
    annotator.press(Qt.Key.Key_Z, CONTROL)
    assert [mark(annotator, i)[0] for i in (10, 11, 12)] == ["unlabelled"] * 3
    assert not annotator.session.case.labels[10:13].any()


def test_outlines_that_come_late_do_not_cover_what_was_drawn_meanwhile(annotator, monkeypatch):
    drawn, ended = Event(), []

    def start_slowly(compute, control, *, on_finished, **options):
        def compute_and_wait():
            compute()
            drawn.wait()

        def note_the_end(finished):
            on_finished(finished)
            ended.append(finished)

        start_job(compute_and_wait, control, on_finished=note_the_end, **options)

    monkeypatch.setattr(preview, "start_job", start_slowly)
    look_at(annotator, 11)
    annotator.wait(lambda: annotator.session.bridge().computed)
    annotator.press(Qt.Key.Key_I, SHIFT)
    assert mark(annotator, 12)[0] == "draft"
    drawn.set()
    annotator.wait(lambda: ended)
    assert not annotator.desk.preview.ghost.visible


def test_without_labelled_slices_around_the_keys_say_what_to_do(annotator):
    look_at(annotator, 3)
    for pressed in ((Qt.Key.Key_I,), (Qt.Key.Key_I, SHIFT)):
        annotator.bench.tell("", "info")
        annotator.press(*pressed)
        assert "needs a labelled slice on both of its sides" in annotator.panel.notice.text()
    assert mark(annotator, 3)[0] == "unlabelled"


def test_outlines_never_keep_the_slider_of_another_volume(annotator):
    look_at(annotator, 11)
    ghost = see_ghost(annotator)
    look_at(annotator, 11, case_id=2)
    assert not ghost.visible
    assert ghost.data.shape == (1, 1, 1)
    look_at(annotator, 11)
    see_ghost(annotator)


def test_a_deleted_layer_of_outlines_comes_back(annotator):
    look_at(annotator, 11)
    annotator.viewer.layers.remove(see_ghost(annotator))
    look_at(annotator, 12)
    see_ghost(annotator)
    annotator.close()


def test_a_round_trains_on_what_lies_between_and_says_so(annotator):
    form = annotator.bench.model_page.form
    annotator.press(Qt.Key.Key_F3)
    form.editor("interpolate").value = True
    assert annotator.session.settings.interpolate
    annotator.press(Qt.Key.Key_F2)
    annotator.press(Qt.Key.Key_T, SHIFT)
    annotator.wait(lambda: not annotator.bench.trainer.running)
    assert "2 slices and 3 interpolated" in annotator.panel.notice.text()
    assert annotator.session.active_round.metrics["pseudo_slices"] == 3
    assert annotator.session.progress().accepted == 2


def test_held_out_volumes_are_drawn_not_interpolated(make_project, sit_down):
    annotator = sit_down()
    annotator.open(make_project(4, SplitFractions(0.5, 0.5, 0.0)))
    held_out = min(annotator.session.project.catalogue.ids_in("validation"))
    label(annotator, 9, 13, case_id=held_out)
    look_at(annotator, 11, held_out)
    annotator.press(Qt.Key.Key_I)
    assert "held out to measure the model" in annotator.panel.notice.text()
    assert annotator.desk.preview.ghost.layer is None
