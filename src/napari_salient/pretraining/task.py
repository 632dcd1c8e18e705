"""Pretraining on a pool of volumes, as the engine sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_salient.engine.task import move
from napari_salient.errors import InputError
from napari_salient.pretraining.encoder import enlarge
from napari_salient.pretraining.geometry import Geometry
from napari_salient.pretraining.model import ProxyModel
from napari_salient.pretraining.sampling import Sampler
from napari_salient.pretraining.spec import PretrainingSpec
from napari_salient.pretraining.tasks import proxy_task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Tensor

    from napari_salient.pretraining.pool import VolumePool
    from napari_salient.pretraining.proxy import Example, Picture
    from napari_salient.pretraining.settings import PretrainingSettings

TRAINING, HELD_OUT, SHELF = range(3)
"""What a random generator is for, beside the seed and the step."""

SHELF_STEPS = 50
"""Steps in which the same volumes are used where not all fit into memory."""


class PretrainingTask:
    """Unlabelled volumes in, an encoder out.

    Parameters
    ----------
    settings
        The proxy task, the network and the run; `settings.fit.seed` also seeds the weights.
    pool
        What to learn from.
    held_out
        What to measure on; nothing is measured without.

    Attributes
    ----------
    notes
        What a user should know about the task on these volumes, in sentences.

    Raises
    ------
    InputError
        If the volumes are too small or too few for the task, or their channels differ.
    """

    def __init__(
        self, settings: PretrainingSettings, pool: VolumePool, held_out: VolumePool | None = None
    ) -> None:
        pools = [pool] if held_out is None else [pool, held_out]
        if any(other.channels != pool.channels for other in pools):
            raise InputError(
                f"The held-out volumes have other channels than the {pool.channels} of the pool; "
                "hold out volumes of the same kind."
            )
        shapes = [shape for volumes in pools for shape in volumes.shapes]
        spacings = [spacing for volumes in pools for spacing in volumes.spacings]
        self.settings = settings
        self.proxy = proxy_task(settings, Geometry.of(settings, shapes, spacings))
        self.notes = self.proxy.notes
        self.split_is_exact = self.proxy.split_is_exact
        self.spec = PretrainingSpec.of(settings, pool)
        torch.manual_seed(settings.fit.seed)
        self.model = ProxyModel(self.spec.encoder, self.proxy)
        self._sampler = Sampler(self.proxy, pool)
        self._held_out = None if held_out is None else Sampler(self.proxy, held_out)
        self._metrics: dict[str, float] = {}

    @property
    def kept_bytes(self) -> int:
        """Memory that volumes take once as many are read as are kept."""
        return sum(sampler.pool.kept_bytes for sampler in self._samplers())

    @property
    def passing_bytes(self) -> int:
        """Memory that is taken between steps: to read a volume, for noise in place of some."""
        measured = [self._held_out.pool.kept_bytes] if self._held_out else []
        noise = measured if self.proxy.needs_anatomy else []
        return max(*(sampler.pool.reading_bytes for sampler in self._samplers()), 0, *noise)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return all weights as one group."""
        return [{"params": list(self.model.parameters())}]

    def batch(self, step: int) -> Example:
        """Return the examples of a step; ``views`` is (example, view, channel, *sides)."""
        rng = self._rng(TRAINING, step)
        return self._sampler.batch(self.settings.batch_size, rng, self._shelf(step))

    def loss(self, batch: Example) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of a batch, its accuracy, and that of guessing."""
        loss, accuracy = self.proxy.outcome(self.model(batch["views"]), batch)
        chance = self.proxy.chance(len(batch["views"]))
        return loss, {"accuracy": float(accuracy), "chance": chance}

    def on_step(self, step: int) -> None:
        """Nothing changes over the run."""

    def split(self, batch: Example, parts: int) -> list[tuple[float, Example]]:
        """Return parts of a batch with their weights."""
        chunks = {name: tensor.chunk(parts) for name, tensor in batch.items()}
        made = [dict(zip(chunks, part, strict=True)) for part in zip(*chunks.values(), strict=True)]
        whole = self.proxy.weight(batch)
        return [(self.proxy.weight(part) / whole, part) for part in made]

    def evaluate(self) -> Iterator[tuple[int, int]]:
        """Measure on the held-out volumes, the same examples each time."""
        if self._held_out is None:
            return
        total = self.settings.held_out_batches
        samplers = {"": self._held_out}
        if self.proxy.needs_anatomy:
            noise = self._held_out.pool.without_anatomy()
            samplers["_without_anatomy"] = Sampler(self.proxy, noise)
        rows: list[dict[str, float]] = []
        features: list[Tensor] = []
        for index in range(total):
            row: dict[str, float] = {}
            for name, sampler in samplers.items():
                loss, accuracy, summary = self._measure(sampler, index)
                row |= {f"loss{name}": loss, f"accuracy{name}": accuracy}
                if sampler is self._held_out:
                    features.append(summary)
            rows.append(row)
            yield index + 1, total
        self._metrics = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        self._metrics["chance"] = self.proxy.chance(self.settings.batch_size)
        self._metrics["feature_sd"] = feature_spread(torch.cat(features))

    def metrics(self) -> Mapping[str, float]:
        """Return what the last evaluation measured.

        Beside loss, accuracy and chance: ``feature_sd``, the spread of the encoder's features, and
        ``accuracy_without_anatomy``, on noise with the borders of the volumes. `alarms` reads them.
        """
        return self._metrics

    @property
    def answers(self) -> int:
        """How many answers each accuracy counts that an evaluation measures."""
        return self.settings.held_out_batches * self.proxy.answers(self.settings.batch_size)

    def state_dict(self) -> dict[str, Any]:
        """Return the spec and which files were learned from, so that the pool is not needed."""
        return {"pretraining": self.spec.to_json(), "learned": self._sampler.pool.digests}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Refuse to go on with another pretraining than the one stored.

        Raises
        ------
        InputError
            If the checkpoint is of another network, task or pool.
        """
        stored = PretrainingSpec.from_json(state["pretraining"])
        if stored != self.spec:
            raise InputError(
                f"The checkpoint is of another pretraining ({stored}) than this run's "
                f"({self.spec}); start a new run."
            )

    def preview(self, count: int) -> list[list[Picture]]:
        """Return the first examples of the first batch as the network sees them."""
        rng = self._rng(TRAINING, 0)
        least = self.spec.encoder.least
        return [
            self.proxy.preview(draw, {**example, "views": enlarge(example["views"], least)})
            for draw, example in self._sampler.examples(count, rng, self._shelf(0))
        ]

    def _samplers(self) -> list[Sampler]:
        return [self._sampler, self._held_out] if self._held_out else [self._sampler]

    def _rng(self, purpose: int, number: int) -> np.random.Generator:
        return np.random.default_rng([self.settings.fit.seed, purpose, number])

    def _shelf(self, step: int) -> Sequence[int]:
        """Return the volumes that a step may use: all, or as many as fit into memory."""
        pool = self._sampler.pool
        room = max(pool.room, self.proxy.volumes)
        if room >= len(pool):
            return range(len(pool))
        rng = self._rng(SHELF, step // SHELF_STEPS)
        chosen: list[int] = rng.choice(len(pool), room, replace=False).tolist()
        return chosen

    def _measure(self, sampler: Sampler, index: int) -> tuple[float, float, Tensor]:
        """Return loss, accuracy and features ``(example, feature)`` of a held-out batch."""
        batch = sampler.batch(self.settings.batch_size, self._rng(HELD_OUT, index))
        batch = move(batch, next(self.model.parameters()).device)
        with torch.inference_mode():
            loss, accuracy = self.proxy.outcome(self.model(batch["views"]), batch)
            summary = self.model.encoder.summary(batch["views"][:, 0])
        return float(loss), float(accuracy), summary.cpu()


def feature_spread(features: Tensor) -> float:
    """Return the SD of unit-length features (example, feature), 0 where all are the same.

    It is 1 where they point in all directions.
    """
    unit = torch.nn.functional.normalize(features, dim=1)
    return float(unit.var(0, correction=0).sum().sqrt())
