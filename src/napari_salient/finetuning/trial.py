"""Whether a pretrained encoder pays in a project: paired trainings on what is labelled there."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.training_set import group_by_case
from napari_salient.data.label_values import UNSURE
from napari_salient.engine.events import Event, Finished, FinishReason, Progress, Step
from napari_salient.engine.jobs import Cancelled, job, outcome
from napari_salient.engine.llvm import guard_before_torch
from napari_salient.engine.threads import limit_threads, thread_share
from napari_salient.errors import InputError
from napari_salient.finetuning.coverage import refuse_unfit, spec_of_project
from napari_salient.pretraining.library import newest_checkpoint

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_salient.active_learning.model import Segmenter
    from napari_salient.active_learning.round_examples import RoundExamples
    from napari_salient.active_learning.rounds import RoundPlan
    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.active_learning.settings import SegmentationSettings
    from napari_salient.active_learning.spec import SegmenterSpec
    from napari_salient.engine.control import Control
    from napari_salient.project.project import Project

    Weights = Mapping[str, Tensor]

PAIRS = 5
HELD_OUT = 1 / 3
"""Share of the patients with labels that a pair of trainings only measures on."""

STEPS = "steps, with the encoder and from scratch"


@dataclass(frozen=True)
class Trial:
    """What an encoder was worth for the labels of a project.

    Parameters
    ----------
    slices, volumes
        Labelled ones, shared out among learning and measuring anew for each pair.
    pairs, steps
        Pairs of trainings, and the optimiser steps of each training.
    scratch, pretrained
        Mean Dice over the pairs, on patients that they did not learn from.
    difference, interval
        Mean of `pretrained` less `scratch`, and its 95 % interval by `corrected_interval`.
    """

    slices: int
    volumes: int
    pairs: int
    steps: int
    scratch: float
    pretrained: float
    difference: float
    interval: tuple[float, float]

    @property
    def verdict(self) -> str:
        """Whether it pays, as a sentence."""
        low, high = self.interval
        if low > 0:
            return "The encoder pays here."
        return "The encoder does harm here." if high < 0 else "That may be chance."

    def __str__(self) -> str:
        low, high = map(_points, self.interval)
        return (
            f"{_points(self.difference)} Dice points against scratch ({low} to {high}): "
            f"{self.pretrained:.3f} and {self.scratch:.3f}, {self.pairs} pairs of trainings "
            f"on {self.slices} slices of {self.volumes} volumes. {self.verdict}"
        )


def try_encoder(session: LabellingSession, source: Path, control: Control) -> Iterator[Event]:
    """Return the job that trains with an encoder and without it on the labels of this moment.

    Both trainings of a pair have the same labelled slices, batches, steps, and first weights
    outside the encoder. A third of the patients, drawn anew for each pair, only measures. The
    pretraining may have seen their images, as it has seen those that are still to be labelled; it
    never saw a label. The project stays as it is.

    Parameters
    ----------
    session
        Its accepted slices of the pool are shared out.
    source
        Checkpoint of a pretraining, or the folder of its run, whose newest one is taken.
    control
        Looked at after every step.

    Yields
    ------
    CaseSkipped
        For each labelled volume that cannot be read.
    Progress
        After each volume and each step.
    Finished
        At the end, with a `Trial` as its result.

    Raises
    ------
    InputError
        At once, if too little is labelled.
    RunError
        At once, if there is no checkpoint.
    """
    session.record_changes()
    project, settings = session.project, session.settings
    plan = session.plan(dataclasses.replace(settings, interpolate=False))
    if len(_by_patient(project, {case for case, _ in plan.accepted})) < 2:
        raise InputError("To compare with scratch, accept slices of at least two patients.")
    labelled = _Labelled(plan, project, spec_of_project(project, settings.segmentation), control)
    return _trial(labelled, newest_checkpoint(source))


@job
def _trial(labelled: _Labelled, checkpoint: Path) -> Iterator[Event]:
    guard_before_torch()
    from napari_salient.pretraining.transfer import load_pretrained

    try:
        refuse_unfit(checkpoint, labelled.spec)
        _, encoder = load_pretrained(checkpoint)
        yield from labelled.read()
        with limit_threads(thread_share(labelled.plan.settings.segmentation.fit.threads)):
            result = yield from _Arms(labelled, encoder).compare()
    except Cancelled:
        yield Finished(FinishReason.CANCELLED)
        return
    yield Finished(FinishReason.COMPLETED, message=str(result), result=result)


class _Labelled:
    """The accepted slices of a project; a training set is cut from some of its cases."""

    def __init__(
        self, plan: RoundPlan, project: Project, spec: SegmenterSpec, control: Control
    ) -> None:
        self.plan, self.project, self.spec, self.control = plan, project, spec, control
        self.cases = group_by_case(plan.accepted)

    def read(self) -> Iterator[Event]:
        """Take the labels of all cases that can be read, and only then look at the volumes."""
        from napari_salient.active_learning.round_examples import with_each

        labels = self._no_examples()
        yield from with_each(self.cases, labels.take_labels, "labels read", self.go_on)
        yield from with_each(
            self.cases, lambda case_id, _: self.image(case_id), "labelled volumes read", self.go_on
        )

    def go_on(self) -> None:
        """Wait while it is paused; raise `Cancelled` if it is to end."""
        if not self.control.proceed():
            raise Cancelled

    def image(self, case_id: int) -> NDArray[np.float32]:
        """Return the normalised volume (channel, z, y, x) of a case."""
        from napari_salient.data.volumes import load_image, normalise

        header = self.project.header(case_id)
        if header.channels != self.spec.channels:
            raise InputError(
                f"{header.path} has {header.channels} channels and the first volume of the project "
                f"has {self.spec.channels}; it is left out."
            )
        return normalise(load_image(header))

    def show_a_class(self) -> bool:
        """Return whether any slice has more than background and what nobody could tell."""
        labels = self.plan.copies.labels
        shown = (labels[case, index] for case, indices in self.cases.items() for index in indices)
        return any(((pixels > 0) & (pixels != UNSURE)).any() for pixels in shown)

    def examples(self, cases: Iterable[int]) -> RoundExamples:
        """Return the training set of some cases."""
        found = self._no_examples()
        for case_id in cases:
            found.add(case_id, self.cases[case_id])
        return found

    def dice(self, model: Segmenter, cases: Iterable[int]) -> float:
        """Return the mean Dice over the classes on the labelled slices of some cases.

        It is 1 where no slice has a class and none is predicted.
        """
        from napari_salient.active_learning.measures import dice_per_class, mean_dice
        from napari_salient.active_learning.predict import predict_slices

        scores = []
        for case_id in cases:
            indices = self.cases[case_id]
            truth = np.stack([self.plan.copies.labels[case_id, index] for index in indices])
            predicted, _ = predict_slices(model, self.image(case_id), indices)
            scores.append(dice_per_class(predicted, truth, model.spec.label_values[1:]))
        by_class = mean_dice(scores)
        known = by_class[np.isfinite(by_class)]
        return float(known.mean()) if known.size else 1.0

    def _no_examples(self) -> RoundExamples:
        from napari_salient.active_learning.round_examples import RoundExamples

        return RoundExamples(self.plan, self.project, self.plan.copies, self.image)


@dataclass
class _Arms:
    """The trainings of all pairs, one after the other."""

    labelled: _Labelled
    encoder: Weights
    done: int = 0

    def compare(self) -> Generator[Event, None, Trial]:
        """Train all pairs and say what came of it."""
        cases = self.labelled.cases
        patients = list(_by_patient(self.labelled.project, cases).values())
        if len(patients) < 2:
            raise InputError("Labelled volumes of at least two patients have to be readable.")
        if not self.labelled.show_a_class():
            raise InputError("The accepted slices show no class, so there is nothing to compare.")
        scratch, pretrained = np.zeros(PAIRS), np.zeros(PAIRS)
        for pair in range(PAIRS):
            learned, measured = _share_out(patients, pair)
            examples = self.labelled.examples(learned)
            for weights, dice in ((None, scratch), (self.encoder, pretrained)):
                model = yield from self._train(examples, weights, pair)
                dice[pair] = self.labelled.dice(model, measured)
        held_out = _held_out(len(patients))
        differences = pretrained - scratch
        return Trial(
            slices=sum(map(len, cases.values())),
            volumes=len(cases),
            pairs=PAIRS,
            steps=self.labelled.plan.settings.segmentation.fit.steps,
            scratch=float(scratch.mean()),
            pretrained=float(pretrained.mean()),
            difference=float(differences.mean()),
            interval=corrected_interval(differences, held_out, len(patients) - held_out),
        )

    def _train(
        self, examples: RoundExamples, weights: Weights | None, pair: int
    ) -> Generator[Event, None, Segmenter]:
        from napari_salient.active_learning.task import SegmentationTask
        from napari_salient.engine.fit import fit
        from napari_salient.pretraining.transfer import transfer

        settings = self._settings(pair)
        task = SegmentationTask(self.labelled.spec, examples.examples, settings)
        if weights is not None:
            transfer(weights, task.model)
        steps, control = settings.fit.steps, self.labelled.control
        with TemporaryDirectory(prefix="napari-salient-trial-") as folder:
            for event in outcome(fit(task, settings.fit, control, Path(folder))):
                if isinstance(event, Step):
                    yield Progress(self.done + event.step, 2 * PAIRS * steps, STEPS)
        self.done += steps
        task.model.register_forward_pre_hook(lambda *_: self.labelled.go_on())
        return task.model.eval()

    def _settings(self, pair: int) -> SegmentationSettings:
        settings = self.labelled.plan.settings.segmentation
        seed = int(np.random.default_rng([settings.fit.seed, pair]).integers(2**31))
        fit = dataclasses.replace(settings.fit, seed=seed, save_every=0, evaluate_every=0)
        return dataclasses.replace(settings, fit=fit)


def _points(difference: float) -> str:
    return f"{round(100 * difference, 1) + 0.0:+.1f}"  # adding 0 makes 0 of -0


def corrected_interval(
    differences: NDArray[np.float64], measured: int, learned: int
) -> tuple[float, float]:
    """Return the 95 % interval of the mean difference of pairs that share out the same patients.

    The pairs are not independent, as if they were it would be about half as wide. C. Nadeau and
    Y. Bengio, Inference for the Generalization Error, Machine Learning 52, 2003.

    Parameters
    ----------
    differences : float array, shape (pair,)
    measured, learned
        Patients in each pair.
    """
    from scipy.stats import t

    count = len(differences)
    error = differences.std(ddof=1) * np.sqrt(1 / count + measured / learned)
    mean, reach = float(differences.mean()), float(t.ppf(0.975, count - 1) * error)
    return mean - reach, mean + reach


def _held_out(patients: int) -> int:
    return max(round(HELD_OUT * patients), 1)


def _share_out(patients: list[list[int]], pair: int) -> tuple[list[int], list[int]]:
    """Return the cases that a pair learns from and those that it measures on."""
    order = np.random.default_rng([pair, 1]).permutation(len(patients)).tolist()
    count = _held_out(len(patients))
    learned, measured = order[count:], order[:count]
    return [c for p in learned for c in patients[p]], [c for p in measured for c in patients[p]]


def _by_patient(project: Project, cases: Iterable[int]) -> dict[str, list[int]]:
    """Return the cases of each patient."""
    found: dict[str, list[int]] = {}
    for case_id in sorted(cases):
        found.setdefault(project.catalogue.case(case_id).patient, []).append(case_id)
    return found
