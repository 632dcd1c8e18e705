"""Rounds of training beside the labelling: when they start, and what happens when they end."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_salient.active_learning.modelling import KIND
from napari_salient.active_learning.rounds import RoundResult
from napari_salient.active_learning.settings import LoopSettings
from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason, Warned
from napari_salient.engine.run import SETTINGS, Run, RunState, list_runs
from napari_salient.errors import InputError, RunError, SalientError
from napari_salient.widgets.notice import sentence_of
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from qtpy.QtWidgets import QWidget

    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.engine.events import Event, Finished
    from napari_salient.project.rounds import Round
    from napari_salient.widgets.worker import Job


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
        self._reading: Job | None = None
        self._owner = owner
        self._closed = False
        self._labelled_at_start = self._last_labelled()

    @property
    def running(self) -> bool:
        """Whether a round is being trained or put to use."""
        return any(job is not None and job.running for job in (self.job, self._reading))

    def start(self) -> None:
        """Train the next round on what is accepted now."""
        if self.running:
            return
        if not self._accepted():
            self.told.emit("Accept a slice first: there is nothing to learn from yet.", "info")
            return
        try:
            run = Run.create(self.session.project.runs_dir, KIND, self.session.settings)
            self._work(run)
        except SalientError as error:
            self.told.emit(str(error), "error")

    def resume(self) -> None:
        """Go on with a round that was stopped or cut off, by the settings that it began with."""
        run = self.interrupted()
        if run is None:
            return
        try:
            settings = _settings_of(run)
            run.restart()
            self._work(run, settings)
        except SalientError as error:
            self.told.emit(str(error), "error")

    def take_up(self) -> bool:
        """Put a round to use that ended together with the program; return whether there is one."""
        found = None
        with self._telling():
            found = self.session.take_up()
        if found is None:
            return False
        self._labelled_at_start = self._last_labelled()
        words = f"Round {found.number} was complete when the program ended; it is in use now."
        self.told.emit(words, "info")
        self.adopted.emit()
        return True

    def close(self) -> None:
        """Let a running round save; if it completes, the next opening takes it up."""
        self._closed = True
        for job in (self.job, self._reading):
            if job is not None:
                job.close()

    def start_if_due(self) -> None:
        """Train when a batch was labelled since the last start, if that is wanted."""
        settings = self.session.settings
        due = self._labelled_at_start + settings.batch
        wanted = settings.train_after_batch and not self.session.finished
        if wanted and not self.running and self._accepted() >= due:
            self.start()

    def roll_back(self, number: int) -> None:
        """Use the model of an earlier round."""
        run_id = next((r.run_id for r in self._rounds() if r.number == number), None)
        if run_id is not None:
            self._foresee(run_id, lambda: self._rolled_back(number))

    def interrupted(self) -> Run | None:
        """Return the newest run if it is a round that did not come to its end."""
        return None if self.running else interrupted_round(self.session.project.runs_dir)

    def _work(self, run: Run, resumed: LoopSettings | None = None) -> None:
        self._labelled_at_start = self._accepted()
        job = self.session.round_job(run, resume=resumed is not None, settings=resumed)
        events: Iterator[Event] = run.record(job)
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
        elif finished.reason is FinishReason.COMPLETED and not self._closed:
            self._foresee(finished.result.run_id, lambda: self._adopt(finished))

    def _foresee(self, run_id: str, then: Callable[[], object]) -> None:
        """Read what a round says about the open case, whichever that is by then; go on after it."""

        def ended(_finished: Finished) -> None:
            if self._closed:
                return
            if self.session.foresaw(run_id):
                then()
            else:
                self._foresee(run_id, then)

        self._reading = start_job(
            lambda: self.session.foresee(run_id),
            Control(),
            on_finished=ended,
            name="Reading what a round predicts",
            owner=self._owner,
        )

    def _adopt(self, finished: Finished) -> None:
        with self._telling():
            self.session.adopt(finished.result)
            severity = "warning" if finished.result.flagged else "info"
            self.told.emit(f"{finished.message}.", severity)
            self.adopted.emit()

    def _rolled_back(self, number: int) -> None:
        with self._telling():
            self.session.rollback(number)
            self.told.emit(f"Round {number} is in use again.", "info")
            self.adopted.emit()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except SalientError as error:
            self.told.emit(str(error), "error")

    def _accepted(self) -> int:
        return self.session.progress().accepted

    def _last_labelled(self) -> int:
        return max((r.labelled for r in self._rounds()), default=0)

    def _rounds(self) -> list[Round]:
        return self.session.project.catalogue.rounds()


def _settings_of(run: Run) -> LoopSettings:
    from napari_salient.cli.parser import read_settings

    path = run.directory / SETTINGS
    try:
        return read_settings(LoopSettings, path)
    except InputError as error:
        raise RunError(
            f"The interrupted round cannot go on, as {path} does not hold its settings any more; "
            "train a new round instead."
        ) from error


def interrupted_round(runs_dir: Path) -> Run | None:
    """Return the newest run in a folder if it is a round that was cancelled or cut off."""
    newest = next((run for run in list_runs(runs_dir) if run.kind == KIND), None)
    if newest is None or newest.state not in (RunState.FINISHED, RunState.FAILED):
        return None
    started = any((newest.directory / "checkpoints").glob("*.safetensors"))
    return newest if started and not RoundResult.kept_in(newest.directory) else None
