"""The one training loop."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from napari_salient.engine import ranks
from napari_salient.engine.checkpoint import checkpoint_path, keep_newest, save_checkpoint
from napari_salient.engine.events import (
    Evaluated,
    Event,
    Finished,
    FinishReason,
    Progress,
    Saved,
    Started,
    Warned,
)
from napari_salient.engine.llvm import guard_before_torch
from napari_salient.engine.optimise import Training
from napari_salient.engine.randomness import seed_torch
from napari_salient.engine.resuming import (
    differences,
    facts,
    newest_loadable,
    require_fresh,
    resumed_threads,
)
from napari_salient.engine.threads import limit_threads, responsive_window, thread_share
from napari_salient.errors import RunError, SalientError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from napari_salient.engine.checkpoint import Checkpoint
    from napari_salient.engine.control import Control
    from napari_salient.engine.settings import FitSettings
    from napari_salient.engine.task import Task

logger = logging.getLogger(__name__)


def fit(
    task: Task, settings: FitSettings, control: Control, run_dir: Path, resume: bool = False
) -> Iterator[Event]:
    """Train a task; a job, so no exception leaves it.

    Under torchrun it is called in every process, and each yields the same events but for `Saved`,
    which is the first one's.

    Parameters
    ----------
    task
        What to train; its model holds the result.
    settings
        How.
    control
        Pauses and cancels between two steps, between the parts of a split batch, and between the
        units of an evaluation.
    run_dir
        Checkpoints go to its folder ``checkpoints``.
    resume
        Go on from the newest checkpoint there that can be loaded; from the start if there is none.

    Yields
    ------
    Warned
        For an unreadable checkpoint, where a resumed run cannot be the same to the last bit, or
        where several processes do not train as one would.
    Started
        Once, before the first step.
    Step, Progress, Evaluated, Saved
        As they happen; the state is saved before the first step, too, so that a disk that cannot
        be written is found at once.
    Finished
        Always, as the last one. `result` is a dict of the final metrics.
    """
    guard_before_torch()
    run = _Fit(task, settings, ranks.shared(control), run_dir)
    try:
        with responsive_window():
            finished = yield from run.events(resume)
    except Exception as error:
        logger.exception("Training failed.")
        finished = yield from run.fail(error)
        if not isinstance(error, ranks.PeerFailed):
            ranks.complain(finished.message)
    yield finished


class _Fit:
    """One call of `fit`: the training and what is known of it so far."""

    def __init__(self, task: Task, settings: FitSettings, control: Control, run_dir: Path) -> None:
        self.task = task
        self.settings = settings
        self.control = control
        self.run_dir = run_dir
        self.training: Training | None = None  # once it is in a state worth saving
        self.facts: dict[str, Any] = {}
        self.saved: int | None = None  # the step whose state on disk is up to date
        self.evaluated = -1
        self.metrics: dict[str, float] = {}

    def events(self, resume: bool) -> Generator[Event, None, Finished]:
        ranks.join()
        checkpoint = yield from self._find_checkpoint(resume)
        share = thread_share(self.settings.threads)
        threads = resumed_threads(self.settings, share, checkpoint.meta if checkpoint else {})
        with limit_threads(threads):
            training = Training(self.task, self.settings)
            self.facts = facts(self.settings, self.task, training.device, threads)
            if checkpoint is not None:
                yield from self._restore(training, checkpoint)
            self.training = training
            if ranks.count() > 1 and not getattr(self.task, "split_is_exact", False):
                yield Warned(_not_exact(self.task))
            yield Started(
                self.settings.steps, training.step, training.device, threads, ranks.count()
            )
            completed = yield from self._train(training)
            ranks.meet()  # None ends before all is saved.
        if completed:
            return Finished(FinishReason.COMPLETED, training.step, result=self.metrics)
        message = f"Saved after step {training.step}; the run can be resumed."
        return Finished(FinishReason.CANCELLED, training.step, message)

    def fail(self, error: Exception) -> Generator[Event, None, Finished]:
        """Save what can be saved and say what happened."""
        message = str(error) if isinstance(error, SalientError) else _described(error)
        step = self.training.step if self.training else 0
        if self.training and self.training.intact and not isinstance(error, RunError):
            try:
                yield from self._save(self.training)
            except Exception as second:
                message = f"{message} Nor could its state be saved: {second}"
        return Finished(FinishReason.ERRORED, step, message, error=error)

    def _find_checkpoint(self, resume: bool) -> Generator[Event, None, Checkpoint | None]:
        if not resume:
            require_fresh(self.run_dir)
            return None
        checkpoint, complaints = newest_loadable(self.run_dir)
        for complaint in complaints:
            yield Warned(complaint)
        return checkpoint

    def _restore(self, training: Training, checkpoint: Checkpoint) -> Iterator[Event]:
        training.restore(checkpoint)
        self.saved = checkpoint.step
        self.evaluated = int(checkpoint.meta["evaluated"])
        self.metrics = dict(checkpoint.meta["metrics"])
        for difference in differences(self.facts, checkpoint.meta):
            yield Warned(difference)

    def _train(self, training: Training) -> Generator[Event, None, bool]:
        """Train to the last step; return whether it was reached and measured."""
        while True:
            going = self.control.proceed()
            if going and self._is_due(training.step, self.settings.evaluate_every):
                going = yield from self._evaluate(training)
            due = training.step == 0 or self._is_due(training.step, self.settings.save_every)
            if due or not going:
                yield from self._save(training)
            if not going or training.step >= self.settings.steps:
                return going
            step = yield from training.take_step(self.control)
            if step is not None:
                yield step

    def _is_due(self, step: int, every: int) -> bool:
        return step == self.settings.steps or (every > 0 and step > 0 and step % every == 0)

    def _evaluate(self, training: Training) -> Generator[Event, None, bool]:
        """Let the task measure itself unless that was done; return `False` if it was cancelled."""
        if self.evaluated == training.step:
            return True
        seed_torch(self.settings.seed, "evaluate", training.step, training.device)
        self.task.model.eval()
        for done, total in self.task.evaluate():
            yield Progress(done, total, "evaluation")
            if not self.control.proceed():
                return False
        self.evaluated = training.step
        self.saved = None
        self.metrics = {name: float(value) for name, value in self.task.metrics().items()}
        if self.metrics:
            yield Evaluated(training.step, self.metrics)
        return True

    def _save(self, training: Training) -> Iterator[Event]:
        """Save the state unless that was done."""
        if self.saved == training.step:
            return
        if not ranks.is_first():
            self.saved = training.step
            return
        path = checkpoint_path(self.run_dir, training.step)
        meta = {
            **self.facts,
            "step": training.step,
            "evaluated": self.evaluated,
            "metrics": self.metrics,
        }
        save_checkpoint(path, self.task.model.state_dict(), training.state(), meta)
        keep_newest(self.run_dir)
        self.saved = training.step
        yield Saved(training.step, str(path))


def _described(error: Exception) -> str:
    return f"Training stopped: {type(error).__name__}: {error}"


def _not_exact(task: Task) -> str:
    return (
        f"The examples of a batch enter the loss of {type(task).__name__} together, and each of "
        f"the {ranks.count()} processes sees only its share: the result is not that of one process."
    )
