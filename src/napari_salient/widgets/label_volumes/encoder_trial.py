"""Trying a pretrained encoder on the labels of the open project, in a worker thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_salient.engine.events import Finished, FinishReason, Progress
from napari_salient.errors import RunError, SalientError
from napari_salient.finetuning.kept_trials import keep_trial, kept_trial
from napari_salient.finetuning.trial import try_encoder
from napari_salient.widgets.notice import sentence_of
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.engine.control import Control
    from napari_salient.engine.events import Event
    from napari_salient.widgets.label_volumes.trainer import Trainer
    from napari_salient.widgets.worker import Job


class EncoderTrial(QObject):
    """Compares an encoder with training from scratch, and remembers what came of it."""

    changed = Signal()
    """A comparison began or ended."""
    event = Signal(object)
    """An event of a comparison, `Finished` included."""
    told = Signal(str, str)
    """A sentence for the annotator, and its severity."""

    def __init__(self, session: LabellingSession, trainer: Trainer, owner: QWidget) -> None:
        super().__init__(owner)
        self.session, self.trainer = session, trainer
        self._owner = owner
        self._job: Job | None = None
        self._checkpoint: Path | None = None

    @property
    def why_not(self) -> str:
        """Why nothing can be compared now; empty if it can."""
        if self.running:
            return "An encoder is being compared with scratch."
        return "A round is being trained." if self.trainer.running else ""

    @property
    def running(self) -> bool:
        """Whether a comparison goes on."""
        return self._job is not None and self._job.running

    @property
    def control(self) -> Control | None:
        """What pauses and cancels the comparison that goes on; `None` if none does."""
        return self._job.control if self._job is not None and self._job.running else None

    def outcome(self, checkpoint: Path) -> str:
        """Return what an encoder was worth here, in sentences; empty if it was not tried."""
        try:
            found = kept_trial(self.session.project, checkpoint)
        except SalientError as error:
            return str(error)
        return str(found) if found else ""

    def start(self, checkpoint: Path, control: Control) -> bool:
        """Compare an encoder, and return whether that began; labelling goes on meanwhile."""
        try:
            events = try_encoder(self.session, checkpoint, control)
        except SalientError as error:
            self.told.emit(str(error), "error")
            return False
        self._checkpoint = checkpoint
        name = "Comparing an encoder with training from scratch"
        self._job = start_job(
            events, control, self._heard, self._ended, name=name, owner=self._owner
        )
        self.changed.emit()
        return True

    def _heard(self, event: Event) -> None:
        self.event.emit(event)
        if not isinstance(event, Progress):
            self.told.emit(getattr(event, "message", ""), "warning")

    def _ended(self, finished: Finished) -> None:
        self.event.emit(finished)
        if finished.reason is FinishReason.ERRORED:
            self.told.emit(sentence_of(finished.error or RunError(finished.message)), "error")
        elif finished.reason is FinishReason.CANCELLED:
            self.told.emit("The comparison was cancelled; nothing is known of the encoder.", "info")
        else:
            self._keep(finished)
        self.changed.emit()

    def _keep(self, finished: Finished) -> None:
        assert self._checkpoint is not None
        try:
            keep_trial(self.session.project, self._checkpoint, finished.result)
        except SalientError as error:
            self.told.emit(str(error), "error")
        self.told.emit(finished.message, "info")
