from __future__ import annotations

import pytest
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_salient.widgets.closing import on_closed


@pytest.fixture
def calls():
    return []


@pytest.fixture
def docked(qtbot, calls):
    """Two widgets: a panel and what holds it."""
    dock, panel = QWidget(), QWidget()
    qtbot.addWidget(dock)
    on_closed(panel, lambda: calls.append("session"))
    on_closed(panel, lambda: calls.append("job"))
    QVBoxLayout(dock).addWidget(panel)
    return dock, panel


def test_docking_hiding_and_moving_is_not_closing(docked, calls):
    dock, panel = docked
    dock.show()
    panel.hide()
    other = QWidget()
    panel.setParent(other)
    assert calls == []
    panel.setParent(dock)


def test_a_panel_taken_out_of_its_dock_is_closed(docked, calls):
    docked[1].setParent(None)
    assert calls == ["job", "session"]


def test_a_panel_destroyed_with_its_window_is_closed(qtbot, docked, calls):
    docked[1].deleteLater()
    qtbot.waitUntil(lambda: len(calls) == 2)
    assert calls == ["job", "session"]


def test_closing_is_told_once(qtbot, docked, calls):
    _, panel = docked
    panel.setParent(None)
    panel.close()
    panel.deleteLater()
    qtbot.wait(10)
    assert len(calls) == 2


def test_what_was_taken_back_is_not_called(docked, calls):
    _, panel = docked
    take_back = on_closed(panel, lambda: calls.append("finished job"))
    take_back()
    take_back()
    panel.setParent(None)
    assert calls == ["job", "session"]


def test_a_panel_is_watched_once_however_many_jobs_it_starts(docked):
    _, panel = docked
    before = len(panel.children())
    for _ in range(100):
        on_closed(panel, print)()
    assert len(panel.children()) == before
