"""Training the segmentation model on labelled slices, as the engine sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from napari_salient.active_learning.augment import deform, draw_deformation
from napari_salient.active_learning.loss import class_weights, segmentation_loss
from napari_salient.active_learning.model import Segmenter, build_segmenter
from napari_salient.active_learning.spec import SegmenterSpec
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from napari_salient.active_learning.examples import Examples
    from napari_salient.active_learning.settings import SegmentationSettings

Evaluation = Callable[[Segmenter], Iterator[tuple[int, int] | Mapping[str, float]]]
"""Measures a model: yields (done, total) while it works and the metrics at the end."""


class SegmentationTask:
    """Labelled slices in, a `Segmenter` out.

    Parameters
    ----------
    spec
        The model to train; its patch is derived from the slices.
    examples
        The training set, at least one labelled slice.
    settings
        Batch size, crop, augmentation; `settings.fit.seed` also seeds the weights.
    evaluation
        Measures the model at the end and wherever the engine asks; nothing is measured without one.
    weights
        Start from these instead of random weights (warm start).

    Raises
    ------
    InputError
        If there is no slice to train on, or none with a known pixel.
    """

    def __init__(
        self,
        spec: SegmenterSpec,
        examples: Examples,
        settings: SegmentationSettings,
        *,
        evaluation: Evaluation | None = None,
        weights: Mapping[str, Tensor] | None = None,
    ) -> None:
        pixels = examples.pixel_counts(spec.classes)
        if pixels.sum() == 0:
            raise InputError("There is nothing to train on: label at least one slice first.")
        torch.manual_seed(settings.fit.seed)
        self.model = build_segmenter(spec.with_patch(examples.largest(), settings.crop))
        if weights is not None:
            self.model.load_state_dict(dict(weights))
        self.examples = examples
        self.settings = settings
        self.class_weights = class_weights(torch.from_numpy(pixels))
        self._evaluation = evaluation
        self._metrics: Mapping[str, float] = {}

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return all weights as one group."""
        return [{"params": list(self.model.parameters())}]

    def batch(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return what `Examples.draw` gives for a step, deformed: inputs, labels and weights."""
        rng = np.random.default_rng([self.settings.fit.seed, step])
        drawn = self.examples.draw(self.settings.batch_size, self.model.spec.patch, rng)
        stacks, labels, weights = (torch.from_numpy(array) for array in drawn)
        if self.settings.augment:
            generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
            stacks, labels = deform(stacks, labels, draw_deformation(len(stacks), generator))
        return stacks, labels, weights

    def loss(self, batch: tuple[Tensor, Tensor, Tensor]) -> tuple[Tensor, dict[str, float]]:
        """Return the class-balanced loss of a batch, each slice by its weight."""
        stacks, labels, weights = batch
        logits = self.model(stacks)
        classes = self.class_weights.to(logits.device)
        return segmentation_loss(logits, labels, classes, weights), {}

    def on_step(self, step: int) -> None:
        """Nothing changes over the run."""

    def evaluate(self) -> Iterator[tuple[int, int]]:
        """Run the evaluation that was given, yielding (done, total)."""
        if self._evaluation is None:
            return
        for said in self._evaluation(self.model):
            if isinstance(said, Mapping):
                self._metrics = said
            else:
                yield said

    def metrics(self) -> Mapping[str, float]:
        """Return what the last evaluation measured."""
        return self._metrics

    def state_dict(self) -> dict[str, Any]:
        """Return the spec, so that a checkpoint can be opened without its project."""
        return {"spec": self.model.spec.to_json()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Refuse to go on with another model than the one stored.

        Raises
        ------
        InputError
            If the checkpoint holds a model of another spec.
        """
        stored = SegmenterSpec.from_json(state["spec"])
        if stored != self.model.spec:
            raise InputError(
                f"The checkpoint holds another model: {self.model.spec.differences(stored)}; "
                "resume it with the settings and data that it was started with."
            )
