"""Two ways to show a job's events: bars and the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from napari_salient.engine.events import (
    Evaluated,
    Event,
    Finished,
    MemoryFallback,
    MemoryForecast,
    Paused,
    Progress,
    Resumed,
    Saved,
    Started,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from rich.progress import TaskID

LINE_EVERY_S = 10.0
"""Seconds between two plain lines about the same thing."""


class LineDisplay:
    """Writes lines: every notable event, and how far the job is from time to time."""

    def __init__(self, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._title = title
        self._clock = clock
        self._paces: dict[str, Pace] = {}
        self._last_line: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, event: Event) -> None:
        """Write the line of an event, if it is time for one."""
        text = in_words(event)
        count = counted(event)
        if text:
            self._write(text)
        elif count:
            self._count(*count, what=_detail(event))

    def _count(self, done: int, total: int, unit: str, what: str) -> None:
        now = self._clock()
        pace = self._paces.setdefault(unit, Pace(done, now))
        is_due = now - self._last_line.get(unit, -LINE_EVERY_S) >= LINE_EVERY_S
        if is_due or done == total:
            self._last_line[unit] = now
            left = pace.time_left(done, total, now)
            parts = (f"{done} of {total} {unit}", what, f"{left} left" if left else "")
            self._write(", ".join(part for part in parts if part))

    def _write(self, text: str) -> None:
        print(f"{self._title}: {text}", file=sys.stderr, flush=True)


class NoDisplay(LineDisplay):
    """Leaves it to the first of several processes to say how their training goes."""

    def show(self, event: Event) -> None:
        """Show nothing."""


class TerminalDisplay:
    """Draws a bar for each kind of unit, with the notable events as lines above."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[detail]}"),
            console=Console(stderr=True),
        )
        self._bar_of: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def show(self, event: Event) -> None:
        """Move the bar that the event is about, or write its line."""
        text = in_words(event)
        count = counted(event)
        if text:
            self._bars.console.print(text, markup=False, highlight=False)
        elif count:
            done, total, unit = count
            if unit not in self._bar_of:
                label = f"{self._title}: {unit}"
                self._bar_of[unit] = self._bars.add_task(label, total=total, detail="")
            self._bars.update(
                self._bar_of[unit], completed=done, total=total, detail=_detail(event)
            )


class Pace:
    """How fast units pass, counted from the first one seen."""

    def __init__(self, done: int, now: float) -> None:
        self._done = done
        self._start = now

    def time_left(self, done: int, total: int, now: float) -> str:
        """Return the time left in words; empty while unknown and at the end."""
        passed = done - self._done
        if not passed or done >= total:
            return ""
        return duration((total - done) * (now - self._start) / passed)


def duration(seconds: float) -> str:
    """Return a duration as ``45 s``, ``3 min 20 s`` or ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def counted(event: Event) -> tuple[int, int, str] | None:
    """Return done, total and unit of an event that counts."""
    match event:
        case Step():
            return event.step, event.total, "steps"
        case Progress():
            return event.done, event.total, event.what
    return None


def in_words(event: Event) -> str | None:
    """Return the line of an event worth one."""
    match event:
        case Started():
            start = f"from step {event.step} " if event.step else ""
            threads = f"{event.threads} thread{'s' * (event.threads != 1)}"
            devices = f"{event.processes} × {event.device}" if event.processes > 1 else event.device
            return f"started {start}on {devices} with {threads}"
        case Evaluated():
            return f"after {event.step}: {_numbers(event.metrics)}"
        case Saved():
            return f"saved after step {event.step}"
        case MemoryForecast():
            return event.sentence
        case MemoryFallback():
            return f"out of memory, going on with {event.rung}: {event.detail}"
        case Paused():
            return "paused"
        case Resumed():
            return "goes on"
        case Finished():
            return f"{event.reason}. {event.message}".rstrip()
        case Step() | Progress():
            return None
    return _fields(event.to_record())


def _fields(record: dict[str, Any]) -> str:
    """Return an event of a method's own in words; those meant for the reader have a message."""
    message = record.pop("message", None)
    kind = record.pop("event")
    about = ", ".join(f"{name} {value}" for name, value in record.items())
    return ": ".join(part for part in (about, message or kind) if part)


def _detail(event: Event) -> str:
    return _numbers({"loss": event.loss, **event.metrics}) if isinstance(event, Step) else ""


def _numbers(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())
