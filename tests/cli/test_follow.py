"""A followed job ends with the right exit code, and Ctrl-C lets it save first."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from napari_salient.cli.follow import STOPPING, exit_code, follow
from napari_salient.engine.control import Control
from napari_salient.engine.events import Event, Finished, FinishReason, Progress
from napari_salient.errors import InputError, RunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def job(control: Control, units: int = 3) -> Iterator[Event]:
    for done in range(units):
        if not control.proceed():
            yield Finished(FinishReason.CANCELLED)
            return
        yield Progress(done + 1, units, "units")
    yield Finished(FinishReason.COMPLETED, result={"units": units})


def test_a_completed_job_gives_its_result_and_exit_code_0() -> None:
    control = Control()
    finished = follow(job(control), control, "work")
    assert finished.result == {"units": 3}
    assert exit_code(finished) == 0


def test_a_cancelled_job_gives_exit_code_130() -> None:
    control = Control()
    control.cancel()
    assert exit_code(follow(job(control), control, "work")) == 130


def test_the_error_of_a_job_is_raised() -> None:
    with pytest.raises(InputError, match="no voxels"):
        follow([Finished(FinishReason.ERRORED, error=InputError("no voxels"))], Control(), "work")


def test_an_error_read_from_a_file_is_raised_with_its_message() -> None:
    with pytest.raises(RunError, match="the disk is full"):
        follow([Finished(FinishReason.ERRORED, message="the disk is full")], Control(), "work")


def test_an_error_is_said_once_and_without_a_traceback(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from napari_salient import cli
from napari_salient.cli.follow import follow
from napari_salient.engine.control import Control
from napari_salient.engine.run import Run

def job():
    raise OSError(28, "No space left on device", "labels")
    yield

run = Run.create(Path(sys.argv[1]), "training", {})
sys.exit(cli._guarded(lambda: follow(run.record(job()), run.control, "train")))
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "napari-salient: The system reports 'No space left on device' for labels; mend that or "
        "choose another place, then repeat the command."
    ]


def test_a_job_that_just_stops_is_an_error() -> None:
    with pytest.raises(RunError, match="without saying why"):
        follow([Progress(1, 2, "units")], Control(), "work")


def test_signal_handlers_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    control = Control()
    follow(job(control), control, "work")
    assert signal.getsignal(signal.SIGINT) is before


ENDLESS = """
import sys
from napari_salient.cli.follow import exit_code, follow
from napari_salient.engine.control import Control
from napari_salient.engine.events import Finished, FinishReason, Progress

def job(control):
    yield Progress(0, 1, "units")
    print("running", flush=True)
    while control.proceed():
        pass
    print("saved", flush=True)
    yield Finished(FinishReason.CANCELLED)

control = Control()
sys.exit(exit_code(follow(job(control), control, "work")))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_process_saves_and_exits_with_130(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    process.send_signal(number)
    output, errors = process.communicate(timeout=30)
    assert output == "saved\n"
    assert STOPPING in errors
    assert process.returncode == 130
