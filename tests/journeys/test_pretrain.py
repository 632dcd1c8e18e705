"""Somebody pretrains on volumes without labels, in a process that outlives the window."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import psutil
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QPushButton

from napari_salient.engine.events import Started
from napari_salient.engine.run import Run, RunState, list_runs, read_events
from napari_salient.engine.settings import FitSettings
from napari_salient.pretraining.settings import PoolTraining
from napari_salient.widgets.pretrain import Pretrain
from napari_salient.widgets.pretrain.run_view import CHANCE, HELD_OUT, TRAINING

PATIENCE_MS = 240_000
LONG = 200_000
"""Steps of a run that does not end by itself within a test."""

pytestmark = [
    pytest.mark.window,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]


class Expert:
    """Sits before the panel in a window of her own."""

    def __init__(self, qtbot, viewer):
        self.qtbot, self.viewer = qtbot, viewer
        self.panel = Pretrain(viewer)
        self.page, self.form = self.panel.run_page, self.panel.run_page.set_up
        self.view, self.controls = self.page.view, self.panel.controls
        viewer.window.resize(1400, 900)
        viewer.window.add_dock_widget(self.panel, name="Pretrain", area="right")
        QApplication.processEvents()

    def wait(self, condition):
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=PATIENCE_MS)

    def press(self, button):
        """Press a button by the keyboard."""
        assert button.isVisible()
        assert button.isEnabled()
        button.setFocus()
        QTest.keyClick(button, Qt.Key.Key_Space)
        QApplication.processEvents()

    def unfold(self, title):
        """Click on the title of what is folded."""
        (button,) = [b for b in self.form.findChildren(QPushButton) if b.text() == title]
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        QApplication.processEvents()

    def name_pool(self, folder):
        self.form.pool.setFocus()
        self.form.pool.line.clear()
        QTest.keyClicks(self.form.pool.line, str(folder))
        self.wait(lambda: not self.page.surveyor.busy)

    def fill_in(self, training):
        """Set what has many fields at once, and wait until it was looked at."""
        self.form.show_settings(training)
        self.wait(lambda: not self.page.surveyor.busy)

    def steps_drawn(self):
        return len(self.view.accuracy.data(TRAINING)[0]) if self.view.accuracy.names else 0

    def close(self):
        self.viewer.close()


def processes_of(run):
    """Return what was started to work on a run."""
    found = psutil.process_iter(["cmdline"])
    return [process for process in found if str(run.directory) in (process.info["cmdline"] or ())]


@pytest.fixture
def sit(make_napari_viewer, qtbot):
    return lambda: Expert(qtbot, make_napari_viewer(show=True))


@pytest.fixture
def pool(tmp_path, blobs):
    blobs(tmp_path / "images", 6)
    return tmp_path / "images"


@pytest.fixture
def tiny(pool):
    fit = FitSettings(steps=60, evaluate_every=20, save_every=20, threads=1, device="cpu")
    return PoolTraining(
        width=4, context=0, batch_size=4, held_out_batches=2, fit=fit, pool=pool, held_out_every=3
    )


@pytest.fixture
def long(tiny):
    return replace(tiny, fit=replace(tiny.fit, steps=LONG, evaluate_every=10, save_every=0))


@pytest.fixture(autouse=True)
def no_run_goes_on(tmp_path):
    """Cancel what a failed test left running, lest it compute for hours."""
    yield
    from napari_salient.engine.orders import RemoteControl

    for run in list_runs(tmp_path / "images-runs"):
        if run.state in (RunState.RUNNING, RunState.PAUSED):
            RemoteControl(run.directory).cancel()


def test_examples_are_looked_at_and_a_run_ends_with_what_was_learned(sit, pool, tiny):
    expert = sit()
    expert.name_pool(pool)
    assert "6 volumes of 6 patients" in expert.form.found.text()
    expert.fill_in(tiny)
    expert.press(expert.form.preview)
    assert expert.panel.pages.currentWidget() is expert.panel.preview_page
    expert.wait(lambda: len(expert.viewer.layers) > 0)
    expert.panel.pages.setCurrentWidget(expert.page)
    assert len(expert.viewer.layers) == 0

    expert.press(expert.controls.start)
    assert "Starting" in expert.controls.state.text()
    expert.wait(lambda: not expert.controls.running)
    assert expert.controls.state.text() == "Finished"
    assert "On held-out volumes" in expert.view.outcome.text()
    steps, chance = expert.view.accuracy.data(CHANCE)
    assert (steps.tolist(), chance.tolist()) == ([0, 60], [0.25, 0.25])
    assert expert.view.accuracy.data(HELD_OUT)[0].tolist() == [20, 40, 60]
    assert np.isfinite(expert.view.loss.data(TRAINING)[1]).all()

    (run,) = list_runs(pool.parent / "images-runs")
    assert run.state is RunState.FINISHED
    expert.press(expert.view.initialise)
    library = expert.panel.library_page
    expert.wait(lambda: library.entry is not None)
    assert library.entry.run_dir == run.directory


def test_a_run_goes_on_without_the_window_and_is_followed_paused_cancelled_and_resumed(
    sit, pool, long
):
    first = sit()
    first.fill_in(long)
    first.press(first.controls.start)
    first.wait(lambda: first.steps_drawn() and len(first.view.accuracy.data(HELD_OUT)[0]) > 1)
    (run,) = list_runs(pool.parent / "images-runs")
    first.press(first.controls.pause)
    first.wait(lambda: Run.open(run.directory).state is RunState.PAUSED)
    first.press(first.controls.pause)
    first.wait(lambda: Run.open(run.directory).state is RunState.RUNNING)
    first.press(first.controls.pause)
    first.wait(lambda: Run.open(run.directory).state is RunState.PAUSED)
    first.close()

    second = sit()
    second.name_pool(pool)
    second.wait(lambda: second.controls.running)
    second.wait(lambda: second.controls.state.text() == "Paused")
    seen = second.controls.bar.value()
    assert seen > 0
    assert len(second.view.accuracy.data(HELD_OUT)[0]) > 1
    second.press(second.controls.pause)
    second.wait(lambda: second.controls.bar.value() > seen)
    second.close()
    assert Run.open(run.directory).state is RunState.RUNNING

    third = sit()
    third.name_pool(pool)
    third.wait(lambda: third.controls.running and third.controls.bar.value() > seen)
    third.press(third.controls.cancel)
    third.wait(lambda: not third.controls.running)
    assert third.controls.state.text() == "Cancelled, progress saved"
    stopped = third.controls.bar.value()

    third.press(third.view.resume)
    third.wait(lambda: third.controls.running and third.controls.bar.value() > stopped)
    third.press(third.controls.cancel)
    third.wait(lambda: not third.controls.running)
    assert [found.id for found in list_runs(pool.parent / "images-runs")] == [run.id]
    assert Run.open(run.directory).was_cancelled


def test_the_next_run_is_prepared_while_one_goes_on(sit, pool, long):
    expert = sit()
    expert.name_pool(pool)
    expert.fill_in(long)
    expert.press(expert.controls.start)
    expert.wait(lambda: expert.controls.bar.value() > 1)

    expert.press(expert.view.set_up)
    assert expert.form.isVisible()
    assert "goes on" in expert.page.goes_on.text()
    expert.press(expert.form.presets.defaults)
    expert.wait(lambda: not expert.page.surveyor.busy)
    assert not expert.controls.start.isEnabled()
    expert.press(expert.form.preview)
    expert.wait(lambda: len(expert.viewer.layers) > 0)
    expert.panel.pages.setCurrentWidget(expert.page)
    expert.press(expert.form.budget.ask)
    expert.wait(lambda: "A step takes" in expert.form.budget.estimate.text())

    expert.press(expert.page.back)
    seen = expert.controls.bar.value()
    expert.wait(lambda: expert.controls.bar.value() > seen)
    (run,) = list_runs(pool.parent / "images-runs")
    assert run.state is RunState.RUNNING
    expert.press(expert.controls.cancel)
    expert.wait(lambda: not expert.controls.running)
    assert Run.open(run.directory).was_cancelled
    expert.press(expert.view.set_up)
    assert expert.controls.start.isEnabled()


def test_two_processes_train_as_one_run_which_the_panel_steers(sit, pool, long):
    expert = sit()
    expert.name_pool(pool)
    expert.fill_in(long)
    expert.unfold("Further options")
    expert.form.devices.setFocus()
    QTest.keyClick(expert.form.devices, Qt.Key.Key_Up)
    assert expert.form.devices.value() == 2

    expert.press(expert.controls.start)
    expert.wait(lambda: expert.controls.bar.value() > 1)
    (run,) = list_runs(pool.parent / "images-runs")
    (started,) = [event for _, event in read_events(run.directory) if isinstance(event, Started)]
    assert started.processes == 2
    assert len(processes_of(run)) == 3, "torchrun and its two"

    expert.press(expert.controls.pause)
    expert.wait(lambda: Run.open(run.directory).state is RunState.PAUSED)
    expert.press(expert.controls.pause)
    expert.wait(lambda: Run.open(run.directory).state is RunState.RUNNING)
    expert.press(expert.controls.cancel)
    expert.wait(lambda: not expert.controls.running)
    assert expert.controls.state.text() == "Cancelled, progress saved"
    assert Run.open(run.directory).was_cancelled
    expert.wait(lambda: not processes_of(run))


def test_pools_that_are_broken_are_a_sentence_and_start_nothing(sit, pool, tiny):
    expert = sit()
    (pool / "case-3.nii").write_bytes(b"no volume")
    expert.name_pool(pool)
    assert "case-3.nii" in expert.form.problem.text()
    assert not expert.controls.start.isEnabled()
    (pool / "case-3.nii").unlink()
    expert.fill_in(tiny)
    assert expert.controls.start.isEnabled()

    shutil.rmtree(pool)
    expert.press(expert.controls.start)
    expert.wait(lambda: not expert.controls.running)
    assert "The training could not start" in expert.panel.notice.text()
    assert str(pool) in expert.panel.notice.text()
    expert.press(expert.view.set_up)
    assert expert.form.isVisible()
