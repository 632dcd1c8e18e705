from __future__ import annotations

import pytest
from qtpy.QtWidgets import QWidget

from napari_salient.widgets.label_volumes.compaction import Compaction


@pytest.fixture
def compaction(session, qtbot, monkeypatch):
    """Return the compaction of a session in which one edit is a long tail."""
    monkeypatch.setattr("napari_salient.active_learning.opening.LONG_TAIL", 0)
    panel = QWidget()
    qtbot.addWidget(panel)
    return Compaction(session, panel)


@pytest.fixture
def open_and_paint(session, compaction):
    """Return a function that opens a case, paints into it and returns its label file."""

    def paint(case_id):
        case = session.open(case_id, 5)
        compaction.follow()
        case.labels[5, 2, 2:6] = 1
        session.record_changes()
        return session.project.label_file(case.case)

    return paint


def test_a_case_is_compacted_when_it_is_left(session, compaction, open_and_paint, qtbot):
    first, second = open_and_paint(1), open_and_paint(2)
    qtbot.waitUntil(first.exists)
    assert not second.exists()
    compaction.close()
    assert second.exists()


def test_closing_waits_for_what_is_being_written(session, compaction, open_and_paint):
    first, second = open_and_paint(1), open_and_paint(2)
    compaction.close()
    session.project.close()
    assert first.exists()
    assert second.exists()
    assert len(list(first.parent.iterdir())) == 2


def test_a_file_that_cannot_be_written_is_told_and_nothing_is_lost(
    session, compaction, open_and_paint, qtbot, monkeypatch, caplog
):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("napari_salient.project.snapshots.move_file", full)
    first = open_and_paint(1)
    with qtbot.waitSignal(compaction.told) as told:
        open_and_paint(2)
    assert "the journal holds them" in told.args[0]
    assert list(first.parent.iterdir()) == []
    assert session.project.label_array(1)[5, 2, 2:6].all()
    with qtbot.waitSignal(compaction.told):
        compaction.close()
