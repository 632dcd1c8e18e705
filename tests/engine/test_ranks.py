"""Processes that train together do what one would, stop together, and none waits for a dead one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from tiny_tasks import SETTINGS, SplitTask, TinyTask, end, saved_state, train

from napari_salient.engine.control import Control
from napari_salient.engine.event_log import follow_events, read_events
from napari_salient.engine.events import (
    Finished,
    FinishReason,
    Paused,
    Resumed,
    Saved,
    Started,
    Step,
    Warned,
)
from napari_salient.engine.optimise import Training
from napari_salient.engine.orders import RemoteControl
from napari_salient.engine.ranks import own_device
from napari_salient.engine.run import Run
from napari_salient.errors import InputError

CHILD = Path(__file__).parent / "tiny_rank.py"
PATIENCE_S = 600


@contextmanager
def together(run: Run, deed: str = "work"):
    """Start two processes, as torchrun would, that work on a run."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    command = [sys.executable, CHILD, run.directory, deed]
    processes = [
        subprocess.Popen(
            command,
            env=os.environ | shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, "training", SETTINGS)


def test_two_processes_train_as_one_and_are_steered_as_one(run: Run, tmp_path: Path) -> None:
    remote = RemoteControl(run.directory)
    with together(run) as processes:
        events = (event for _, event in follow_events(run.directory, Control()))
        next(event for event in events if isinstance(event, Step))
        remote.pause()
        next(event for event in events if isinstance(event, Paused))
        remote.resume()
        next(event for event in events if isinstance(event, Resumed))
        next(event for event in events if isinstance(event, Step))
        remote.cancel()
        said = [process.communicate(timeout=PATIENCE_S)[0] for process in processes]
    assert said[0] == said[1]
    logged = [event for _, event in read_events(run.directory)]
    assert end(logged).reason is FinishReason.CANCELLED
    assert [event.step for event in logged if isinstance(event, Saved)][-1] == end(logged).step
    [started] = [event for event in logged if isinstance(event, Started)]
    assert started.processes == 2
    [warned] = [event for event in logged if isinstance(event, Warned)]
    assert "enter the loss of Odd together" in warned.message

    alone = SplitTask()
    train(alone, tmp_path / "alone")
    of_two = saved_state(run.directory / "short")["model"]
    for name, weights in alone.model.state_dict().items():
        torch.testing.assert_close(of_two[name], weights, rtol=0, atol=1e-6)


def test_an_error_in_one_process_ends_all_and_is_told_by_the_first(run: Run) -> None:
    with together(run, "fail") as processes:
        said = [process.communicate(timeout=PATIENCE_S)[0] for process in processes]
    assert said[1].startswith("errored Training stopped: ValueError: a volume is gone")
    last = end([event for _, event in read_events(run.directory)])
    assert last.reason is FinishReason.ERRORED
    assert last.message.startswith("Process 1 of the 2 that train together failed: ")
    assert "a volume is gone" in last.message
    assert saved_state(run.directory)["step"] == last.step == 2


def test_a_process_that_vanishes_ends_the_others(run: Run) -> None:
    with together(run, "vanish") as processes:
        for process in processes:
            process.communicate(timeout=PATIENCE_S)
    [last] = [event for _, event in read_events(run.directory) if isinstance(event, Finished)]
    assert last.reason is FinishReason.ERRORED
    assert "cannot be reached any more" in last.message
    assert saved_state(run.directory)["step"] == 2


@pytest.fixture
def one_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)


def test_a_task_that_cannot_be_split_is_refused(one_of_two: None) -> None:
    with pytest.raises(InputError, match="cannot be split among 2 processes"):
        Training(TinyTask(), SETTINGS)


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_each_process_needs_a_device_of_its_own(one_of_two: None, kind: str) -> None:
    with pytest.raises(InputError, match="cannot share a device"):
        own_device(kind)
