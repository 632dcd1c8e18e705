"""Closing napari's window while a job runs."""

from __future__ import annotations

import gc
import threading

import pytest
from qtpy.QtWidgets import QWidget

from napari_salient.engine.control import Control
from napari_salient.engine.events import Finished, FinishReason, Saved, Step
from napari_salient.widgets.closing import on_closed
from napari_salient.widgets.worker import start_job

pytestmark = [
    pytest.mark.slow,
    pytest.mark.window,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]


def training(control: Control, saved: list[int]):
    step = 0
    while control.proceed():
        step += 1
        yield Step(step, 10**9, 1.0, 0.0)
        threading.Event().wait(0.001)
    threading.Event().wait(0.2)
    saved.append(step)
    yield Saved(step, "checkpoint")
    yield Finished(FinishReason.CANCELLED, step)


@pytest.mark.parametrize("paused", [False, True])
def test_closing_the_window_cancels_and_waits_for_the_save(make_napari_viewer, qtbot, paused):
    viewer = make_napari_viewer()
    panel, control, saved, events = QWidget(), Control(), [], []
    viewer.window.add_dock_widget(panel)
    job = start_job(training(control, saved), control, events.append, name="Training", owner=panel)
    qtbot.waitUntil(lambda: bool(events))
    assert any("Training" in text for text in viewer.window._task_status_manager.get_status())
    if paused:
        control.pause()
    viewer.close()
    qtbot.waitUntil(lambda: not job.running)
    assert len(saved) == 1
    assert not viewer.window._task_status_manager.is_busy()


def test_closing_the_panel_alone_ends_its_job(make_napari_viewer, qtbot):
    viewer = make_napari_viewer()
    panel, control, saved = QWidget(), Control(), []
    dock = viewer.window.add_dock_widget(panel)
    job = start_job(training(control, saved), control, owner=panel)
    dock.destroyOnClose()
    qtbot.waitUntil(lambda: not job.running)
    assert len(saved) == 1


def test_a_panel_that_pythons_collector_takes_with_its_window_is_still_heard_of(qtbot):
    heard = []

    window = QWidget()
    panel = QWidget(window)
    window.panel = panel
    on_closed(panel, lambda: heard.append("gone"))
    del window, panel
    gc.collect()
    assert heard == ["gone"]
