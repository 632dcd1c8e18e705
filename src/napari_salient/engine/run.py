"""A run on disk: one folder with its settings, its events and its checkpoints."""

from __future__ import annotations

import contextlib
import enum
import logging
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any

import yaml

from napari_salient.engine.atomic import write_atomically
from napari_salient.engine.control import Control
from napari_salient.engine.event_log import (
    append_event,
    follow_events,
    is_paused,
    last_event,
    read_events,
)
from napari_salient.engine.events import Event, Finished, FinishReason, Paused, Resumed
from napari_salient.engine.hold import is_held
from napari_salient.engine.orders import obeying, take_hold_afresh
from napari_salient.engine.plain import plain
from napari_salient.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from filelock import FileLock

__all__ = ["Run", "RunState", "follow_events", "list_runs", "read_events"]

SETTINGS = "settings.yaml"

logger = logging.getLogger(__name__)


class RunState(enum.StrEnum):
    """What a run is doing."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"
    FAILED = "failed"
    FINISHED = "finished"


class Run:
    """One run: its folder, its state, and the buttons for it.

    ``idle → running ⇄ paused``, from both of these to ``finished`` (completed or cancelled) or
    ``failed``, and from these back to ``running`` by `restart`. Anything else raises `RunError`.

    Attributes
    ----------
    directory
        ``<kind>-<UTC time>-<4 hex digits>``.
    control
        The flags for the job; `restart` makes new ones.
    """

    def __init__(self, directory: Path, state: RunState, finished: Finished | None = None) -> None:
        self.directory = directory
        self.control = Control()
        self._state = state
        self._finished = finished
        self._hold: FileLock | None = None
        self._recording = False
        self._log_failed = False
        self._logging = threading.Lock()
        self._transition = threading.Lock()

    @classmethod
    def create(cls, runs_dir: Path, kind: str, settings: Any) -> Run:
        """Make the folder of a new run and write its settings, a dataclass, as ``settings.yaml``.

        Raises
        ------
        RunError
            If the folder cannot be written.
        """
        moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        directory = runs_dir / f"{kind}-{moment}-{secrets.token_hex(2)}"
        try:
            directory.mkdir(parents=True)
            text = yaml.safe_dump(plain(settings), sort_keys=False, allow_unicode=True)
            write_atomically(directory / SETTINGS, text.encode())
        except OSError as error:
            raise RunError(
                f"The run's folder {directory} cannot be written: {error.strerror}."
            ) from error
        return cls(directory, RunState.IDLE)

    @classmethod
    def open(cls, directory: Path) -> Run:
        """Open a run as its last process left it, or as another process has it now.

        Raises
        ------
        RunError
            If the folder is no run's.
        """
        if not (directory / SETTINGS).is_file():
            raise RunError(f"{directory} is not the folder of a run: it has no {SETTINGS}.")
        state, finished = _state_on_disk(directory)
        return cls(directory, state, finished)

    @property
    def id(self) -> str:
        """The name of the folder."""
        return self.directory.name

    @property
    def kind(self) -> str:
        """What kind of job it is."""
        return self.id.rsplit("-", 2)[0]

    @property
    def state(self) -> RunState:
        """What the run is doing; of a run in another process, as it was when opened."""
        return self._state

    @property
    def was_cancelled(self) -> bool:
        """Whether the run is finished because it was told to be, not because its job was done."""
        if self._state is not RunState.FINISHED or self._finished is None:
            return False
        return self._finished.reason is FinishReason.CANCELLED

    def settings(self) -> Any:
        """Return the settings as plain values.

        Raises
        ------
        RunError
            If the file was damaged by hand.
        """
        try:
            return yaml.safe_load((self.directory / SETTINGS).read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise RunError(f"{self.directory / SETTINGS} cannot be read: {error}") from error

    def record(self, events: Iterable[Event]) -> Iterator[Event]:
        """Start the run: pass on the events of its job, each also logged in ``events.jsonl``.

        The last one is always `Finished`, also if the job raises or stops without one. Meanwhile
        the run obeys an `engine.orders.RemoteControl` in any process. Pauses are logged, too, but
        not passed on, since the job says nothing then.

        Raises
        ------
        RunError
            At once, if the run is not idle or just restarted, or another process holds it.
        """
        with self._transition:
            if self._hold is None:
                self._require("started", RunState.IDLE)
                self._take_hold()
            elif self._recording:
                raise RunError(f"The run {self.id} is {self._state} and cannot be started again.")
            self._recording = True
            self._state = RunState.RUNNING
        return self._pass_on(events)

    def pause(self) -> None:
        """Let a running job wait; `RunError` in any other state."""
        with self._transition:
            self._require_held("paused", RunState.RUNNING)
            if self.control.cancelled:
                raise RunError(f"The run {self.id} is being cancelled and cannot be paused.")
            self._log(Paused())
            self.control.pause()
            self._state = RunState.PAUSED

    def resume(self) -> None:
        """Let a paused job go on; `RunError` in any other state."""
        with self._transition:
            self._require_held("resumed", RunState.PAUSED)
            self._log(Resumed())
            self._state = RunState.RUNNING
            self.control.resume()

    def cancel(self) -> None:
        """Let a running or paused job save and end; `RunError` in any other state."""
        with self._transition:
            self._require_held("cancelled", RunState.RUNNING, RunState.PAUSED)
            if self._state is RunState.PAUSED:
                self._log(Resumed())
            self._state = RunState.RUNNING
            self.control.cancel()

    def restart(self) -> None:
        """Make a finished or failed run running again, with a new `control`; then `record`.

        Raises
        ------
        RunError
            In any other state, or if another process holds the run.
        """
        with self._transition:
            self._require("restarted", RunState.FINISHED, RunState.FAILED)
            self._take_hold()
            self.control = Control()
            self._state = RunState.RUNNING

    def _take_hold(self) -> None:
        self._hold = take_hold_afresh(self.directory)
        with contextlib.suppress(OSError):
            if is_paused(self.directory):  # A process that was killed in a pause left it so.
                self._log(Resumed())

    def _pass_on(self, events: Iterable[Event]) -> Iterator[Event]:
        finished: Finished | None = None
        try:
            try:
                with obeying(self):
                    for event in events:
                        if isinstance(event, Finished):
                            finished = event
                        elif finished is None:
                            self._log(event)
                            yield event
            except Exception as error:
                logger.exception("The job of run %s raised.", self.id)
                message = f"The job failed: {type(error).__name__}: {error}"
                finished = Finished(FinishReason.ERRORED, message=message, error=error)
            finished = finished or _silent_end()
            self._log(finished)
        finally:
            self._end(finished)
        yield finished

    def _log(self, event: Event) -> None:
        """Write the event down; a full disk costs the log, not the run."""
        try:
            with self._logging:
                append_event(self.directory, event)
        except OSError as error:
            if not self._log_failed:
                logger.warning("The log of run %s cannot be written: %s", self.id, error)
            self._log_failed = True

    def _end(self, finished: Finished | None) -> None:
        with self._transition:
            self._state, self._finished = _state_after(finished), finished
            self._recording = False
            if self._hold is not None:
                self._hold.release()
                self._hold = None

    def _require(self, change: str, *states: RunState) -> None:
        if self._state not in states:
            raise RunError(f"The run {self.id} is {self._state} and cannot be {change}.")

    def _require_held(self, change: str, *states: RunState) -> None:
        self._require(change, *states)
        if self._hold is None:
            raise RunError(f"The run {self.id} belongs to another process and cannot be {change}.")


def list_runs(runs_dir: Path) -> list[Run]:
    """Return the runs in a folder, the newest first; empty if there is no such folder."""
    directories = [path.parent for path in runs_dir.glob(f"*/{SETTINGS}")]
    directories.sort(key=lambda directory: directory.name.rsplit("-", 2)[1:], reverse=True)
    return [Run.open(directory) for directory in directories]


def _state_on_disk(directory: Path) -> tuple[RunState, Finished | None]:
    if is_held(directory):
        return (RunState.PAUSED if is_paused(directory) else RunState.RUNNING), None
    last = last_event(directory)
    if last is None:
        return RunState.IDLE, None
    finished = last if isinstance(last, Finished) else None
    return _state_after(finished), finished


def _state_after(finished: Finished | None) -> RunState:
    """Return the state of a run that nobody works on; `None` if it ended without a word."""
    if finished is None or finished.reason is FinishReason.ERRORED:
        return RunState.FAILED
    return RunState.FINISHED


def _silent_end() -> Finished:
    message = "The job stopped without saying why."
    return Finished(FinishReason.ERRORED, message=message, error=RunError(message))
