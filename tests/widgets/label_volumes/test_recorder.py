from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QObject

from napari_salient.errors import ProjectError
from napari_salient.project.states import EDITED, SliceState
from napari_salient.widgets import recorder as module
from napari_salient.widgets.jump import show_slice
from napari_salient.widgets.label_volumes.case_layers import CaseLayers
from napari_salient.widgets.recorder import StrokeRecorder


class Painted:
    """A case in a viewer, a recorder that follows it, and what it said."""

    def __init__(self, session, qtbot):
        self.session, self.qtbot = session, qtbot
        self.viewer, self.owner = ViewerModel(), QObject()
        session.propose()
        proposal = session.open_next()
        self.case_id, self.index = proposal.case_id, proposal.index
        self.layer = CaseLayers(self.viewer).show(session.case, session.project.schema)
        show_slice(self.viewer, self.layer, session.plane, self.index)
        self.recorder = StrokeRecorder(self.viewer, session, self.owner)
        self.recorder.follow(self.layer)
        self.rows = []
        self.recorder.recorded.connect(self.rows.append)

    def paint(self, value=1, index=None):
        where = self.index if index is None else index
        self.layer.data_setitem((np.array([where]), np.array([2]), np.array([3])), value)

    def settle(self):
        self.qtbot.waitUntil(lambda: not self.recorder.pending)

    @property
    def stored(self):
        return self.session.project.label_array(self.case_id)


@pytest.fixture
def painted(session, qtbot):
    return Painted(session, qtbot)


def test_a_stroke_is_one_row_and_on_disk_when_it_is_said_to_be(painted, qtbot):
    with qtbot.waitSignals([painted.recorder.unsaved, painted.recorder.saved], order="strict"):
        painted.paint()
    assert len(painted.rows) == 1
    assert painted.stored[painted.index, 2, 3] == 1
    record = painted.session.project.journal.slice_state(painted.case_id, "axial", painted.index)
    assert record.mark[:2] == (SliceState.DRAFT, EDITED)


def test_several_changes_within_one_turn_of_the_event_loop_are_one_row(painted):
    painted.paint(1)
    painted.paint(2)
    painted.settle()
    assert len(painted.rows) == 1
    assert painted.stored[painted.index, 2, 3] == 2


def test_a_fill_is_recorded_although_napari_tells_of_it_before_it_happens(painted):
    painted.layer.fill((painted.index, 2, 3), 2)
    painted.settle()
    assert (painted.stored[painted.index] == 2).all()


def test_naparis_own_undo_is_recorded_like_any_change(painted):
    painted.paint()
    painted.settle()
    painted.layer.undo()
    painted.settle()
    assert len(painted.rows) == 2
    assert not painted.stored.any()


def test_a_brush_through_several_slices_is_recorded_in_all_of_them(painted):
    painted.layer.n_edit_dimensions = 3
    painted.layer.brush_size = 9
    painted.layer.paint((painted.index, 6, 6), 1)
    painted.settle()
    np.testing.assert_array_equal(painted.stored, painted.session.case.labels)
    assert painted.stored.any(axis=(1, 2)).sum() > 1


def test_a_stroke_is_not_lost_when_the_slice_is_left_at_once(painted):
    painted.paint()
    show_slice(painted.viewer, painted.layer, "axial", (painted.index + 4) % 10)
    painted.settle()
    assert painted.stored[painted.index, 2, 3] == 1


def test_scrolling_writes_nothing(painted):
    for index in range(10):
        show_slice(painted.viewer, painted.layer, "axial", index)
    painted.settle()
    assert painted.rows == []


def test_what_could_not_be_written_is_tried_again(painted, qtbot, monkeypatch):
    monkeypatch.setattr(module, "RETRY_MS", 1)
    record, told = painted.session.record_changes, []
    painted.recorder.failed.connect(told.append)

    def refuse_once(**_where):
        monkeypatch.setattr(painted.session, "record_changes", record)
        raise ProjectError("The disk is full.")

    monkeypatch.setattr(painted.session, "record_changes", refuse_once)
    with qtbot.waitSignal(painted.recorder.saved):
        painted.paint()
    assert [str(error) for error in told] == ["The disk is full."]
    assert painted.stored[painted.index, 2, 3] == 1


def test_a_layer_that_is_not_followed_any_more_is_not_heard(painted):
    painted.recorder.follow(None)
    painted.paint()
    assert not painted.recorder.pending
