"""Looking at the pool while the form is filled in, and timing steps, one job at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_salient.engine.control import Control
from napari_salient.engine.events import Finished, FinishReason
from napari_salient.pretraining.survey import Surveyed, estimate_job, survey_job
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget

    from napari_salient.engine.events import Event
    from napari_salient.pretraining.settings import PoolTraining
    from napari_salient.widgets.worker import Job

PATIENCE_MS = 400
"""How long the form has to rest before it is looked at."""


class Surveyor(QObject):
    """A new request takes the place of the one before, whose answer is not heard any more."""

    found = Signal(object)
    """A `Surveyed`: the headers of the pool were read."""
    planned = Signal(object)
    """A `Plan`: the task works on the pool."""
    refused = Signal(object)
    """The error that a training with these settings would end with."""
    estimated = Signal(object)
    """An `Estimate` of what a training takes."""
    told = Signal(object)
    """An event of what goes on."""

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._owner = owner
        self._wanted: PoolTraining | None = None
        self._job: Job | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(PATIENCE_MS)
        self._rest.timeout.connect(self._survey)

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self._rest.isActive() or (self._job is not None and self._job.running)

    def look(self, training: PoolTraining) -> None:
        """Survey a pool once the form rests."""
        self.drop()
        self._wanted = training
        self._rest.start()

    def estimate(self, training: PoolTraining) -> Control:
        """Time five steps and forecast the memory; return what cancels that."""
        self.drop()
        return self._begin(
            lambda control: estimate_job(training, control),
            "Timing five steps of a pretraining",
            self.estimated.emit,
        )

    def drop(self) -> None:
        """Do not answer any more."""
        self._rest.stop()
        if self._job is not None:
            self._job.control.cancel()
            self._job = None

    def _survey(self) -> None:
        training = self._wanted
        assert training is not None
        self._begin(
            lambda control: survey_job(training, control),
            "Looking at a pool",
            self.planned.emit,
        )

    def _begin(
        self, job: Callable[[Control], Any], name: str, then: Callable[[Any], object]
    ) -> Control:
        control = Control()
        self._job = start_job(
            lambda: job(control),
            control,
            lambda event: self._heard(control, event),
            lambda finished: self._ended(control, finished, then),
            name=name,
            owner=self._owner,
        )
        return control

    def _heard(self, of: Control, event: Event) -> None:
        if self._job is None or self._job.control is not of:
            return
        self.told.emit(event)
        if isinstance(event, Surveyed):
            self.found.emit(event)

    def _ended(self, of: Control, finished: Finished, then: Callable[[Any], object]) -> None:
        if self._job is None or self._job.control is not of:
            return
        self.told.emit(finished)
        if finished.reason is FinishReason.COMPLETED:
            then(finished.result)
        elif finished.error is not None:
            self.refused.emit(finished.error)
