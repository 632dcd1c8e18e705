"""Training a model that grades pictures, as the engine sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F

from napari_salient.errors import InputError
from napari_salient.finetuning.classification.model import Grader, cumulative, grades_of
from napari_salient.finetuning.warm_up import WarmUp
from napari_salient.pretraining.pool import VolumePool
from napari_salient.pretraining.transfer import transfer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Tensor

    from napari_salient.finetuning.classification.grades import Graded
    from napari_salient.finetuning.settings import GradingSettings
    from napari_salient.pretraining.transfer import Coverage


class GradingTask:
    """Graded pictures in, a `Grader` out.

    Parameters
    ----------
    settings
        The model and its training; `settings.fit.seed` also draws the weights and the pictures that
        are trained on.
    pictures
        Those to train and those to test on.
    pretrained
        Weights of a pretrained encoder to start from.

    Attributes
    ----------
    coverage
        What was loaded of these, tensor by tensor; `None` from scratch.

    Raises
    ------
    InputError
        If the pictures are of one grade, or the weights do not fit.
    """

    def __init__(
        self,
        settings: GradingSettings,
        pictures: Sequence[Graded],
        pretrained: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.settings = settings
        self.grades = max(graded.grade for graded in pictures) + 1
        if self.grades < 2:
            raise InputError("All pictures are of grade 0; there is nothing to tell apart.")
        self.trained = _drawn([g for g in pictures if not g.tested], settings)
        self.tested = [graded for graded in pictures if graded.tested]
        torch.manual_seed(settings.fit.seed)
        self.model = Grader(settings.width, self.grades)
        self.coverage: Coverage | None = None
        self.warm_up: WarmUp | None = None
        if pretrained is not None:
            self.coverage = transfer(pretrained, self.model)
            self.warm_up = WarmUp(self.model, settings)
        self._pools = {
            side: VolumePool.of_pictures([g.path for g in chosen], settings.side)
            for side, chosen in (("train", self.trained), ("test", self.tested))
        }
        self._metrics: dict[str, float] = {}

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return all weights, those of a pretrained encoder with their own rate."""
        return self.warm_up.groups() if self.warm_up else [{"params": [*self.model.parameters()]}]

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Return pictures (picture, colour, row, column) and grades (picture,) of a step."""
        rng = np.random.default_rng([self.settings.fit.seed, step])
        chosen = rng.integers(len(self.trained), size=self.settings.batch_size)
        pictures = self._pictures("train", chosen.tolist())
        if self.settings.augment:
            for axis in (2, 3):
                mirrored = torch.from_numpy(rng.random(len(chosen)) < 0.5)
                pictures[mirrored] = pictures[mirrored].flip(axis)
        return pictures, torch.tensor([self.trained[number].grade for number in chosen])

    def loss(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, dict[str, float]]:
        """Return the binary cross-entropy of all outputs."""
        pictures, grades = batch
        wanted = cumulative(grades, self.grades)
        return F.binary_cross_entropy_with_logits(self.model(pictures), wanted), {}

    def on_step(self, step: int) -> None:
        """Freeze a pretrained encoder in the warm-up."""
        if self.warm_up:
            self.warm_up.before(step)

    def evaluate(self) -> Iterator[tuple[int, int]]:
        """Grade the test pictures, yielding (done, total)."""
        device = next(self.model.parameters()).device
        found: list[int] = []
        while len(found) < len(self.tested):
            numbers = range(len(self.tested))[len(found) : len(found) + self.settings.batch_size]
            with torch.inference_mode():
                logits = self.model(self._pictures("test", numbers).to(device))
            found += grades_of(logits).tolist()
            yield len(found), len(self.tested)
        self._metrics = agreement([graded.grade for graded in self.tested], found)

    def metrics(self) -> Mapping[str, float]:
        """Return what the last evaluation measured, as `agreement` does."""
        return self._metrics

    def state_dict(self) -> dict[str, Any]:
        """Return what the model is, so that a checkpoint can be opened without its pictures."""
        settings = self.settings
        return {"grading": [settings.width, settings.side, self.grades, len(self.trained)]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Refuse to go on with another training than the one stored.

        Raises
        ------
        InputError
            If the checkpoint is of another model or of other pictures.
        """
        if state != self.state_dict():
            raise InputError("The checkpoint is of another grading model; start a new run.")

    def _pictures(self, side: str, numbers: Sequence[int]) -> Tensor:
        pool = self._pools[side]
        return torch.from_numpy(np.stack([pool.image(number)[:, 0] for number in numbers]))


def agreement(true: Sequence[int], found: Sequence[int]) -> dict[str, float]:
    """Return the quadratic weighted kappa, 0 for chance and 1 for all right, and the accuracy."""
    from sklearn.metrics import cohen_kappa_score

    same = set(true) == set(found) and len(set(true)) == 1
    kappa = 1.0 if same else float(cohen_kappa_score(true, found, weights="quadratic"))
    return {"kappa": kappa, "accuracy": float(np.mean(np.equal(true, found)))}


def _drawn(pictures: list[Graded], settings: GradingSettings) -> list[Graded]:
    """Draw the share of the pictures that is trained on; the seed alone decides which."""
    order = np.random.default_rng([settings.fit.seed, 0]).permutation(len(pictures))
    count = max(round(settings.fraction * len(pictures)), 1)
    return [pictures[number] for number in sorted(order[:count])]
