"""What a pretrained encoder does for a project before its first round is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_salient.engine.events import FinishReason, Progress
from napari_salient.errors import RunError, SalientError
from napari_salient.finetuning.chosen import (
    choose_encoder,
    chosen_encoder,
    forget_encoder,
    take_up_encoder,
)
from napari_salient.finetuning.cold_start import look_at_pool, propose_first
from napari_salient.pretraining.library import read_entry
from napari_salient.widgets.notice import sentence_of
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.engine.control import Control
    from napari_salient.engine.events import Event, Finished
    from napari_salient.widgets.label_volumes.trainer import Trainer
    from napari_salient.widgets.worker import Job

LOOKING = (
    "The pretrained encoder looks at the pool; the first slices are proposed when it is through."
)


class HeadStart(QObject):
    """Gives the first round its weights, and the queue its first slices.

    Attributes
    ----------
    source
        The encoder that the first round starts from; `None` for random weights.
    words
        The same as a sentence without its full stop; empty for random weights.
    """

    changed = Signal()
    """The first round starts from other weights, or looking at the pool began or ended."""
    proposed = Signal()
    """The queue has other slices."""
    event = Signal(object)
    """An event of looking at the pool, `Finished` included."""
    told = Signal(str, str)
    """A sentence for the annotator, and its severity."""

    def __init__(self, session: LabellingSession, trainer: Trainer, owner: QWidget) -> None:
        super().__init__(owner)
        self.session, self.trainer = session, trainer
        self.source: Path | None = None
        self.words = ""
        self._owner = owner
        self._looking: Job | None = None

    @property
    def why_not(self) -> str:
        """Why a pretrained encoder can do nothing here; empty if it can."""
        if self.session.project.catalogue.rounds():
            return "This project has a trained model; its next round goes on from that one."
        if self.trainer.running:
            return "A round is being trained."
        return ""

    @property
    def looking(self) -> bool:
        """Whether an encoder looks at the pool."""
        return self._looking is not None and self._looking.running

    @property
    def control(self) -> Control | None:
        """What pauses and cancels the look at the pool that goes on; `None` if none does."""
        return self._looking.control if self._looking is not None and self.looking else None

    def take_up(self) -> None:
        """Go by what was chosen before the project was closed."""
        problem = take_up_encoder(self.session)
        if problem:
            self.told.emit(problem, "warning")
        self.refresh()

    def start_from(self, source: Path, taken: str) -> None:
        """Let the first round start from an encoder; `taken` says how much of it is taken over."""
        try:
            choose_encoder(self.session, source)
        except SalientError as error:
            self.told.emit(str(error), "error")
            return
        self.refresh()
        self.told.emit(f"{self.words}: {taken}.", "info")

    def start_at_random(self) -> None:
        """Let the first round start from random weights."""
        forget_encoder(self.session)
        self.refresh()
        self.told.emit("The first round starts from random weights.", "info")

    def refresh(self) -> None:
        """Say what the first round starts from as it is now."""
        chosen = self.session.first_weights is not None
        self.source = chosen_encoder(self.session.project) if chosen else None
        self.words = _words_of(self.source) if self.source else ""
        self.changed.emit()

    def propose(self, source: Path, control: Control) -> None:
        """Let an encoder look at the pool in a worker thread, and propose the first slices."""
        if self.looking:
            return
        try:
            looking = look_at_pool(self.session, source, control)
        except SalientError as error:
            self.told.emit(str(error), "error")
            return
        self._looking = start_job(
            looking,
            control,
            self._heard,
            self._looked,
            name="Looking at the pool with a pretrained encoder",
            owner=self._owner,
        )
        self.told.emit(LOOKING, "info")
        self.changed.emit()

    def _heard(self, event: Event) -> None:
        self.event.emit(event)
        if not isinstance(event, Progress):
            self.told.emit(getattr(event, "message", ""), "warning")

    def _looked(self, finished: Finished) -> None:
        self.event.emit(finished)
        if finished.reason is FinishReason.ERRORED:
            self.told.emit(sentence_of(finished.error or RunError(finished.message)), "error")
        elif finished.reason is FinishReason.CANCELLED:
            self.told.emit("Nothing was proposed: looking at the pool was cancelled.", "info")
        else:
            self._propose(finished)
        self.changed.emit()

    def _propose(self, finished: Finished) -> None:
        try:
            proposed = propose_first(self.session, finished.result)
        except SalientError as error:
            self.told.emit(str(error), "error")
            return
        self.told.emit(f"{len(proposed)} slices are proposed by the pretrained encoder.", "info")
        self.proposed.emit()


def _words_of(source: Path) -> str:
    """Return what the first round starts from, as the beginning of a sentence."""
    entry = read_entry(source) if source.is_dir() else None
    if entry is None or entry.spec is None:
        return f"The first round starts from the encoder {source.name}"
    return (
        f"The first round starts from the encoder that {entry.task.replace('_', ' ')} taught on "
        f"{entry.spec.volumes} volumes ({source.name})"
    )
