"""Start, pause, resume and cancel a run, and see how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_salient.engine.events import (
    Evaluated,
    Event,
    Finished,
    FinishReason,
    MemoryFallback,
    Paused,
    Progress,
    Resumed,
    Saved,
    Started,
    Step,
)
from napari_salient.errors import RunError
from napari_salient.widgets.time_left import TimeLeft, duration_text

if TYPE_CHECKING:
    from collections.abc import Callable

_ENDING = {
    FinishReason.COMPLETED: "Finished",
    FinishReason.CANCELLED: "Cancelled, progress saved",
    FinishReason.ERRORED: "Stopped by an error",
}


class Steerable(Protocol):
    """What the buttons act on: an `engine.run.Run`, or a `Control`."""

    def pause(self) -> None:
        """Wait at the next opportunity."""

    def resume(self) -> None:
        """Go on."""

    def cancel(self) -> None:
        """Save and end."""


class RunControls(QWidget):
    """The panel of one run: buttons, a progress bar, and a line with state, loss and time left.

    The widget starts nothing itself: it emits `start_requested`, and is given the run with `follow`
    and every event of it with `show_event`.
    """

    start_requested = Signal()

    def __init__(self, start_text: str = "Start", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run: Steerable | None = None
        self._time_left = TimeLeft()
        self._counted = ""
        self._paused = self._cancelling = False
        self._ordered: type[Paused | Resumed] | None = None
        self._build(start_text)
        self._enable(running=False)

    def follow(self, run: Steerable, text: str = "Starting") -> None:
        """Show a run that starts; `text` fills the time until its first event."""
        self._run = run
        self._ordered = None
        self._time_left = TimeLeft()
        self._counted = ""
        self.loss.clear()
        self.remaining.clear()
        self.state.setText(text)
        self.bar.setRange(0, 0)
        self._enable(running=True)

    def show_event(self, event: Event) -> None:
        """Show one event of the run, its last one included."""
        match event:
            case Started(total=total, step=step):
                self.state.setText("Running" if step == 0 else f"Resumed at step {step}")
                self._count(step, total, "step")
            case Step(step=step, total=total, loss=loss):
                self._count(step, total, "step")
                self.loss.setText(f"loss {loss:.3g}")
            case Progress(done=done, total=total, what=what):
                self._count(done, total, what)
            case Evaluated(metrics=metrics):
                self.loss.setText(
                    ", ".join(f"{name} {value:.3g}" for name, value in metrics.items())
                )
            case Saved(step=step):
                self.bar.setToolTip(f"Checkpoint saved after step {step}.")
            case MemoryFallback(detail=detail):
                self.state.setText(f"Out of memory: {detail}")
            case Paused() | Resumed():
                self._hear_of(event)
            case Finished():
                self._end(event)

    def rest(self, text: str = "Idle") -> None:
        """Show that there is nothing to follow, after something that leaves no run behind."""
        self.state.setText(text)
        self.bar.setRange(0, 1)
        self.bar.reset()
        self.bar.setFormat("")

    def set_start_enabled(self, enabled: bool, why_not: str = "") -> None:
        """Allow starting or not; `why_not` is said in the button's tooltip."""
        self.start.setEnabled(enabled and self._run is None)
        self.start.setToolTip(why_not)

    @property
    def running(self) -> bool:
        """Whether a run is shown that has not finished."""
        return self._run is not None

    def toggle_pause(self) -> None:
        """Pause a running job or let a paused one go on; does nothing while there is none."""
        if self._run is None or self._cancelling:
            return
        if self._paused:
            self._resume(self._run)
        else:
            self._pause(self._run)

    def cancel_run(self) -> None:
        """Let the run save and end."""
        if self._run is not None and not self._cancelling and _obeys(self._run.cancel):
            self._cancelling = True
            self.state.setText("Saving, then stopping")
            self.pause.setEnabled(False)
            self.cancel.setEnabled(False)

    def _pause(self, run: Steerable) -> None:
        if _obeys(run.pause):
            self._ordered = Paused
            self._show_paused()

    def _resume(self, run: Steerable) -> None:
        if _obeys(run.resume):
            self._ordered = Resumed
            self._show_resumed()

    def _hear_of(self, event: Paused | Resumed) -> None:
        """Show a pause or its end, unless another order was given here since then."""
        if self._ordered not in (None, type(event)):
            return
        self._ordered = None
        if isinstance(event, Paused):
            self._show_paused()
        else:
            self._show_resumed()

    def _show_paused(self) -> None:
        self._paused = True
        self._time_left.skip()
        self.pause.setText("Resume")
        self.state.setText("Paused")
        self.remaining.clear()

    def _show_resumed(self) -> None:
        self._paused = False
        self._time_left.skip()
        self.pause.setText("Pause")
        if not self._cancelling:
            self.state.setText("Running")

    def _count(self, done: int, total: int, what: str) -> None:
        if what != self._counted:
            self._counted, self._time_left = what, TimeLeft()
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)
        self.bar.setFormat(f"{what} {done} of {total}")
        left = self._time_left.update(done, total)
        if not self._paused:
            self.remaining.setText("" if left is None else f"{duration_text(left)} left")

    def _end(self, event: Finished) -> None:
        self._run = None
        self.remaining.clear()
        self.state.setText(_ENDING[event.reason])
        self.state.setToolTip(event.message)
        if self.bar.maximum() == 0:
            self.bar.setRange(0, 1)
            self.bar.setFormat("")
        if event.reason is FinishReason.COMPLETED:
            self.bar.setValue(self.bar.maximum())
        self._enable(running=False)

    def _enable(self, *, running: bool) -> None:
        self._paused = self._cancelling = False
        self.start.setEnabled(not running)
        self.pause.setText("Pause")
        self.pause.setEnabled(running)
        self.cancel.setEnabled(running)

    def _build(self, start_text: str) -> None:
        self.start = _button(start_text, self.start_requested.emit)
        self.pause = _button("Pause", self.toggle_pause)
        self.cancel = _button("Cancel", self.cancel_run)
        self.bar = QProgressBar()
        self.bar.setRange(0, 1)
        self.bar.setFormat("")
        self.bar.setAccessibleName("Progress of the run")
        self.state, self.loss, self.remaining = QLabel("Idle"), QLabel(), QLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(_row(self.start, self.pause, self.cancel))
        layout.addWidget(self.bar)
        layout.addLayout(_row(self.state, self.loss, self.remaining))


def _obeys(order: Callable[[], object]) -> bool:
    """Give a run an order; `False` if it ended a moment ago and its last event is on the way."""
    try:
        order()
    except RunError:
        return False
    return True


def _button(text: str, action: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.clicked.connect(lambda _checked=False: action())
    return button


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for widget in widgets:
        row.addWidget(widget)
    return row
