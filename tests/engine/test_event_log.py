"""The log of a run can be read by any process at any time."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.engine.control import Control
from napari_salient.engine.event_log import EVENTS, append_event, follow_events, read_events
from napari_salient.engine.events import (
    Evaluated,
    Event,
    Finished,
    FinishReason,
    MemoryFallback,
    MemoryForecast,
    Paused,
    Progress,
    Resumed,
    Saved,
    Started,
    Step,
    Warned,
)
from napari_salient.engine.hold import take_hold

if TYPE_CHECKING:
    from pathlib import Path

numbers = st.integers(0, 10**9)
texts = st.text(max_size=20)
floats = st.floats(allow_nan=False)
metrics = st.dictionaries(texts, floats, max_size=3)
any_event = st.one_of(
    st.builds(Started, numbers, numbers, texts, numbers),
    st.builds(Step, numbers, numbers, floats, floats, metrics),
    st.builds(Progress, numbers, numbers, texts),
    st.builds(Evaluated, numbers, metrics),
    st.builds(Saved, numbers, texts),
    st.builds(MemoryFallback, numbers, texts, texts),
    st.builds(MemoryForecast, numbers, numbers, texts),
    st.builds(Warned, texts),
    st.builds(Paused),
    st.builds(Resumed),
    st.builds(Finished, st.sampled_from(FinishReason), numbers, texts),
)


@given(any_event)
def test_an_event_survives_its_record(event):
    line = json.dumps(event.to_record())
    rebuilt = Event.from_record(json.loads(line))
    assert rebuilt == event
    if isinstance(rebuilt, Finished):
        assert rebuilt.reason is event.reason


def test_result_and_error_stay_in_the_process():
    record = Finished(FinishReason.ERRORED, result=object(), error=ValueError()).to_record()
    assert record == {"event": "Finished", "reason": "errored", "step": 0, "message": ""}


def test_numpy_and_paths_are_recorded_as_plain_values():
    event = Evaluated(np.int64(3), {"dice": np.float32(0.5)})
    assert event.to_record() == {"event": "Evaluated", "step": 3, "metrics": {"dice": 0.5}}


@pytest.mark.parametrize(
    "record",
    [{}, {"event": "Teleported"}, {"event": "Saved"}, {"event": "Finished", "reason": "bored"}],
    ids=str,
)
def test_a_record_of_another_version_is_no_event(record):
    assert Event.from_record(record) is None


def test_fields_of_a_later_version_are_left_out():
    record = {"event": "Saved", "step": 1, "path": "a", "colour": "red"}
    assert Event.from_record(record) == Saved(1, "a")


@dataclasses.dataclass(frozen=True)
class Labelled(Event):
    """An event that a method brings along."""

    case: str


def test_a_method_brings_its_own_events(tmp_path):
    append_event(tmp_path, Labelled("brain-01"))
    assert [event for _, event in read_events(tmp_path)] == [Labelled("brain-01")]


@pytest.mark.parametrize("kept", [1, 15, -3, -1])
def test_a_torn_last_line_costs_only_itself(tmp_path, kept):
    for step in range(3):
        append_event(tmp_path, Saved(step, "a"))
    path = tmp_path / EVENTS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]) + lines[2][:kept])
    whole = [Saved(0, "a"), Saved(1, "a")] + ([Saved(2, "a")] if kept == -1 else [])
    assert [event for _, event in read_events(tmp_path)] == whole

    append_event(tmp_path, Saved(9, "b"))
    assert [event for _, event in read_events(tmp_path)] == [*whole, Saved(9, "b")]


@given(st.binary(max_size=60))
def test_garbage_in_the_log_is_passed_over(tmp_path_factory, garbage):
    folder = tmp_path_factory.mktemp("run")
    (folder / EVENTS).write_bytes(garbage)
    append_event(folder, Saved(1, "a"))
    assert [event for _, event in read_events(folder)][-1] == Saved(1, "a")


def test_a_run_without_a_log_has_no_events(tmp_path):
    assert list(read_events(tmp_path)) == []


def test_times_are_in_utc(tmp_path):
    append_event(tmp_path, Saved(1, "a"))
    [(time, _)] = read_events(tmp_path)
    assert abs((datetime.now(UTC) - time).total_seconds()) < 60


FOLLOWER = """
import sys
from pathlib import Path
from napari_salient.engine.control import Control
from napari_salient.engine.event_log import follow_events
for time, event in follow_events(Path(sys.argv[1]), Control()):
    print(event, flush=True)
"""


def follower(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FOLLOWER, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_follower_in_another_process_sees_every_event_and_the_end(tmp_path):
    events = [Saved(n, "a") for n in range(5)]
    last = Finished(FinishReason.COMPLETED, 5)
    with follower(tmp_path) as other:
        hold = take_hold(tmp_path)
        for event in events:
            append_event(tmp_path, event)
            assert other.stdout.readline() == f"{event}\n"
        append_event(tmp_path, last)
        hold.release()
        assert other.stdout.readline() == f"{last}\n"
        assert other.wait(30) == 0


def test_a_follower_sees_a_resumed_run_through_to_its_second_end(tmp_path):
    append_event(tmp_path, Saved(8, "a"))
    append_event(tmp_path, Finished(FinishReason.ERRORED))
    hold = take_hold(tmp_path)
    followed = follow_events(tmp_path, Control())
    assert next(followed)[1] == Saved(8, "a")
    append_event(tmp_path, Saved(9, "a"))
    assert next(followed)[1] == Saved(9, "a")
    append_event(tmp_path, Finished(FinishReason.COMPLETED))
    hold.release()
    assert [event.reason for _, event in followed] == [FinishReason.COMPLETED]


KILLED = """
import os, signal, sys
from pathlib import Path
from napari_salient.engine.events import Saved
from napari_salient.engine.run import Run
from napari_salient.engine.settings import FitSettings
run = Run.create(Path(sys.argv[1]), "training", FitSettings())
for event in run.record(Saved(n, "a") for n in range(9)):
    if event.step == 5:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_follower_of_a_killed_process_is_told(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    [directory] = tmp_path.iterdir()
    events = [event for _, event in follow_events(directory, Control())]
    assert events[:-1] == [Saved(n, "a") for n in range(6)]
    assert events[-1].reason is FinishReason.ERRORED
    assert "resume" in events[-1].message


def test_a_follower_can_be_cancelled(tmp_path):
    control = Control()
    control.cancel()
    assert list(follow_events(tmp_path, control)) == []
