"""What a job's events look like in a log file and on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from napari_salient.cli.displays import LineDisplay, TerminalDisplay, duration, in_words
from napari_salient.engine.events import (
    Evaluated,
    Finished,
    FinishReason,
    MemoryFallback,
    Progress,
    Saved,
    Started,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def clock(seconds: float) -> Callable[[], float]:
    """Return a clock that is `seconds` further at each look."""
    now = -seconds

    def look() -> float:
        nonlocal now
        now += seconds
        return now

    return look


def test_lines_come_seldom_and_tell_the_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    display = LineDisplay("train", clock(4.0))
    for step in range(1, 7):
        display.show(Step(step, 100, 0.5, 4.0))
    assert capsys.readouterr().err.splitlines() == [
        "train: 1 of 100 steps, loss 0.5",
        "train: 4 of 100 steps, loss 0.5, 6 min 24 s left",
    ]


def test_the_last_unit_always_gets_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    display = LineDisplay("predict", clock(0.0))
    for done in (1, 2, 3):
        display.show(Progress(done, 3, "volumes"))
    lines = capsys.readouterr().err.splitlines()
    assert lines == ["predict: 1 of 3 volumes", "predict: 3 of 3 volumes"]


def test_time_left_counts_from_where_a_resumed_job_started(
    capsys: pytest.CaptureFixture[str],
) -> None:
    display = LineDisplay("train", clock(20.0))
    display.show(Progress(90, 100, "steps"))
    display.show(Progress(95, 100, "steps"))
    assert capsys.readouterr().err.splitlines()[-1] == "train: 95 of 100 steps, 20 s left"


def test_a_terminal_shows_bars_and_notable_events(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalDisplay("train") as display:
        display.show(Step(3, 10, 0.25, 0.1))
        display.show(Evaluated(3, {"dice": 0.8}))
    shown = capsys.readouterr().err
    assert "train: steps" in shown
    assert "after 3: dice 0.8" in shown


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Started(10), "started on cpu with 1 thread"),
        (Started(10, 4, "cuda:0", 8), "started from step 4 on cuda:0 with 8 threads"),
        (Evaluated(5, {"dice": 0.81234}), "after 5: dice 0.8123"),
        (Saved(5, "checkpoints/step-5"), "saved after step 5"),
        (MemoryFallback(5, "half batches", "6"), "out of memory, going on with half batches: 6"),
        (Finished(FinishReason.CANCELLED), "cancelled."),
        (Step(1, 2, 0.5, 0.1), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_notable_events_in_words(event: Started, words: str | None) -> None:
    assert in_words(event) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59, "59 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations_read_well(seconds: float, words: str) -> None:
    assert duration(seconds) == words
