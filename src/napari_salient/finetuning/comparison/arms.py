"""What is trained: each arm, at each share of labels, with each seed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.finetuning.settings import FinetuningSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.finetuning.settings import ComparisonSettings

SCRATCH = "scratch"


@dataclass(frozen=True)
class Arm:
    """A way to start: from scratch, or from an encoder that is trained further or not."""

    name: str
    checkpoint: Path | None = None
    frozen: bool = False


@dataclass(frozen=True)
class Cell:
    """One training: an arm on some labelled cases.

    Parameters
    ----------
    fraction
        Share of the pool that is labelled.
    cases
        The labelled cases, all of their slices.
    settings
        With the seed of the weights and the batches.
    """

    arm: Arm
    fraction: float
    seed: int
    cases: tuple[int, ...]
    settings: FinetuningSettings

    @property
    def key(self) -> tuple[str, float, int]:
        """What tells the cell from others of the experiment."""
        return self.arm.name, self.fraction, self.seed


def arms_of(encoders: dict[str, Path], settings: ComparisonSettings) -> list[Arm]:
    """Return scratch, and one or two arms for each encoder."""
    arms = [Arm(SCRATCH)]
    for name, checkpoint in encoders.items():
        arms.append(Arm(name, checkpoint))
        if settings.frozen:
            arms.append(Arm(f"{name}, frozen", checkpoint, frozen=True))
    return arms


def cells_of(cohort: Cohort, settings: ComparisonSettings, arms: list[Arm]) -> Iterator[Cell]:
    """Yield all trainings, seed by seed, so that whoever stops early has whole seeds."""
    for seed in range(settings.seeds):
        for fraction in settings.shares():
            cases = labelled_cases(cohort, fraction, seed)
            for arm in arms:
                chosen = _settings(settings, arm, [seed, len(cases)])
                yield Cell(arm, fraction, seed, cases, chosen)


def labelled_cases(cohort: Cohort, fraction: float, seed: int) -> tuple[int, ...]:
    """Draw the labelled volumes of a seed; those of a smaller share are among those of a larger."""
    order = np.random.default_rng([seed, 0]).permutation(cohort.pool)
    count = max(round(fraction * len(order)), 1)
    return tuple(int(case) for case in sorted(order[:count]))


def _settings(settings: ComparisonSettings, arm: Arm, entropy: list[int]) -> FinetuningSettings:
    """Return the training of an arm: the seed of the network is that of all arms."""
    model: dict[str, Any] = vars(settings.segmentation)
    fit = settings.segmentation.fit
    every = -(-fit.steps // settings.curve_points)
    seed = int(np.random.default_rng([*entropy, 1]).integers(2**31))
    return FinetuningSettings(
        **{**model, "fit": replace(fit, seed=seed, threads=1, evaluate_every=every, save_every=0)},
        warm_up=1.0 if arm.frozen else settings.warm_up,
        encoder_rate=settings.encoder_rate,
    )
