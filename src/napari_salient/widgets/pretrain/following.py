"""Following a run that a child process works on, and the buttons of such a run."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from napari_salient.engine.event_log import EVENTS, POLL_S, is_paused
from napari_salient.engine.events import Event, Finished, FinishReason, Paused, Step
from napari_salient.engine.hold import is_held
from napari_salient.engine.jobs import job
from napari_salient.engine.orders import RemoteControl
from napari_salient.engine.run import follow_events, read_events
from napari_salient.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import Popen

    from napari_salient.engine.control import Control
    from napari_salient.widgets.pretrain.history import History

LOG = "log.txt"
"""What the process of a run wrote, in the run's folder."""

SPEAKER = "napari-salient: "
"""How the command line begins the sentence with which it fails."""

TAIL_LINES = 6
OUT_OF_MEMORY = 9
"""The signal by which systems end a process when memory runs out, among other occasions."""


@job
def follow_job(
    directory: Path, history: History, control: Control, child: Popen[bytes] | None = None
) -> Iterator[Event]:
    """Tell what a run does; of what it did before only the newest step, the rest goes to `history`.

    Parameters
    ----------
    directory
        The run's folder.
    history
        Is fed with every event.
    control
        Ends the following, not the run.
    child
        The process that was just started to work on the run; by default some process does so.

    Yields
    ------
    Event
        As they come, a pause that goes on among them.
    Finished
        How the run ended; with the child's last words if it ended before it worked on the run.
    """
    logged = _logged(directory)
    known, newest = 0, None
    for _, event in read_events(directory):
        history.add(event)
        known += not isinstance(event, Finished)  # Earlier ends are not told again.
        newest = event if isinstance(event, Step) else newest
    if newest is not None:
        yield newest
    if child is None and is_paused(directory):
        yield Paused()
    if child is not None and not _began(child, directory, logged, control):
        yield _ended_at_start(child, directory)
        return
    for _, event in islice(follow_events(directory, control), known, None):
        history.add(event)
        yield event
    yield Finished(FinishReason.CANCELLED)


def _began(child: Popen[bytes], directory: Path, logged: int, control: Control) -> bool:
    """Wait until the child works on the run; `False` if it ended before, or on a cancel."""
    while not control.cancelled:
        ended = child.poll() is not None
        if is_held(directory) or _logged(directory) > logged:
            return True
        if ended:
            return False
        time.sleep(POLL_S)
    return False


def _logged(directory: Path) -> int:
    path = directory / EVENTS
    return path.stat().st_size if path.exists() else 0


def _ended_at_start(child: Popen[bytes], directory: Path) -> Finished:
    code = child.poll()
    if code is None or -code == signal.SIGTERM:
        return Finished(FinishReason.CANCELLED, message="It was stopped before it began.")
    said = last_words(directory / LOG) or f"it ended with exit code {code} and said nothing."
    message = f"The training could not start: {said}"
    return Finished(FinishReason.ERRORED, message=message, error=RunError(message))


def last_words(log: Path) -> str:
    """Return the sentence with which a command ended, or else the last lines that it wrote."""
    try:
        written = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    lines = [line for line in written if line.strip()][-TAIL_LINES:]
    if lines and lines[-1].startswith(SPEAKER):
        return lines[-1].removeprefix(SPEAKER)
    return "\n".join(lines)


class ChildControl(RemoteControl):
    """The buttons of a run, which can be cancelled before its process has begun to work on it.

    Parameters
    ----------
    directory
        The run's folder.
    child
        The process that was started for it, if that was done here.
    """

    def __init__(self, directory: Path, child: Popen[bytes] | None) -> None:
        super().__init__(directory)
        self._run_dir, self._child = directory, child

    def cancel(self) -> None:
        """Let the run save and end, or end the process that has not begun."""
        child = self._child
        if child is not None and child.poll() is None and not is_held(self._run_dir):
            child.terminate()
        else:
            super().cancel()

    def explain(self, finished: Finished) -> Finished:
        """Return the end of the run with what is known of its process."""
        code = self._child.poll() if self._child else None
        if finished.reason is not FinishReason.ERRORED or code is None or code >= 0:
            return finished
        why = ", perhaps for want of memory" if -code == OUT_OF_MEMORY else ""
        said = f"{finished.message} The system ended it by signal {-code}{why}."
        return replace(finished, message=said)
