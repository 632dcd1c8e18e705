from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_salient.project.project import Project
from napari_salient.project.states import SliceState

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier

pytestmark = [
    pytest.mark.window,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]


def test_five_slices_are_labelled_and_the_work_goes_on_after_a_restart(make_project, sit_down):
    folder = make_project()
    first = sit_down()
    first.open(folder)
    first.label(5)
    here, queue = first.desk.here, first.session.queue
    painted = first.session.case.labels.copy()
    assert first.session.progress().accepted == 5
    first.close()

    second = sit_down()
    second.open(folder)
    assert second.session.progress().accepted == 5
    assert second.session.queue == queue
    assert second.desk.here == here
    np.testing.assert_array_equal(second.session.case.labels, painted)
    second.label(1)
    assert second.session.progress().accepted == 6
    assert "accepted in" in second.bench.label_page.counts.text()


def test_a_project_is_closed_and_opened_again_in_the_same_window(make_project, sit_down):
    folder = make_project()
    annotator = sit_down()
    for drawn in range(1, 4):
        annotator.open(folder)
        annotator.brush((20, 0), (20, 10), (0, 30))
        annotator.label(1)
        annotator.panel.close_project()
        assert not annotator.viewer.layers
        annotator.canvas.repaint()
        QApplication.processEvents()
        with Project.open(folder) as project:
            states = project.journal.slice_states()
            assert sum(s.state is SliceState.ACCEPTED for s in states) == drawn


def test_a_stroke_of_the_mouse_is_on_disk_and_is_undone_after_a_restart(make_project, sit_down):
    folder = make_project()
    first = sit_down()
    first.open(folder)
    place = first.desk.here
    first.press(Qt.Key.Key_2)
    first.brush((20, 0), (20, 10), (0, 30))
    first.wait(lambda: not first.desk.view.recorder.pending)
    stroke = int((first.session.case.labels == 2).sum())
    assert stroke > 0
    assert first.bench.label_page.card.saved.text().startswith("● Saved")
    first.close()

    second = sit_down()
    second.open(folder)
    assert second.desk.here == place
    assert int((second.session.case.labels == 2).sum()) == stroke
    second.press(Qt.Key.Key_Z, CONTROL)
    assert not second.session.case.labels.any()
    record = second.session.project.journal.slice_state(place[0], "axial", place[1])
    assert record.state is SliceState.PROPOSED
    second.press(
        Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    )
    assert int((second.session.case.labels == 2).sum()) == stroke
