"""One round: train on what is accepted, score the pool, choose, predict what was chosen."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.choosing import choose, pool_sizes, pool_state, query_of
from napari_salient.active_learning.committee import snapshots
from napari_salient.active_learning.features import write_features
from napari_salient.active_learning.predict import predict_parts
from napari_salient.active_learning.predictions import write_prediction
from napari_salient.active_learning.round_examples import RoundExamples, with_each
from napari_salient.active_learning.round_training import VolumeSource, round_spec, train_round
from napari_salient.active_learning.rounds import RoundPlan, RoundResult
from napari_salient.active_learning.score_file import write_scores
from napari_salient.active_learning.scoring import Scorer, score_pool
from napari_salient.active_learning.steadiness import compare_with_last
from napari_salient.active_learning.strategies import strategy
from napari_salient.active_learning.training_set import LabelSlices, group_by_case
from napari_salient.data.planes import axis_of
from napari_salient.data.volumes import load_image, normalise
from napari_salient.engine.events import CaseSkipped, Event, Finished, FinishReason, Progress
from napari_salient.engine.jobs import Cancelled, job, outcome
from napari_salient.engine.threads import limit_threads, thread_share
from napari_salient.errors import InputError, RunError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from numpy.typing import NDArray

    from napari_salient.active_learning.model import Segmenter
    from napari_salient.active_learning.pool import PoolScores, Proposal
    from napari_salient.active_learning.round_training import Trained
    from napari_salient.engine.run import Run
    from napari_salient.project.project import Project


@job
def run_round(
    plan: RoundPlan, project: Project, run: Run, *, resume: bool = False
) -> Iterator[Event]:
    """Work through a round in the thread that iterates, without touching live labels.

    Parameters
    ----------
    plan
        Made by the session on its own thread.
    project, run
        Where cases come from, and where checkpoints, training set, predictions and result go.
    resume
        Go on where a cancelled round stopped, on the labels it began with.

    Yields
    ------
    Warned
        What the annotator should know: how the training starts, a lost class.
    CaseSkipped
        Once for each case that cannot be read; it is set aside, the round goes on.
    Event
        What training and scoring yield, and `Progress` between.
    Finished
        At the end, with a `RoundResult` as its result when the round is complete.
    """
    round_ = _Round(plan, project, run)
    try:
        with limit_threads(thread_share(plan.settings.segmentation.fit.threads)):
            yield from round_.noted_steps(resume)
    except Cancelled:
        yield Finished(FinishReason.CANCELLED, message="The round can be resumed.")
    except OSError as error:
        raise RunError(
            f"The round could not be saved in {run.directory} ({error.strerror}); free some space "
            "and resume it."
        ) from error


class _Round:
    def __init__(self, plan: RoundPlan, project: Project, run: Run) -> None:
        self.plan = plan
        self.project = project
        self.run = run
        self.set_aside: dict[int, str] = {}
        self.channels: int | None = None

    def noted_steps(self, resume: bool) -> Iterator[Event]:
        """Work through the round and remember the cases that turn out unreadable."""
        for event in self.steps(resume):
            if isinstance(event, CaseSkipped):
                self.set_aside[int(event.case)] = event.message
            yield event

    def steps(self, resume: bool) -> Generator[Event, None, None]:
        resume = resume and LabelSlices.kept_in(self.run.directory)
        found = yield from self._training_set(resume)
        if not len(found.examples):
            nothing = "There is nothing to train on: accept at least one slice first."
            raise InputError(next(iter(self.set_aside.values()), nothing))
        trained = yield from self._train(found, resume)
        trained.model.register_forward_pre_hook(lambda *_: self._stop_if_cancelled())
        scores = yield from self._score(trained)
        steady = yield from compare_with_last(
            self.plan, trained.model, self.image, self._pool_sizes(), self.run.directory
        )
        chosen_by, proposals = self._choose(scores)
        yield from self._predict(trained.model, proposals)
        result = RoundResult(
            number=self.plan.number,
            run_id=self.run.id,
            strategy=chosen_by,
            labelled=len(found.kept.labels),
            checkpoint=trained.checkpoint.relative_to(self.run.directory).as_posix(),
            proposals=tuple(p for p in proposals if p.case_id not in self.set_aside),
            metrics={
                **trained.metrics,
                **steady,
                "pseudo_slices": float(_pseudo_slices(found.pseudo)),
            },
            dead_classes=trained.dead_classes,
            set_aside=self.set_aside,
            interpolation=found.quality,
            pseudo=found.pseudo,
            scores=scores,
        )
        result.write(self.run.directory)
        yield Finished(FinishReason.COMPLETED, message=_in_words(result), result=result)

    def image(self, case_id: int) -> NDArray[np.float32]:
        """Return a case's normalised volume (channel, z, y, x); the first one sets the channels."""
        header = self.project.header(case_id)
        self.channels = self.channels or header.channels
        if header.channels != self.channels:
            raise InputError(
                f"{header.path} has {header.channels} channels and the volumes trained on have "
                f"{self.channels}; keep such volumes in a project of their own."
            )
        return normalise(load_image(header))

    def _training_set(self, resume: bool) -> Generator[Event, None, RoundExamples]:
        """Cut the training set from its volumes and keep its labels with the run."""
        kept = self._labels_of_the_run() if resume else self.plan.copies
        cases = group_by_case(kept.labels if resume else self.plan.accepted)
        found = RoundExamples(self.plan, self.project, kept, self.image)
        go_on = self._stop_if_cancelled
        yield from with_each(cases, found.take_labels, "labels read", go_on)
        found.measure(cases, go_on)
        yield from with_each(cases, found.add, "labelled volumes read", go_on)
        for case_id in self.set_aside:
            kept.drop_case(case_id)
        if not resume:
            kept.write(self.run.directory, self.plan.number)
        return found

    def _train(self, found: RoundExamples, resume: bool) -> Generator[Event, None, Trained]:
        source = VolumeSource(self.image, self.project.label_array)
        z, y, x = np.median(found.spacings, axis=0)
        spec = round_spec(self.plan, self.channels or 1, (float(z), float(y), float(x)))
        given = self.plan, spec, found.examples, source, self.run
        return (yield from train_round(*given, resume=resume))

    def _labels_of_the_run(self) -> LabelSlices:
        kept, number = LabelSlices.read(self.run.directory)
        self.plan = dataclasses.replace(self.plan, number=number)
        return kept

    def _score(self, trained: Trained) -> Generator[Event, None, PoolScores]:
        """Measure the pool: what the strategy needs, and the entropy that the pool's map shows."""
        needs = strategy(self.plan.settings.strategy).needs | {"entropy"}
        compared = []
        if "ensemble" in needs:
            compared = snapshots(trained.checkpoint.parent.parent, trained.model)
        scorer = Scorer(trained.model, needs, compared)
        cases = list(self._pool_sizes())
        scores: PoolScores = yield from outcome(
            score_pool(scorer, cases, self.image, self.run.control)
        )
        write_features(self.run.directory, scores)
        write_scores(self.run.directory, scores)
        return scores

    def _choose(self, scores: PoolScores) -> tuple[str, list[Proposal]]:
        plan = self.plan
        state = pool_state(plan.plane, self._pool_sizes(), plan.busy, scores)
        seed = plan.settings.segmentation.fit.seed
        rng = np.random.default_rng([seed, plan.number])
        return choose(query_of(plan.settings), state, plan.settings.batch, rng)

    def _predict(self, model: Segmenter, proposals: list[Proposal]) -> Generator[Event, None, None]:
        """Store predictions of the cases that the annotator will see next."""
        waiting = [case_id for case_id in self.plan.waiting if case_id not in self._without]
        cases = list(dict.fromkeys([p.case_id for p in proposals] + waiting))
        for done, case_id in enumerate(cases, start=1):
            try:
                labels, uncertainty = self._predict_case(model, case_id)
                write_prediction(self.run.directory, case_id, labels, uncertainty)
            except InputError as error:
                yield CaseSkipped(case_id, str(error))
            yield Progress(done, len(cases), "volumes pre-annotated")
            self._stop_if_cancelled()

    def _predict_case(
        self, model: Segmenter, case_id: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return labels and uncertainty ``(z, y, x)``."""
        image, axis = self.image(case_id), axis_of(self.plan.plane)
        count = image.shape[axis + 1]
        parts = []
        for part in predict_parts(model, image, range(count)):
            parts.append(part)
            self._stop_if_cancelled()
        labels, uncertainty = (np.concatenate(part) for part in zip(*parts, strict=True))
        return np.moveaxis(labels, 0, axis), np.moveaxis(uncertainty, 0, axis)

    def _pool_sizes(self) -> dict[int, int]:
        sizes = pool_sizes(self.project.catalogue, self.plan.plane)
        return {case_id: size for case_id, size in sizes.items() if case_id not in self._without}

    @property
    def _without(self) -> frozenset[int]:
        """Cases that cannot be read."""
        return self.plan.set_aside | frozenset(self.set_aside)

    def _stop_if_cancelled(self) -> None:
        if not self.run.control.proceed():
            raise Cancelled


def _in_words(result: RoundResult) -> str:
    pseudo = _pseudo_slices(result.pseudo)
    between = f" and {pseudo} interpolated" if pseudo else ""
    words = (
        f"Round {result.number}: {result.labelled} slices{between}, "
        f"{len(result.proposals)} new proposals"
    )
    if result.flagged:
        return f"{words}; the model lost {', '.join(result.dead_classes)}, label more of that"
    return words


def _pseudo_slices(pseudo: dict[int, dict[str, float]]) -> int:
    return int(sum(share["slices"] for share in pseudo.values()))
