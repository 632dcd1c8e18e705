"""Follows a job on the command line.

Its events are shown, Ctrl-C becomes a cancel that saves, and its end becomes an exit code.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING

from napari_salient.cli import DONE, FAILED, INTERRUPTED
from napari_salient.cli.displays import LineDisplay, NoDisplay, TerminalDisplay
from napari_salient.engine import ranks
from napari_salient.engine.events import Event, Finished, FinishReason
from napari_salient.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from types import FrameType

    from napari_salient.engine.control import Control

STOPPING = "Stopping once the state is saved; press Ctrl-C again to stop at once."
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def follow(job: Iterable[Event], control: Control, title: str) -> Finished:
    """Show a job of this process as `watch` does, and let Ctrl-C cancel it."""
    with _cancelled_by_signals(control):
        return watch(job, title)


def watch(events: Iterable[Event], title: str) -> Finished:
    """Show events on standard error until they end and return the last one.

    An error is raised, neither shown nor logged with its traceback, so that it is said once.

    Raises
    ------
    Exception
        What ended the job, if it did not end by itself or by being cancelled.
    """
    finished = None
    if logging.lastResort:
        logging.lastResort.addFilter(_has_no_traceback)
    with _display(title) as display:
        for event in events:
            if isinstance(event, Finished):
                finished = event
                _raise_error_of(event)
            display.show(event)
    if finished is None:
        raise RunError(f"The job '{title}' stopped without saying why; look at its last events.")
    return finished


def _has_no_traceback(record: logging.LogRecord) -> bool:
    return not record.exc_info


def _raise_error_of(finished: Finished) -> None:
    if finished.reason == FinishReason.ERRORED:
        raise finished.error or RunError(finished.message)


def exit_code(finished: Finished) -> int:
    """Return 0 for a job that was completed and 130 for one that was interrupted."""
    return INTERRUPTED if finished.reason == FinishReason.CANCELLED else DONE


def left_out_code(finished: Finished, left_out: Collection[str]) -> int:
    """Return the exit code of a job over cases: 1 after saying which it left out, if any."""
    if finished.reason == FinishReason.CANCELLED or not left_out:
        return exit_code(finished)
    print(f"napari-salient: {finished.message}", file=sys.stderr)
    return FAILED


def _display(title: str) -> TerminalDisplay | LineDisplay:
    if not ranks.is_first():
        return NoDisplay(title)
    return TerminalDisplay(title) if sys.stderr.isatty() else LineDisplay(title)


@contextmanager
def _cancelled_by_signals(control: Control) -> Iterator[None]:
    """Cancel at the first Ctrl-C or request to end; a second one acts as if this was not here.

    The handler runs in the middle of whatever the job does, perhaps while it holds the control's
    lock, so it only leaves a word for a thread that may wait for locks.
    """
    asked: SimpleQueue[bool] = SimpleQueue()

    def cancel_when_asked() -> None:
        if asked.get():
            print(f"\n{STOPPING}", file=sys.stderr)
            control.cancel()

    def stop(number: int, frame: FrameType | None) -> None:
        asked.put(True)
        restore()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    canceller = threading.Thread(target=cancel_when_asked, name="cancel", daemon=True)
    canceller.start()
    for number in _SIGNALS:
        signal.signal(number, stop)
    try:
        yield
    finally:
        restore()
        asked.put(False)
        canceller.join()
