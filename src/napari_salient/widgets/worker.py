"""Jobs of the engine in napari's worker threads.

The stock worker takes every `RuntimeError` for a deleted Qt object and goes silent, abandons its
generator on `quit`, loses a `resume` that follows a `pause` too soon, and changes the warning
filters of the whole process while it runs. `EngineWorker` keeps what napari needs to know about a
running task, and replaces the loop: the job ends by itself, through its control, and always with
`Finished`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from napari.qt.threading import GeneratorWorker, create_worker
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QThreadPool, QTimer

from napari_salient.engine.events import Event, Finished, FinishReason
from napari_salient.engine.jobs import errored
from napari_salient.engine.llvm import guard_before_torch
from napari_salient.engine.threads import responsive_window
from napari_salient.widgets.closing import on_closed
from napari_salient.widgets.mailbox import Mailbox

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from napari_salient.engine.control import Control

WATCH_INTERVAL_MS = 150
"""Time between two looks at steps and progress; everything else is shown at once."""

logger = logging.getLogger(__name__)

_jobs: WeakSet[Job] = WeakSet()
"""Those that were started and are still known to somebody."""

Events = Iterator[Event] | Callable[[], Any]


def start_job(
    events: Events,
    control: Control,
    on_event: Callable[[Event], object] | None = None,
    on_finished: Callable[[Finished], object] | None = None,
    *,
    name: str = "napari-salient job",
    owner: QWidget | None = None,
) -> Job:
    """Run a job in a worker thread and hear of it on the main thread.

    Parameters
    ----------
    events
        The job, or a function that returns it and is called in the worker, so that slow imports
        happen there. A function that returns anything else is a job of one step whose value is
        `Finished.result`.
    control
        The flags by which the job is paused and cancelled; napari's close dialog cancels through
        them as well.
    on_event
        Called on the main thread with every event but the last; of a burst of steps only with the
        newest.
    on_finished
        Called on the main thread with `Finished`, exactly once, also when the job raised or ended
        without one.
    name
        What napari calls the task in its list and in its close dialog.
    owner
        The panel behind the callbacks. When it is closed the job is cancelled and has saved before
        the panel is gone, and nothing is called any more.
    """
    job = Job(control, on_event, on_finished, name=name, owner=owner)
    job.start(events)
    return job


def end_jobs(owner: QWidget) -> None:
    """End the jobs of a panel and of what it holds, as when it is closed.

    For what they work on and is closed before the panel is gone.
    """
    for job in list(_jobs):
        if job.running and job.belongs_to(owner):
            job.end_unheard()


class Job(QObject):
    """A running job as the main thread sees it."""

    def __init__(
        self,
        control: Control,
        on_event: Callable[[Event], object] | None,
        on_finished: Callable[[Finished], object] | None,
        *,
        name: str,
        owner: QWidget | None,
    ) -> None:
        super().__init__()
        self.control = control
        self.name = name
        self.ended = threading.Event()
        self.mailbox = Mailbox()
        self.finished: Finished | None = None
        self._on_event = on_event
        self._on_finished = on_finished
        self._owner = owner
        self._at_end = ExitStack()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WATCH_INTERVAL_MS)
        self._timer.timeout.connect(self._deliver)

    def __str__(self) -> str:
        return self.name

    @property
    def running(self) -> bool:
        """Whether the window has not heard the end of it yet."""
        return self.finished is None

    def start(self, events: Events) -> None:
        """Hand the job to a worker thread."""
        worker = create_worker(self, events, _worker_class=EngineWorker, _start_thread=False)
        worker.yielded.connect(self._arrived)
        if self._owner is not None:
            self._at_end.callback(on_closed(self._owner, self.end_unheard))
            _jobs.add(self)
        worker.start()

    def close(self, timeout_s: float | None = None) -> bool:
        """Cancel the job, wait until it has saved and ended, and deliver the rest of its events.

        Returns whether it ended in time.
        """
        self.control.cancel()
        ended = self.ended.wait(timeout_s)
        self._deliver()
        return ended

    def belongs_to(self, panel: QWidget) -> bool:
        """Return whether its owner is a panel or lies in it."""
        owner = self._owner
        return owner is not None and (owner is panel or panel.isAncestorOf(owner))

    def end_unheard(self) -> None:
        """Cancel the job and wait until it has saved and ended; nothing is called any more."""
        self._owner = self._on_event = self._on_finished = None
        self.close()

    def _arrived(self) -> None:
        if self.mailbox.urgent:
            self._deliver()
        elif not self._timer.isActive():
            self._timer.start()

    def _deliver(self) -> None:
        self._timer.stop()
        try:
            while (event := self.mailbox.take()) is not None:
                self._call(event)
        finally:
            if self.mailbox:
                self._timer.start()

    def _call(self, event: Event) -> None:
        if isinstance(event, Finished):
            self.finished = event
            self._at_end.close()
        callback: Callable[[Any], object] | None = (
            self._on_finished if isinstance(event, Finished) else self._on_event
        )
        if callback is not None and (self._owner is None or isalive(self._owner)):
            callback(event)


class EngineWorker(GeneratorWorker[Event, None, None]):
    """napari's worker around one job: `quit` cancels it, and no exception leaves the thread."""

    def __init__(self, job: Job, events: Events) -> None:
        super().__init__(_guarded, events)
        self.job = job

    def quit(self) -> None:
        """Let the job save and end; napari calls this when the window or the program closes."""
        self.job.control.cancel()

    def start(self) -> None:
        """Start at once: the stock worker waits for an event loop that `Job.close` may hold up."""
        self._worker_set.add(self)
        self._finished.connect(self._set_discard)
        QThreadPool.globalInstance().start(self)

    def run(self) -> None:
        """Consume the job, in the worker thread."""
        pool = QThreadPool.globalInstance()
        # A job that runs for hours, or is paused, must not take the place of others in the pool.
        pool.releaseThread()
        self._running = True
        self.started.emit()
        try:
            with responsive_window():
                self._consume()
        finally:
            self._running = False
            self.job.ended.set()
            pool.reserveThread()
            self.finished.emit()
            self._finished.emit(self)

    def _consume(self) -> None:
        for event in self._gen:
            if self.job.mailbox.put(event):
                self.yielded.emit(event)


def _guarded(events: Events) -> Iterator[Event]:
    """Yield the events of a job up to `Finished`, and make one where the job fails to."""
    try:
        guard_before_torch()
        if callable(events):
            events = events()
        if not isinstance(events, Iterator):
            yield Finished(FinishReason.COMPLETED, result=events)
            return
        for event in events:
            yield event
            if isinstance(event, Finished):
                return
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        logger.exception("A job failed.")
        yield errored(error)
    else:
        yield Finished(FinishReason.ERRORED, message="The job ended without saying why.")
