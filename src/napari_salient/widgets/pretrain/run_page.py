"""The page on which a pretraining is set up, started and watched."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from napari_salient.engine.events import Evaluated, Event, Finished, FinishReason, Progress
from napari_salient.errors import InputError, RunError
from napari_salient.widgets.notice import sentence_of
from napari_salient.widgets.pretrain.found_runs import find_runs
from napari_salient.widgets.pretrain.run_view import RunView
from napari_salient.widgets.pretrain.set_up_part import SetUpPart
from napari_salient.widgets.pretrain.surveyor import Surveyor
from napari_salient.widgets.pretrain.trainer import Trainer
from napari_salient.widgets.scrolled import scrolled

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.pretraining.survey import Estimate, Plan, Surveyed
    from napari_salient.widgets.run_controls import RunControls

STARTING = "Starting, which takes some seconds"
LOOKING = "The pool is being looked at."
SHOWN = "accuracy"
"""Of what was measured, what the line of the run has room for."""


class RunPage(QWidget):
    """The form, or the run that was started from it.

    Parameters
    ----------
    napari_viewer
        The viewer in which a labelling project may be open.
    controls
        Start, pause, resume and cancel, which lie below all pages.
    """

    told = Signal(str, str)
    """A sentence for the user, and its severity."""
    runs_changed = Signal()
    """A run began or ended, or another folder of runs is looked at."""

    def __init__(
        self, napari_viewer: Any, controls: RunControls, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.controls = controls
        self.set_up, self.view = SetUpPart(napari_viewer), RunView()
        self.surveyor, self.trainer = Surveyor(self), Trainer(self)
        self._problem = ""
        self._estimating = self._start_then = False
        self._stack = QStackedWidget()
        for part in (self.set_up, self.view):
            self._stack.addWidget(scrolled(part))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self.setFocusProxy(self.set_up)
        self._connect()
        self._edited()

    def start(self) -> None:
        """Start a run with the settings of the form, after timing five steps if need be."""
        try:
            training, runs_dir = self.set_up.training(), self.set_up.runs_dir()
        except InputError as error:
            self.told.emit(str(error), "error")
            return
        if self.set_up.budget.steps is None:
            self.estimate()
            self._start_then = True
        else:
            self.trainer.start(runs_dir, training, self.set_up.devices.value())

    def estimate(self) -> None:
        """Find out how long a step takes, and how much memory."""
        try:
            training = self.set_up.training()
        except InputError as error:
            self.told.emit(str(error), "error")
            return
        self._estimating = True
        self.set_up.setEnabled(False)
        self.controls.follow(self.surveyor.estimate(training), "Timing five steps")

    def resume(self, run_dir: Path) -> None:
        """Go on with a run that was stopped or cut off."""
        self.trainer.resume(run_dir, self.set_up.devices.value())

    def look_for_runs(self) -> None:
        """Follow a run of the chosen folder that goes on, or offer to resume one that does not."""
        folder = self.set_up.runs.path
        if folder is None or self.controls.running:
            return
        found = find_runs(folder)
        self.set_up.offer_resume(found.interrupted)
        self.runs_changed.emit()
        if found.running is not None:
            self.trainer.follow(found.running)

    def show_form(self) -> None:
        """Show the form in place of a run."""
        self._stack.setCurrentIndex(0)
        self.look_for_runs()

    def show_run(self) -> None:
        """Show the run that is followed, or was last."""
        self._stack.setCurrentIndex(1)

    def leave(self) -> None:
        """End what goes on for this page; a run itself does not end."""
        self.surveyor.drop()
        self.trainer.leave()

    @property
    def runs_dir(self) -> Path | None:
        """The folder of runs that is looked at."""
        return self.set_up.runs.path

    def _edited(self) -> None:
        """Look at the pool again; a timing that goes on is of other settings by now."""
        try:
            training = self.set_up.training()
        except InputError as error:
            self.surveyor.drop()
            self.set_up.show_found("")
            self.set_up.show_plan("", ())
            self._problem = str(error)
        else:
            self._problem = LOOKING
            self.surveyor.look(training)
        self._allow_start()

    def _found(self, surveyed: Surveyed) -> None:
        self.set_up.show_found(str(surveyed.summary))
        self.look_for_runs()

    def _planned(self, plan: Plan) -> None:
        self._problem = ""
        self.set_up.show_plan(plan.sizes, plan.notes)
        self._allow_start()

    def _refused(self, error: BaseException) -> None:
        """Say why settings cannot work, in the form, since they are typed at this moment."""
        self._problem = sentence_of(error)
        self.set_up.show_problem(self._problem)
        self._allow_start()

    def _estimated(self, estimate: Estimate) -> None:
        self.set_up.budget.set_estimate(estimate)
        if self._start_then:
            self._start_then = False
            self.start()

    def _surveyor_told(self, event: Event) -> None:
        if self._estimating:
            self.controls.show_event(event)
            if isinstance(event, Finished):
                self._estimate_ended(event)
        elif isinstance(event, Progress):
            self.set_up.show_found(f"{event.done:,} of {event.total:,} {event.what}")

    def _estimate_ended(self, finished: Finished) -> None:
        completed = finished.reason is FinishReason.COMPLETED
        self._estimating = False
        self._start_then = self._start_then and completed
        self.set_up.setEnabled(True)
        self.controls.rest("Estimated" if completed else "Idle")
        self._allow_start()

    def _started(self, fresh: bool) -> None:
        trainer = self.trainer
        assert trainer.buttons is not None
        self.controls.follow(trainer.buttons, STARTING if fresh else "Running")
        self.view.show_run(trainer.training, trainer.history)
        self.show_run()
        self.runs_changed.emit()

    def _resume(self) -> None:
        if self.trainer.run_dir is not None:
            self.resume(self.trainer.run_dir)

    def _heard(self, event: Event) -> None:
        if isinstance(event, Evaluated) and SHOWN in event.metrics:
            event = dataclasses.replace(event, metrics={SHOWN: event.metrics[SHOWN]})
        self.controls.show_event(event)
        self.view.draw()

    def _ended(self, finished: Finished) -> None:
        self.controls.show_event(finished)
        self.view.show_end(finished)
        self._allow_start()
        self.runs_changed.emit()
        if finished.reason is FinishReason.ERRORED:
            self.told.emit(sentence_of(finished.error or RunError(finished.message)), "error")

    def _allow_start(self) -> None:
        self.controls.set_start_enabled(not self._problem, self._problem)

    def _connect(self) -> None:
        set_up, view, surveyor, trainer = self.set_up, self.view, self.surveyor, self.trainer
        self.controls.start_requested.connect(self.start)
        set_up.changed.connect(self._edited)
        set_up.runs.changed.connect(self.look_for_runs)
        set_up.budget.estimate_requested.connect(self.estimate)
        set_up.resume_requested.connect(self.resume)
        view.resume_requested.connect(self._resume)
        view.set_up_requested.connect(self.show_form)
        surveyor.found.connect(self._found)
        surveyor.planned.connect(self._planned)
        surveyor.refused.connect(self._refused)
        surveyor.estimated.connect(self._estimated)
        surveyor.told.connect(self._surveyor_told)
        trainer.started.connect(self._started)
        trainer.event.connect(self._heard)
        trainer.ended.connect(self._ended)
        trainer.failed.connect(lambda error: self.told.emit(sentence_of(error), "error"))
