"""Training the segmentation model on labelled slices, as the engine sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from napari_salient.active_learning.augment import deform, draw_deformation
from napari_salient.active_learning.loss import class_weights, segmentation_loss
from napari_salient.active_learning.model import (
    SIDE_MULTIPLE,
    SMALLEST_SIDE,
    SegmenterSpec,
    SliceSegmenter,
)
from napari_salient.active_learning.slices import LabelledSlices, fit_to
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from napari_salient.active_learning.settings import SegmentationSettings

Evaluation = Callable[[SliceSegmenter], Iterator[tuple[int, int] | Mapping[str, float]]]
"""Measures a model: yields (done, total) while it works and the metrics at the end."""


class SegmentationTask:
    """Slices with labels in, a `SliceSegmenter` out.

    Parameters
    ----------
    spec
        The model to train; its patch is derived from the slices.
    slices
        The training set, at least one slice.
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
        slices: LabelledSlices,
        settings: SegmentationSettings,
        *,
        evaluation: Evaluation | None = None,
        weights: Mapping[str, Tensor] | None = None,
    ) -> None:
        pixels = slices.pixel_counts(spec.classes)
        if pixels.sum() == 0:
            raise InputError("There is nothing to train on: label at least one slice first.")
        patch = _patch(slices.largest(), settings.crop)
        torch.manual_seed(settings.fit.seed)
        self.model = SliceSegmenter(replace(spec, patch=patch))
        if weights is not None:
            self.model.load_state_dict(dict(weights))
        self.slices = slices
        self.settings = settings
        self.class_weights = class_weights(torch.from_numpy(pixels))
        self._evaluation = evaluation
        self._metrics: Mapping[str, float] = {}

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return all weights as one group."""
        return [{"params": list(self.model.parameters())}]

    def batch(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return stacks (batch, channel, row, column), labels (batch, row, column), weights."""
        rng = np.random.default_rng([self.settings.fit.seed, step])
        chosen = rng.integers(len(self.slices), size=self.settings.batch_size)
        patch = self.model.spec.patch
        cut = [fit_to(self.slices.stacks[i], self.slices.labels[i], patch, rng) for i in chosen]
        stacks = torch.from_numpy(np.stack([stack for stack, _ in cut]))
        labels = torch.from_numpy(np.stack([label for _, label in cut]))
        weights = torch.tensor([self.slices.weights[i] for i in chosen])
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
                f"The checkpoint holds another model ({stored}) than this run trains "
                f"({self.model.spec})."
            )


def _patch(largest: tuple[int, int], crop: int) -> tuple[int, int]:
    """Return rows and columns of every batch: slice or crop, rounded up for the network."""
    rows, columns = (-(-min(side, crop) // SIDE_MULTIPLE) * SIDE_MULTIPLE for side in largest)
    return max(rows, SMALLEST_SIDE), max(columns, SMALLEST_SIDE)
