"""Rounds of training beside the labelling: when they start, and what happens when they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_salient.active_learning.rounds import FILE_NAME
from napari_salient.engine.events import FinishReason, Warned
from napari_salient.engine.run import Run, RunState, list_runs
from napari_salient.errors import RunError, SalientError
from napari_salient.widgets.notice import sentence_of
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.engine.events import Event, Finished
    from napari_salient.project.rounds import Round
    from napari_salient.widgets.worker import Job

KIND = "segmentation"


class Trainer(QObject):
    """Starts the next round, in a worker thread, and lets the session adopt it."""

    started = Signal(object)
    """A round runs now; carries its `Run`."""
    event = Signal(object)
    """An event of the round, `Finished` included."""
    ended = Signal()
    """No round runs any more."""
    adopted = Signal()
    """Another model, queue and predictions are in use."""
    told = Signal(str, str)
    """A sentence for the annotator, and its severity."""

    def __init__(self, session: LabellingSession, owner: QWidget) -> None:
        super().__init__(owner)
        self.session = session
        self.run: Run | None = None
        self.job: Job | None = None
        self._owner = owner
        self._labelled_at_start = max((r.labelled for r in self._rounds()), default=0)

    @property
    def running(self) -> bool:
        """Whether a round is being trained."""
        return self.job is not None and self.job.running

    def start(self) -> None:
        """Train the next round on what is accepted now."""
        if self.running:
            return
        if not self._accepted():
            self.told.emit("Accept a slice first: there is nothing to learn from yet.", "info")
            return
        try:
            run = Run.create(self.session.project.runs_dir, KIND, self.session.settings)
            self._work(run, resume=False)
        except SalientError as error:
            self.told.emit(str(error), "error")

    def resume(self) -> None:
        """Go on with a round that was stopped or cut off."""
        run = self.interrupted()
        if run is None:
            return
        try:
            run.restart()
            self._work(run, resume=True)
        except SalientError as error:
            self.told.emit(str(error), "error")

    def start_if_due(self) -> None:
        """Train when a batch was labelled since the last start, if that is wanted."""
        settings = self.session.settings
        due = self._labelled_at_start + settings.batch
        if settings.train_after_batch and not self.running and self._accepted() >= due:
            self.start()

    def roll_back(self, number: int) -> None:
        """Use the model of an earlier round."""
        try:
            self.session.rollback(number)
        except SalientError as error:
            self.told.emit(str(error), "error")
            return
        self.told.emit(f"Round {number} is in use again.", "info")
        self.adopted.emit()

    def interrupted(self) -> Run | None:
        """Return the newest run if it is a round that did not come to its end."""
        return None if self.running else interrupted_round(self.session.project.runs_dir)

    def _work(self, run: Run, *, resume: bool) -> None:
        self._labelled_at_start = self._accepted()
        events: Iterator[Event] = run.record(self.session.round_job(run, resume=resume))
        self.run = run
        self.job = start_job(
            events,
            run.control,
            self._heard,
            self._ended,
            name="Training a round of active learning",
            owner=self._owner,
        )
        self.started.emit(run)

    def _heard(self, event: Event) -> None:
        self.event.emit(event)
        message = getattr(event, "message", "")
        if message and not isinstance(event, Warned):
            self.told.emit(f"{message} Its volume is set aside.", "warning")
        elif message:
            self.told.emit(message, "info")

    def _ended(self, finished: Finished) -> None:
        self.event.emit(finished)
        self.ended.emit()
        if finished.reason is FinishReason.ERRORED:
            error = finished.error or RunError(finished.message)
            self.told.emit(sentence_of(error), "error")
        elif finished.reason is FinishReason.COMPLETED:
            self._adopt(finished)

    def _adopt(self, finished: Finished) -> None:
        try:
            self.session.adopt(finished.result)
        except SalientError as error:
            self.told.emit(str(error), "error")
            return
        severity = "warning" if finished.result.flagged else "info"
        self.told.emit(f"{finished.message}.", severity)
        self.adopted.emit()

    def _accepted(self) -> int:
        return self.session.progress().accepted

    def _rounds(self) -> list[Round]:
        return self.session.project.catalogue.rounds()


def interrupted_round(runs_dir: Path) -> Run | None:
    """Return the newest run in a folder if it is a round that was cancelled or cut off."""
    newest = next((run for run in list_runs(runs_dir) if run.kind == KIND), None)
    if newest is None or newest.state not in (RunState.FINISHED, RunState.FAILED):
        return None
    started = any((newest.directory / "checkpoints").glob("*.safetensors"))
    return newest if started and not (newest.directory / FILE_NAME).exists() else None
