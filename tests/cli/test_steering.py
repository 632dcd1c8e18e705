"""A training in a process of its own is steered from here, whatever becomes of who started it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from napari_salient.cli import main
from napari_salient.engine.child import start_child, training_command
from napari_salient.engine.control import Control
from napari_salient.engine.event_log import follow_events, read_events
from napari_salient.engine.events import (
    Event,
    Finished,
    FinishReason,
    Paused,
    Resumed,
    Saved,
    Started,
    Step,
)
from napari_salient.engine.orders import RemoteControl
from napari_salient.engine.run import Run, RunState
from napari_salient.engine.settings import FitSettings
from napari_salient.pretraining.settings import KIND, PoolTraining

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STARTER = """
import sys
from pathlib import Path
from napari_salient.cli import main
from napari_salient.engine.child import start_child, training_command
run = Path(sys.argv[1])
child = start_child(training_command(run), run / "log.txt")
print(child.pid, flush=True)
sys.stdin.read()
"""


def made_run(steps: int) -> Run:
    """Make a run as the panel does, before any process works on it."""
    fit = FitSettings(steps=steps, threads=1, save_every=0, device="cpu")
    training = PoolTraining(
        pool=Path("images").absolute(),
        width=4,
        context=0,
        batch_size=2,
        held_out_batches=1,
        fit=fit,
    )
    return Run.create(Path("runs").absolute(), KIND, training)


@pytest.fixture
def orphan(volumes: Path) -> Iterator[Run]:
    """Start a long training from a process that is then killed."""
    run = made_run(steps=1_000_000)
    command = [sys.executable, "-c", STARTER, str(run.directory)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as starter:
        child = psutil.Process(int(starter.stdout.readline()))
        starter.kill()
        starter.wait()
    yield run
    if child.is_running():
        child.kill()


def awaited(events: Iterator[Event], kind: type[Event]) -> Event:
    return next(event for event in events if isinstance(event, kind))


def test_a_training_outlives_its_starter_and_is_paused_resumed_and_cancelled(orphan: Run) -> None:
    remote = RemoteControl(orphan.directory)
    events = (event for _, event in follow_events(orphan.directory, Control()))
    assert awaited(events, Saved).step == 0
    awaited(events, Step)
    remote.pause()
    awaited(events, Paused)
    assert Run.open(orphan.directory).state is RunState.PAUSED
    remote.resume()
    awaited(events, Resumed)
    awaited(events, Step)
    assert Run.open(orphan.directory).state is RunState.RUNNING
    remote.cancel()
    end = awaited(events, Finished)
    assert end.reason is FinishReason.CANCELLED
    assert end.step > 0
    assert Run.open(orphan.directory).was_cancelled


def test_a_run_made_before_its_process_starts_at_step_0_and_goes_on_where_it_was(
    volumes: Path, json_of: Callable[..., dict]
) -> None:
    run = made_run(steps=2)
    log = run.directory / "log.txt"
    first = start_child(training_command(run.directory), log)
    assert first.wait(600) == 0, log.read_text()
    assert [e.step for _, e in read_events(run.directory) if isinstance(e, Step)] == [1, 2]
    assert "accuracy" in log.read_text()
    again = json_of("train", "pretraining", "--resume", str(run.directory))
    assert again["run"] == str(run.directory)


def test_a_child_cannot_see_the_window_nor_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    (tmp_path / "shadow.py").touch()
    code = "import os, sys; print(sorted(os.environ), os.getsid(0) == os.getpid()); import shadow"
    child = start_child([sys.executable, "-c", code], tmp_path / "log.txt")
    child.wait(60)
    said = (tmp_path / "log.txt").read_text()
    assert "'OMP_NUM_THREADS'" in said
    assert "DISPLAY" not in said
    assert "QT_" not in said
    assert "True" in said
    assert "No module named 'shadow'" in said
    assert os.environ["DISPLAY"] == ":99"


@pytest.mark.slow
def test_torchrun_trains_in_several_processes_that_speak_with_one_voice(volumes: Path) -> None:
    run = made_run(steps=2)
    log = run.directory / "log.txt"
    child = start_child(training_command(run.directory, devices=2), log)
    assert child.wait(600) == 0, log.read_text()
    [started] = [e for _, e in read_events(run.directory) if isinstance(e, Started)]
    assert started.processes == 2
    said = log.read_text()
    assert said.count("started on 2 × cpu with 1 thread") == 1
    assert said.count("completed") == 1
    assert said.count("feature_sd") == 2  # As an event, and as a result.


def test_other_commands_are_refused_under_torchrun(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(["runs", "list"]) == 2
    assert "works in one process" in capsys.readouterr().err
    assert main(["train", "pretraining", "images", "--minutes", "1"]) == 2
    assert "Minutes are for one process" in capsys.readouterr().err
