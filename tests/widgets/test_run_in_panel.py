"""A run of the engine, driven by the panel's buttons."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest
from qtpy.QtCore import Qt

from napari_salient.engine.events import Finished, FinishReason, Saved, Started, Step
from napari_salient.engine.run import Run, RunState, read_events
from napari_salient.widgets.run_controls import RunControls
from napari_salient.widgets.worker import start_job


@dataclass(frozen=True)
class Settings:
    steps: int = 10_000


def training(run: Run, steps: int):
    yield Started(total=steps)
    for step in range(1, steps + 1):
        if not run.control.proceed():
            yield Saved(step, "checkpoint")
            yield Finished(FinishReason.CANCELLED, step)
            return
        yield Step(step, steps, 1 / step, 0.0)
        threading.Event().wait(0.001)
    yield Finished(FinishReason.COMPLETED, steps)


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path, "round", Settings())


@pytest.fixture
def controls(qtbot):
    controls = RunControls("Train")
    qtbot.addWidget(controls)
    controls.show()
    return controls


def start(run, controls, steps=10_000):
    controls.follow(run)
    events = run.record(training(run, steps))
    return start_job(events, run.control, controls.show_event, controls.show_event, owner=controls)


def test_pause_resume_and_cancel_a_run(qtbot, run, controls):
    job = start(run, controls)
    qtbot.mouseClick(controls.pause, Qt.MouseButton.LeftButton)
    assert run.state is RunState.PAUSED
    qtbot.mouseClick(controls.pause, Qt.MouseButton.LeftButton)
    assert run.state is RunState.RUNNING
    qtbot.waitUntil(lambda: controls.bar.value() > 10)
    qtbot.mouseClick(controls.cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not job.running)
    assert run.state is RunState.FINISHED
    assert controls.state.text() == "Cancelled, progress saved"
    logged = [event for _, event in read_events(run.directory)]
    assert [type(event) for event in logged[-2:]] == [Saved, Finished]


def test_the_log_has_every_step_though_the_panel_shows_few(qtbot, run, controls):
    job = start(run, controls, steps=50)
    qtbot.waitUntil(lambda: not job.running)
    logged = [event for _, event in read_events(run.directory)]
    assert sum(isinstance(event, Step) for event in logged) == 50
    assert controls.bar.value() == 50


def test_closing_the_panel_of_a_paused_run_saves_it(qtbot, run, controls):
    job = start(run, controls)
    qtbot.mouseClick(controls.pause, Qt.MouseButton.LeftButton)
    controls.close()
    assert not job.running
    assert run.state is RunState.FINISHED
