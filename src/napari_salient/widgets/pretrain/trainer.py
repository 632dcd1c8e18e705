"""Runs of pretraining in child processes: started, resumed, and followed from the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_salient.engine.child import start_child, training_command
from napari_salient.engine.control import Control
from napari_salient.engine.run import SETTINGS, Run
from napari_salient.errors import SalientError
from napari_salient.pretraining.settings import KIND, PoolTraining
from napari_salient.widgets.pretrain.following import LOG, ChildControl, follow_job
from napari_salient.widgets.pretrain.history import History
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from pathlib import Path
    from subprocess import Popen

    from qtpy.QtWidgets import QWidget

    from napari_salient.engine.events import Event
    from napari_salient.widgets.worker import Job


class Trainer(QObject):
    """Follows one run at a time. The run itself does not end with the window.

    Attributes
    ----------
    run_dir
        The run that is followed, or was last; `None` before.
    training
        Its settings.
    history
        What it said so far.
    buttons
        What pauses, resumes and cancels it.
    """

    started = Signal(bool)
    """A run is followed now; whether it has just been started."""
    event = Signal(object)
    """An event of the run, but for the last."""
    ended = Signal(object)
    """The run's `Finished`."""
    failed = Signal(object)
    """The error because of which nothing was started."""

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self.run_dir: Path | None = None
        self.training = PoolTraining()
        self.history = History()
        self.buttons: ChildControl | None = None
        self._owner = owner
        self._job: Job | None = None

    @property
    def following(self) -> bool:
        """Whether a run is followed that has not ended."""
        return self._job is not None and self._job.running

    def start(self, runs_dir: Path, training: PoolTraining, devices: int = 1) -> None:
        """Make a run and start a process that works on it, or one for each device."""
        try:
            self._launch(Run.create(runs_dir, KIND, training).directory, training, devices)
        except (SalientError, OSError) as error:
            self.failed.emit(error)

    def resume(self, run_dir: Path, devices: int = 1) -> None:
        """Start a process that goes on with an interrupted run, or one for each device."""
        try:
            self._launch(run_dir, settings_of(run_dir), devices)
        except (SalientError, OSError) as error:
            self.failed.emit(error)

    def follow(self, run_dir: Path) -> None:
        """Follow a run that some process works on."""
        try:
            self._follow(run_dir, settings_of(run_dir), None)
        except SalientError as error:
            self.failed.emit(error)

    def leave(self) -> None:
        """End following; the run goes on."""
        if self._job is not None:
            self._job.control.cancel()

    def _launch(self, run_dir: Path, training: PoolTraining, devices: int) -> None:
        child = start_child(training_command(run_dir, devices), run_dir / LOG)
        self._follow(run_dir, training, child)

    def _follow(self, run_dir: Path, training: PoolTraining, child: Popen[bytes] | None) -> None:
        self.leave()
        history, control = History(), Control()
        self.run_dir, self.training, self.history = run_dir, training, history
        self.buttons = buttons = ChildControl(run_dir, child)
        self._job = start_job(
            lambda: follow_job(run_dir, history, control, child),
            control,
            lambda event: self._heard(history, self.event, event),
            lambda finished: self._heard(history, self.ended, buttons.explain(finished)),
            name="Following a pretraining, which goes on without the window",
            owner=self._owner,
        )
        self.started.emit(child is not None)

    def _heard(self, of: History, signal: Any, event: Event) -> None:
        """Pass on what the run says that is followed now, not one that was left."""
        if of is self.history:
            signal.emit(event)


def settings_of(run_dir: Path) -> PoolTraining:
    """Return what a run was started with.

    Raises
    ------
    InputError
        If its file is gone or holds something else.
    """
    from napari_salient.cli.parser import read_settings

    return read_settings(PoolTraining, run_dir / SETTINGS)
