"""Trains the model of a round, and a second time when the first one lost a class."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_salient.active_learning.measures import dice_per_class, mean_dice
from napari_salient.active_learning.model import Segmenter, load_segmenter
from napari_salient.active_learning.predict import predict_slices
from napari_salient.active_learning.spec import spec_for
from napari_salient.active_learning.task import SegmentationTask
from napari_salient.active_learning.training_set import group_by_case
from napari_salient.data.planes import slice_of
from napari_salient.engine.checkpoint import latest_checkpoint
from napari_salient.engine.device import pick_device
from napari_salient.engine.events import CaseSkipped, Event, Progress, Warned
from napari_salient.engine.fit import fit
from napari_salient.engine.jobs import Cancelled, outcome
from napari_salient.errors import RunError, SalientError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_salient.active_learning.examples import Examples
    from napari_salient.active_learning.rounds import RoundPlan
    from napari_salient.active_learning.settings import SegmentationSettings
    from napari_salient.active_learning.spec import SegmenterSpec
    from napari_salient.engine.run import Run

SECOND_TRY = "second-seed"
"""Folder within the run's for a training that is repeated because a class was lost."""


@dataclass(frozen=True)
class Trained:
    """A trained model in evaluation mode, its file, what it measured, and the classes it lost."""

    model: Segmenter
    checkpoint: Path
    metrics: dict[str, float]
    dead_classes: tuple[str, ...]


@dataclass(frozen=True)
class VolumeSource:
    """Gives normalised images (channel, z, y, x) and labels (z, y, x) by case."""

    image: Callable[[int], NDArray[np.float32]]
    labels: Callable[[int], NDArray[np.uint8]]


def round_spec(
    plan: RoundPlan, channels: int, spacing: tuple[float, float, float]
) -> SegmenterSpec:
    """Return the spec of the model that a round trains on volumes of that spacing (mm)."""
    active = plan.schema.active
    return spec_for(
        plan.settings.segmentation,
        plan.plane,
        channels=channels,
        class_names=[label.name for label in active],
        label_values=[0, *(label.value for label in active)],
        spacing=spacing,
    )


def train_round(
    plan: RoundPlan,
    spec: SegmenterSpec,
    examples: Examples,
    source: VolumeSource,
    run: Run,
    *,
    resume: bool,
) -> Generator[Event, None, Trained]:
    """Train from the active round's weights if they fit; if a class is lost, again from scratch.

    A network that is trained shortly on two classes that touch may give one the place of the other
    and never predict it, whatever the labels; another seed mostly cures that.
    """
    training = _Training(plan, spec, examples, source, run)
    first = yield from training.attempt(0, run.directory, resume=resume)
    if not first.dead_classes:
        return first
    names = ", ".join(first.dead_classes)
    yield Warned(
        f"The model never predicts {names} though it was labelled; training again from scratch."
    )
    second = yield from training.attempt(1, run.directory / SECOND_TRY, resume=resume)
    return min(second, first, key=lambda trained: len(trained.dead_classes))


def lost_channels(model: Segmenter, examples: Examples) -> Iterator[set[int]]:
    """Yield the labelled classes that the model has predicted on no training input so far.

    They come before the first input and after each one, until all were looked at or none is lost.
    """
    classes = model.spec.classes
    counts = examples.pixel_counts(classes)
    lost = {channel for channel in range(1, classes) if counts[channel]}
    yield lost
    for example in examples.inputs():
        if not lost:
            return
        lost = lost - set(_predicted_channels(model, example))
        yield lost


class _Training:
    def __init__(
        self,
        plan: RoundPlan,
        spec: SegmenterSpec,
        examples: Examples,
        source: VolumeSource,
        run: Run,
    ) -> None:
        self.plan = plan
        self.spec = spec
        self.examples = examples
        self.source = source
        self.run = run
        self.unreadable: dict[int, str] = {}

    def attempt(
        self, number: int, directory: Path, *, resume: bool
    ) -> Generator[Event, None, Trained]:
        settings = self._settings(number)
        weights = None
        if number == 0:
            weights = yield from self._parent_weights()
        evaluation = self._evaluate if self.plan.validation else None
        task = SegmentationTask(
            self.spec, self.examples, settings, evaluation=evaluation, weights=weights
        )
        directory.mkdir(parents=True, exist_ok=True)
        measured = yield from outcome(
            fit(task, settings.fit, self.run.control, directory, resume=resume)
        )
        checkpoint = _checkpoint(directory)
        model = load_segmenter(checkpoint).to(pick_device(settings.fit.device)).eval()
        dead = yield from self._dead_classes(model)
        for case_id, words in self.unreadable.items():
            yield CaseSkipped(case_id, words)
        counts = {"warm_start": float(weights is not None), "dead_classes": float(len(dead))}
        return Trained(model, checkpoint, {**(measured or {}), **counts}, dead)

    def _settings(self, attempt: int) -> SegmentationSettings:
        settings = self.plan.settings.segmentation
        rng = np.random.default_rng([settings.fit.seed, self.plan.number, attempt])
        fit_settings = dataclasses.replace(settings.fit, seed=int(rng.integers(2**31)))
        return dataclasses.replace(settings, fit=fit_settings)

    def _parent_weights(self) -> Generator[Event, None, Mapping[str, Tensor] | None]:
        """Return the active round's weights, or say why the training starts from scratch."""
        if self.plan.parent is None and self.plan.first_weights is not None:
            weights, words = self.plan.first_weights(self.spec)
            yield Warned(words)
            return weights
        if self.plan.parent is None:
            return None
        try:
            parent = load_segmenter(self.plan.parent)
        except SalientError as error:
            yield Warned(f"Training starts from scratch: {error}")
            return None
        if not self.spec.takes_weights_of(parent.spec):
            yield Warned(
                "Training starts from scratch: the classes or the model's settings changed."
            )
            return None
        yield Warned("Training goes on from the weights of the active round.")
        return parent.state_dict()

    def _dead_classes(self, model: Segmenter) -> Generator[Event, None, tuple[str, ...]]:
        """Return the labelled classes that the model predicts on none of the training inputs."""
        left: set[int] = set()
        for done, lost in enumerate(lost_channels(model, self.examples)):
            left = lost
            if done and done % 16 == 0:
                yield Progress(done, len(self.examples), "training slices checked")
            if not self.run.control.proceed():
                raise Cancelled
        return tuple(self.spec.class_names[channel - 1] for channel in sorted(left))

    def _evaluate(self, model: Segmenter) -> Iterator[tuple[int, int] | Mapping[str, float]]:
        """Measure the accepted slices of validation cases that can be read."""
        cases = group_by_case(self.plan.validation)
        scores = []
        for done, (case_id, indices) in enumerate(cases.items(), start=1):
            try:
                scores.append(self._case_dice(model, case_id, indices))
            except SalientError as error:
                self.unreadable[case_id] = str(error)
            yield done, len(cases)
        yield self._named(mean_dice(scores)) if scores else {}

    def _case_dice(self, model: Segmenter, case_id: int, indices: list[int]) -> NDArray[np.float64]:
        image, labels = self.source.image(case_id), self.source.labels(case_id)
        truth = np.stack([slice_of(labels, self.plan.plane, index) for index in indices])
        predicted, _ = predict_slices(model, image, indices)
        return dice_per_class(predicted, truth, self.spec.label_values[1:])

    def _named(self, dice: NDArray[np.float64]) -> dict[str, float]:
        """Return the Dice of each class and their mean, without classes that occur nowhere."""
        known = np.isfinite(dice)
        named = {
            f"dice {name}": float(d) for name, d in zip(self.spec.class_names, dice, strict=True)
        }
        if known.any():
            named["dice"] = float(dice[known].mean())
        return {name: value for name, value in named.items() if math.isfinite(value)}


def _predicted_channels(model: Segmenter, example: NDArray[np.float32]) -> list[int]:
    with torch.inference_mode():
        logits = model.whole(torch.from_numpy(example)[None].to(model.device))
    return np.unique(logits.argmax(1).cpu().numpy()).tolist()  # type: ignore[no-any-return]


def _checkpoint(directory: Path) -> Path:
    found = latest_checkpoint(directory)
    if found is None:
        raise RunError(f"The training in {directory} left no checkpoint; start the round again.")
    return found
