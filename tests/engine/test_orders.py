"""A run obeys orders from other processes, each one only in the life it was left in."""

from __future__ import annotations

import threading

import pytest

from napari_salient.engine.control import Control
from napari_salient.engine.event_log import append_event, follow_events, read_events
from napari_salient.engine.events import Finished, FinishReason, Paused, Progress, Resumed
from napari_salient.engine.orders import LOCK, ORDER, RemoteControl
from napari_salient.engine.run import Run, RunState
from napari_salient.errors import RunError

CANCELLED = Finished(FinishReason.CANCELLED)


def job(control):
    """A job that goes on until it is told to stop."""
    yield Progress(0, 1, "cases")
    tick = threading.Event()
    while control.proceed():
        tick.wait(0.01)
    yield CANCELLED


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path, "training", {})


@pytest.fixture
def remote(run):
    return RemoteControl(run.directory)


@pytest.fixture
def working(run):
    """Let the run be worked on in a thread until it is cancelled."""
    thread = threading.Thread(target=lambda: list(run.record(job(run.control))))
    thread.start()
    wait_for(run, Progress)
    yield run
    run.control.cancel()
    thread.join()


def wait_for(run, kind):
    """Read the log until there is an event of a kind."""
    assert any(isinstance(event, kind) for _, event in follow_events(run.directory, Control()))


def test_a_run_is_paused_resumed_and_cancelled_from_elsewhere(working, remote):
    remote.pause()
    wait_for(working, Paused)
    assert Run.open(working.directory).state is RunState.PAUSED
    remote.resume()
    wait_for(working, Resumed)
    assert Run.open(working.directory).state is RunState.RUNNING
    remote.cancel()
    wait_for(working, Finished)
    kinds = [type(event) for _, event in read_events(working.directory)]
    assert kinds == [Progress, Paused, Resumed, Finished]
    assert Run.open(working.directory).was_cancelled


def test_a_paused_run_is_cancelled_from_elsewhere(working, remote):
    remote.pause()
    wait_for(working, Paused)
    remote.cancel()
    wait_for(working, Finished)
    assert Run.open(working.directory).was_cancelled


@pytest.mark.parametrize("order", ["pause", "resume", "cancel"])
def test_orders_are_refused_where_nobody_works_on_the_run(run, remote, order):
    with pytest.raises(RunError, match=f"No process works on the run {run.id}"):
        getattr(remote, order)()
    assert [path.name for path in run.directory.iterdir()] == ["settings.yaml"]


def test_an_order_to_an_earlier_process_does_not_act(run):
    (run.directory / ORDER).write_text("cancel")
    events = run.record(iter([Finished(FinishReason.COMPLETED)]))
    assert not (run.directory / ORDER).exists()
    assert list(events)[-1].reason is FinishReason.COMPLETED
    (run.directory / ORDER).write_text("cancel")
    run.restart()
    assert not (run.directory / ORDER).exists()
    list(run.record(iter(())))


def test_an_order_left_before_the_first_event_is_obeyed(run, remote):
    events = run.record(job(run.control))
    remote.cancel()
    assert list(events)[-1] == CANCELLED


def test_the_newest_order_counts_but_nothing_takes_back_a_cancel(run, remote):
    events = run.record(job(run.control))
    remote.pause()
    remote.resume()
    remote.cancel()
    for order in (remote.pause, remote.resume):
        with pytest.raises(RunError, match="is being cancelled and cannot be"):
            order()
    assert list(events)[-1] == CANCELLED
    assert not [event for _, event in read_events(run.directory) if isinstance(event, Paused)]


def test_words_that_are_no_order_are_passed_over(working, remote):
    (working.directory / ORDER).write_bytes(b"\xff dance")
    remote.cancel()
    wait_for(working, Finished)


def test_a_run_killed_in_a_pause_goes_on_as_a_running_one(run):
    append_event(run.directory, Paused())
    again = Run.open(run.directory)
    assert again.state is RunState.FAILED
    again.restart()
    assert Run.open(run.directory).state is RunState.RUNNING
    list(again.record(iter(())))


def test_a_folder_that_cannot_be_written_is_said(run, remote):
    events = run.record(iter(()))
    (run.directory / LOCK).unlink(missing_ok=True)
    (run.directory / LOCK).mkdir()
    with pytest.raises(RunError, match="cannot be paused from here"):
        remote.pause()
    list(events)
