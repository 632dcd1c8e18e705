"""Training the caries model on labels and regions, as the engine sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from napari_salient.caries.loss import TargetBatch, caries_loss
from napari_salient.caries.model import CariesModel
from napari_salient.caries.scores import Judged, figures
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Tensor

    from napari_salient.caries.examples import Example
    from napari_salient.caries.settings import CariesSettings
    from napari_salient.caries.spec import CariesSpec
    from napari_salient.caries.targets import PatchTargets

MIRRORS: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-2, -1))
GAIN, SHIFT = 0.2, 0.2
"""Largest relative change of an image's contrast, and of its brightness in standard deviations."""


class Batch(NamedTuple):
    """Images (image, channel, row, column), labels (image, class), what is known of patches."""

    images: Tensor
    labels: Tensor
    targets: TargetBatch


class CariesTask:
    """Labelled radiographs in, a `CariesModel` out.

    Half of a batch shows something and half does not, as far as there are both.

    Parameters
    ----------
    spec
        The model.
    examples
        To learn from, all of one size.
    settings
        Its training; `settings.fit.seed` draws weights, batches and whose regions are used.
    measured
        To measure on; never learned from.
    weights
        Start from these instead of random weights.

    Raises
    ------
    InputError
        If there is nothing to learn from, or the images are of different sizes.
    """

    def __init__(
        self,
        spec: CariesSpec,
        examples: Sequence[Example],
        settings: CariesSettings,
        measured: Sequence[Example] = (),
        *,
        weights: Mapping[str, Tensor] | None = None,
    ) -> None:
        _refuse_unequal(examples)
        self.settings = settings
        self.examples = _guided(examples, settings)
        self.measured = measured
        torch.manual_seed(settings.fit.seed)
        self.model = CariesModel(spec)
        if weights is not None:
            self.model.load_state_dict(dict(weights))
        self.grid = self.model.grid(*examples[0].image.shape[1:])
        shown = np.array([_shows(example, spec) for example in examples])
        self._kinds = [np.flatnonzero(shown), np.flatnonzero(~shown)]
        self._targets: dict[tuple[int, tuple[int, ...]], PatchTargets | None] = {}
        self._metrics: Mapping[str, float] = {}

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return all weights as one group."""
        return [{"params": list(self.model.parameters())}]

    def batch(self, step: int) -> Batch:
        """Return the images of a step, mirrored and with other contrasts."""
        rng = np.random.default_rng([self.settings.fit.seed, step])
        chosen = self._draw(rng)
        mirrors = [
            MIRRORS[n if self.settings.augment else 0] for n in rng.integers(4, size=len(chosen))
        ]
        images = np.stack(
            [np.flip(self.examples[n].image, m) for n, m in zip(chosen, mirrors, strict=True)]
        )
        if self.settings.augment:
            gain, shift = rng.uniform(-1, 1, (2, len(chosen), 1, 1, 1)).astype(np.float32)
            images = images * (1 + GAIN * gain) + SHIFT * shift
        labels = np.stack([self.examples[n].label for n in chosen])
        known = [self._known(n, m) for n, m in zip(chosen, mirrors, strict=True)]
        spec = self.model.spec
        targets = TargetBatch.of(known, len(self.grid), spec.classes)
        return Batch(
            torch.from_numpy(np.ascontiguousarray(images)), torch.from_numpy(labels), targets
        )

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of labels, patches and attention, and its parts."""
        labels = batch.labels.argmax(1) if self.model.spec.multiclass else batch.labels
        terms = caries_loss(self.model(batch.images), labels, batch.targets)
        total = terms.total(self.settings.location_weight, self.settings.attention_weight)
        parts = zip(terms._fields, terms, strict=True)
        return total, {name: float(part.detach()) for name, part in parts}

    def on_step(self, step: int) -> None:
        """Nothing changes over the run."""

    def evaluate(self) -> Iterator[tuple[int, int]]:
        """Judge the images that measure, yielding (done, total)."""
        judged = []
        for done, example in enumerate(self.measured, start=1):
            judged.append(Judged.of(self.model, example))
            yield done, len(self.measured)
        self._metrics = figures(judged) if judged else {}

    def metrics(self) -> Mapping[str, float]:
        """Return what the last evaluation measured."""
        return self._metrics

    def state_dict(self) -> dict[str, Any]:
        """Return what the model is, so that a checkpoint can be opened without its images."""
        return {"spec": self.model.spec.to_json()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Refuse to go on with another model than the one stored.

        Raises
        ------
        InputError
            If the checkpoint holds a model of another spec.
        """
        if state != self.state_dict():
            raise InputError(
                "The checkpoint holds another model; resume it with the settings and images that "
                "it was started with."
            )

    def _draw(self, rng: np.random.Generator) -> list[int]:
        kinds = [kind for kind in self._kinds if len(kind)]
        sizes = [len(part) for part in np.array_split(range(self.settings.batch_size), len(kinds))]
        drawn = [rng.choice(kind, size) for kind, size in zip(kinds, sizes, strict=True)]
        return [int(number) for part in drawn for number in part]

    def _known(self, number: int, mirror: tuple[int, ...]) -> PatchTargets | None:
        """Return the targets of an example, worked out once for each way it is mirrored."""
        if (number, mirror) not in self._targets:
            marks = self.examples[number].marks
            known = marks.mirrored(mirror).targets(self.grid) if marks else None
            self._targets[number, mirror] = known
        return self._targets[number, mirror]


def _guided(examples: Sequence[Example], settings: CariesSettings) -> list[Example]:
    """Return the examples, a share of those with regions with them and the others without.

    Those of a smaller share are among those of a larger one.
    """
    marked = [number for number, example in enumerate(examples) if example.marks]
    order = np.random.default_rng([settings.fit.seed, 0]).permutation(marked)
    kept = set(order[: round(settings.guided * len(marked))].tolist())
    return [e if n in kept else e.without_marks() for n, e in enumerate(examples)]


def _shows(example: Example, spec: CariesSpec) -> bool:
    return bool(example.label[1:].any() if spec.multiclass else example.label.any())


def _refuse_unequal(examples: Sequence[Example]) -> None:
    if not examples:
        raise InputError("There is no image to learn from; list some in the split train.")
    shapes = {example.image.shape: example.name for example in examples}
    if len(shapes) > 1:
        (one, name), (other, second) = list(shapes.items())[:2]
        sizes = [f"{width} × {height}" for _, height, width in (one, other)]
        raise InputError(
            f"{name} has {sizes[0]} pixels and {second} {sizes[1]}; bring the images that are "
            "learned from to one size."
        )
