"""The events of a run as lines of JSON, which any process can read while it is written."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from napari_salient.engine.events import Event, Finished, FinishReason, Paused, Resumed
from napari_salient.engine.hold import is_held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_salient.engine.control import Control

EVENTS = "events.jsonl"
POLL_S = 0.1
_TAIL_BYTES = 1 << 16

Timed = tuple[datetime, Event]


def append_event(directory: Path, event: Event) -> None:
    """Add a line for `event`; the end of a run is synced to disk.

    One write call for each line, so that a reader sees whole lines. What a killed process left
    torn is closed off and later skipped.
    """
    record = {"time": datetime.now(UTC).isoformat(), **event.to_record()}
    path = directory / EVENTS
    line = json.dumps(record).encode() + b"\n"
    with path.open("ab", buffering=0) as stream:
        stream.write(line if _ends_whole(path) else b"\n" + line)
        if isinstance(event, Finished):
            os.fsync(stream.fileno())


def read_events(directory: Path) -> Iterator[Timed]:
    """Yield the events of a run so far with their times; torn and unknown lines are skipped."""
    path = directory / EVENTS
    if not path.exists():
        return
    with path.open("rb") as stream:
        for line in stream:
            timed = _parse(line)
            if timed is not None:
                yield timed


def last_event(directory: Path) -> Event | None:
    """Return the newest event of a run, reading only the end of its log."""
    return next(_newest_events(directory), None)


def is_paused(directory: Path) -> bool:
    """Return whether the newest word on pauses in a run's log is that it was told to wait."""
    for event in _newest_events(directory):
        if isinstance(event, (Paused, Resumed, Finished)):
            return isinstance(event, Paused)
    return False


def follow_events(directory: Path, control: Control) -> Iterator[Timed]:
    """Yield the events of a run from its first to its end, waiting for those to come.

    Ends after `Finished`, or when `control` is cancelled. The ends that a resumed run had before
    are left out. If the process that ran it is gone without a word (killed, power cut), the last
    event is a `Finished` that says so.
    """
    last: Timed | None = None
    lines = _follow_lines(directory / EVENTS)
    while not control.cancelled:
        alive = is_held(directory)
        for timed in filter(None, map(_parse, iter(lines.__next__, b""))):
            last = timed
            if not isinstance(timed[1], Finished):
                yield timed
        if not alive and last is not None:
            yield last if isinstance(last[1], Finished) else (datetime.now(UTC), _lost())
            return
        time.sleep(POLL_S)


def _newest_events(directory: Path) -> Iterator[Event]:
    """Yield the events in the end of a run's log, the newest first."""
    path = directory / EVENTS
    if not path.exists():
        return
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        lines = stream.readlines()
    for line in reversed(lines):
        timed = _parse(line)
        if timed is not None:
            yield timed[1]


def _follow_lines(path: Path) -> Iterator[bytes]:
    """Yield each whole line, and nothing (``b""``) whenever there is no other yet; never ends."""
    while not path.exists():
        yield b""
    torn = b""
    with path.open("rb") as stream:
        while True:
            torn += stream.readline()
            if torn.endswith(b"\n"):
                yield torn
                torn = b""
            else:
                yield b""


def _lost() -> Finished:
    message = "The process of this run ended without a word; resume the run from its checkpoint."
    return Finished(FinishReason.ERRORED, message=message)


def _parse(line: bytes) -> Timed | None:
    try:
        record = json.loads(line)
        moment = datetime.fromisoformat(record["time"])
    except (ValueError, KeyError, TypeError):
        return None
    event = Event.from_record(record)
    return None if event is None else (moment, event)


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) == 0:
            return True
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
