"""The page on which a pretraining is set up, started and watched."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from napari_salient.engine.events import Evaluated, Event, Finished, FinishReason, Progress
from napari_salient.errors import InputError, RunError
from napari_salient.widgets.notice import sentence_of
from napari_salient.widgets.pretrain.found_runs import find_runs
from napari_salient.widgets.pretrain.run_view import RunView
from napari_salient.widgets.pretrain.set_up_part import SetUpPart
from napari_salient.widgets.pretrain.surveyor import Surveyor
from napari_salient.widgets.pretrain.trainer import Trainer
from napari_salient.widgets.run_controls import RunControls
from napari_salient.widgets.scrolled import scrolled

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.pretraining.survey import Estimate, Plan, Surveyed

STARTING = "Starting, which takes some seconds"
LOOKING = "The pool is being looked at."
GOES_ON = (
    "A pretraining goes on. Another one can be started after its end, since two at once would "
    "starve each other."
)
TIMED_BESIDE = "The steps were timed beside a pretraining that goes on; alone they are quicker."
SHOWN = "accuracy"
"""Of what was measured, what the line of the run has room for."""


class RunPage(QWidget):
    """The form, or the run that was started from it; one may change between them as it goes on.

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
        self.back, self.goes_on = QPushButton(), QLabel(GOES_ON)
        self.timing = RunControls()
        self._problem = ""
        self._timed_in: RunControls | None = None
        self._start_then = False
        self._stack = QStackedWidget()
        self._stack.addWidget(self._form_page())
        self._stack.addWidget(scrolled(self.view))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self.setFocusProxy(self.set_up)
        self._connect()
        self._edited()

    def start(self) -> None:
        """Start a run with the settings of the form, after timing five steps if need be."""
        if self._one_goes_on():
            return
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
        """Find out how long a step takes, and how much memory.

        The controls below stay with a run that goes on; the timing then has its own.
        """
        try:
            training = self.set_up.training()
        except InputError as error:
            self.told.emit(str(error), "error")
            return
        self._timed_in = self.timing if self.trainer.following else self.controls
        self.timing.setVisible(self._timed_in is self.timing)
        self.set_up.setEnabled(False)
        self._timed_in.follow(self.surveyor.estimate(training), "Timing five steps")

    def resume(self, run_dir: Path) -> None:
        """Go on with a run that was stopped or cut off."""
        if self._one_goes_on():
            return
        self.trainer.resume(run_dir, self.set_up.devices.value())

    def look_for_runs(self) -> None:
        """Follow a run of the chosen folder that goes on, or offer to resume one that does not."""
        folder = self.runs_dir
        if folder is None:
            return
        found = find_runs(folder)
        self.set_up.offer_resume(None if self.trainer.following else found.interrupted)
        self.runs_changed.emit()
        if found.running is not None and not self.controls.running:
            self.trainer.follow(found.running)

    def show_form(self) -> None:
        """Show the form in place of a run, which may go on."""
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
        folder = self.set_up.runs.path
        return None if folder is None else folder.absolute()

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
        self.set_up.show_pool(surveyed)
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
        if self.trainer.following:
            self.told.emit(TIMED_BESIDE, "info")
        if self._start_then:
            self._start_then = False
            self.start()

    def _surveyor_told(self, event: Event) -> None:
        if self._timed_in is not None:
            self._timed_in.show_event(event)
            if isinstance(event, Finished):
                self._estimate_ended(self._timed_in, event)
        elif isinstance(event, Progress):
            self.set_up.show_found(f"{event.done:,} of {event.total:,} {event.what}")

    def _estimate_ended(self, shown_in: RunControls, finished: Finished) -> None:
        completed = finished.reason is FinishReason.COMPLETED
        self._timed_in = None
        self._start_then = self._start_then and completed
        self.set_up.setEnabled(True)
        self.timing.hide()
        shown_in.rest("Estimated" if completed else "Idle")
        self._allow_start()

    def _started(self, fresh: bool) -> None:
        trainer = self.trainer
        if self._timed_in is self.controls:
            self.surveyor.drop()
            self._surveyor_told(Finished(FinishReason.CANCELLED))
        assert trainer.buttons is not None
        self.controls.follow(trainer.buttons, STARTING if fresh else "Running")
        self.view.show_run(trainer.training, trainer.history)
        self.show_run()
        self._allow_start()
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
        self.set_up.budget.set_estimate(None)  # It may have been timed beside the run.
        self._allow_start()
        self.runs_changed.emit()
        if finished.reason is FinishReason.ERRORED:
            self.told.emit(sentence_of(finished.error or RunError(finished.message)), "error")

    def _one_goes_on(self) -> bool:
        """Return whether a run goes on, and if so say that no other can begin."""
        if self.trainer.following:
            self.told.emit(GOES_ON, "warning")
        return self.trainer.following

    def _allow_start(self) -> None:
        following = self.trainer.following
        problem = GOES_ON if following else self._problem
        self.controls.set_start_enabled(not problem, problem)
        self.back.setText("Show the run" if following else "Show the last run")
        self.back.setVisible(self.trainer.run_dir is not None)
        self.goes_on.setVisible(following)

    def _change_to_form(self) -> None:
        self.show_form()
        self.back.setFocus()

    def _change_to_run(self, _checked: bool = False) -> None:
        self.show_run()
        self.view.set_up.setFocus()

    def _form_page(self) -> QWidget:
        """Lay out the form, with the way to a run above it and the timing beside one below."""
        self.back.setAutoDefault(True)
        self.goes_on.setWordWrap(True)
        self.timing.start.hide()
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (self.back, self.goes_on, scrolled(self.set_up), self.timing):
            layout.addWidget(part)
        for part in (self.back, self.goes_on, self.timing):
            part.hide()
        return page

    def _connect(self) -> None:
        set_up, view, surveyor, trainer = self.set_up, self.view, self.surveyor, self.trainer
        self.controls.start_requested.connect(self.start)
        self.back.clicked.connect(self._change_to_run)
        set_up.changed.connect(self._edited)
        set_up.runs.changed.connect(self.look_for_runs)
        set_up.budget.estimate_requested.connect(self.estimate)
        set_up.resume_requested.connect(self.resume)
        view.resume_requested.connect(self._resume)
        view.set_up_requested.connect(self._change_to_form)
        surveyor.found.connect(self._found)
        surveyor.planned.connect(self._planned)
        surveyor.refused.connect(self._refused)
        surveyor.estimated.connect(self._estimated)
        surveyor.told.connect(self._surveyor_told)
        trainer.started.connect(self._started)
        trainer.event.connect(self._heard)
        trainer.ended.connect(self._ended)
        trainer.failed.connect(lambda error: self.told.emit(sentence_of(error), "error"))
