"""The ten traps of the stock worker, and what `start_job` does about them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings

import pytest
from napari._qt.qthreading import wait_for_workers_to_quit
from qtpy.QtCore import QThreadPool, QTimer
from qtpy.QtWidgets import QWidget

from napari_salient.engine.control import Control
from napari_salient.engine.events import Finished, FinishReason, Progress, Saved, Started, Step
from napari_salient.engine.threads import BEHIND_WINDOW, limit_threads
from napari_salient.widgets.worker import end_jobs, start_job


class Heard:
    """What arrived, and on which thread."""

    def __init__(self) -> None:
        self.events: list = []
        self.finished: list[Finished] = []
        self.threads: set[threading.Thread] = set()

    def event(self, event) -> None:
        self.events.append(event)
        self.threads.add(threading.current_thread())

    def end(self, event) -> None:
        self.finished.append(event)
        self.threads.add(threading.current_thread())


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def start(qtbot, heard):
    """Start a job; at the end of the test it is over."""
    jobs = []

    def start(events, control=None, **options):
        job = start_job(events, control or Control(), heard.event, heard.end, **options)
        jobs.append(job)
        return job

    yield start
    for job in jobs:
        assert job.close(timeout_s=10)
    assert QThreadPool.globalInstance().waitForDone(10_000)
    qtbot.wait(1)


def endless(control: Control, saved: list | None = None):
    """Train until cancelled, then save, as the engine does."""
    yield Started(total=10**9)
    step = 0
    while control.proceed():
        step += 1
        yield Step(step, 10**9, 1.0, 0.0)
        threading.Event().wait(0.001)
    if saved is not None:
        saved.append(step)
    yield Saved(step, "checkpoint")
    yield Finished(FinishReason.CANCELLED, step)


def test_events_arrive_on_the_main_thread_and_the_last_one_is_finished(qtbot, start, heard):
    start(iter([Started(2), Step(1, 2, 0.5, 0.1), Finished(FinishReason.COMPLETED, result=42)]))
    qtbot.waitUntil(lambda: bool(heard.finished))
    assert heard.finished[0].result == 42
    assert heard.events[0] == Started(2)
    assert heard.threads == {threading.main_thread()}


def test_a_function_is_called_in_the_worker_and_its_value_is_the_result(qtbot, start, heard):
    job = start(threading.current_thread)
    qtbot.waitUntil(lambda: not job.running)
    assert heard.finished[0].reason is FinishReason.COMPLETED
    assert heard.finished[0].result is not threading.main_thread()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
def test_a_job_that_computes_waits_for_the_window(qtbot, start, heard):
    def compute():
        with limit_threads(1):
            return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    start(compute)
    qtbot.waitUntil(lambda: bool(heard.finished), timeout=60_000)  # the first one loads torch
    window = os.getpriority(os.PRIO_PROCESS, os.getpid())
    assert heard.finished[0].result == min(19, window + BEHIND_WINDOW)


@pytest.mark.parametrize("error", [RuntimeError("out of memory"), KeyError("x"), SystemExit(3)])
def test_whatever_a_job_raises_arrives_as_finished(qtbot, start, heard, error, caplog):
    def fails():
        yield Started(1)
        raise error

    start(fails())
    qtbot.waitUntil(lambda: bool(heard.finished))
    assert heard.finished[0].reason is FinishReason.ERRORED
    assert heard.finished[0].error is error
    assert "Traceback" in caplog.text


def test_a_job_that_ends_without_a_word_has_failed(qtbot, start, heard):
    start(iter([Started(1)]))
    qtbot.waitUntil(lambda: bool(heard.finished))
    assert heard.finished[0].reason is FinishReason.ERRORED


def test_nothing_is_heard_after_finished(qtbot, start, heard):
    start(iter([Finished(FinishReason.COMPLETED), Finished(FinishReason.ERRORED)]))
    qtbot.waitUntil(lambda: bool(heard.finished))
    qtbot.wait(20)
    assert [event.reason for event in heard.finished] == [FinishReason.COMPLETED]


def test_a_flood_of_steps_is_thinned_out_but_ends_with_the_newest(qtbot, start, heard):
    def flood():
        for number in range(20_000):
            yield Step(number, 20_000, 1.0, 0.0)
        yield Finished(FinishReason.COMPLETED)

    start(flood())
    qtbot.waitUntil(lambda: bool(heard.finished))
    assert len(heard.events) < 200
    assert heard.events[-1].step == 19_999


def test_resume_right_after_pause_is_not_lost(qtbot, start, heard):
    control = Control()
    job = start(endless(control), control)
    qtbot.waitUntil(lambda: len(heard.events) > 1)
    control.pause()
    control.resume()
    seen = heard.events[-1].step
    qtbot.waitUntil(lambda: heard.events[-1].step > seen + 10)
    job.close()


def test_quitting_while_paused_saves_and_ends(qtbot, start, heard):
    control, saved = Control(), []
    start(endless(control, saved), control)
    qtbot.waitUntil(lambda: len(heard.events) > 1)
    control.pause()
    wait_for_workers_to_quit(10_000)
    qtbot.waitUntil(lambda: bool(heard.finished))
    assert heard.finished[0].reason is FinishReason.CANCELLED
    assert saved == [heard.finished[0].step]


def test_close_waits_for_the_save_and_delivers_the_end(qtbot, start, heard):
    control, saved = Control(), []
    job = start(endless(control, saved), control)
    assert job.close(timeout_s=10)
    assert saved
    assert heard.finished[0].reason is FinishReason.CANCELLED


def test_a_job_started_and_closed_within_one_slot_does_not_hang(qtbot, start, heard):
    QTimer.singleShot(0, lambda: start(endless(control := Control()), control).close(timeout_s=10))
    qtbot.waitUntil(lambda: bool(heard.finished))


@pytest.mark.parametrize("close", [QWidget.close, QWidget.deleteLater])
def test_when_the_owner_goes_the_job_has_saved_and_nobody_is_called(qtbot, start, heard, close):
    control, saved, owner = Control(), [], QWidget()
    start(endless(control, saved), control, owner=owner)
    qtbot.waitUntil(lambda: bool(heard.events))
    close(owner)
    qtbot.waitUntil(lambda: control.cancelled)
    assert saved
    assert not heard.finished


def test_the_jobs_of_a_panel_and_its_parts_end_unheard_and_others_go_on(qtbot, start, heard):
    panel, other = QWidget(), QWidget()
    part, saved = QWidget(panel), []
    controls = [Control() for _ in range(3)]
    for control, owner in zip(controls, (panel, part, other), strict=True):
        start(endless(control, saved), control, owner=owner)
    qtbot.waitUntil(lambda: len(heard.events) > 3)
    end_jobs(panel)
    assert len(saved) == 2
    assert not heard.finished
    assert [control.cancelled for control in controls] == [True, True, False]


def test_an_error_in_a_slot_does_not_lose_the_end(qtbot, heard):
    def slot(event):
        heard.event(event)
        raise ValueError("slot")

    with qtbot.capture_exceptions() as raised:
        start_job(iter([Started(1), Finished(FinishReason.COMPLETED)]), Control(), slot, heard.end)
        qtbot.waitUntil(lambda: bool(heard.finished))
    assert [kind for kind, *_ in raised] == [ValueError]


def test_paused_jobs_leave_room_for_others(qtbot, start, heard):
    controls = [Control() for _ in range(QThreadPool.globalInstance().maxThreadCount() + 1)]
    jobs = [start(endless(control), control) for control in controls]
    for control in controls:
        control.pause()
    start(lambda: "prefetched")
    qtbot.waitUntil(lambda: bool(heard.finished))
    assert heard.finished[0].result == "prefetched"
    for job in jobs:
        job.close()


def test_a_job_leaves_the_warning_filters_alone(qtbot, start, heard):
    before = warnings.showwarning, list(warnings.filters)
    job = start(endless(control := Control()), control)
    qtbot.waitUntil(lambda: bool(heard.events))
    assert (warnings.showwarning, list(warnings.filters)) == before
    job.close()


def test_progress_is_shown_soon_even_if_nothing_follows_it(qtbot, start, heard):
    release = threading.Event()

    def slow():
        yield Progress(1, 2, "slices")
        release.wait(10)
        yield Finished(FinishReason.COMPLETED)

    start(slow())
    qtbot.waitUntil(lambda: bool(heard.events))
    release.set()


def test_opening_the_parts_imports_no_torch():
    modules = ["worker", "run_controls", "keys", "notice", "pool_map"]
    code = "import sys\n" + "".join(f"import napari_salient.widgets.{m}\n" for m in modules)
    code += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
