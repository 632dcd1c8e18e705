"""The result file of a comparison, and the picture beside it."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from napari_salient.engine.atomic import write_atomically
from napari_salient.finetuning.comparison.arms import SCRATCH, labelled_cases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.finetuning.comparison.training import Outcome
    from napari_salient.finetuning.settings import ComparisonSettings

NOTE = (
    "Trainings on a fixed test set; each encoder was pretrained once, so intervals over seeds do "
    "not hold for another pretraining. Research use only."
)


def write_result(
    cohort: Cohort,
    settings: ComparisonSettings,
    identity: dict[str, Any],
    pretrainings: dict[str, Any],
    outcomes: Sequence[Outcome],
    output: Path,
) -> dict[str, Any]:
    """Write outcomes and summary, draw the picture beside them, and return the content."""
    from napari_salient.finetuning.comparison.picture import draw_comparison
    from napari_salient.finetuning.comparison.summary import summarise

    ordered = sorted(outcomes, key=_place)
    result = {
        "experiment": identity,
        "data": {
            "classes": dict(zip(cohort.label_values[1:], cohort.class_names, strict=True)),
            "pool": len(cohort.pool),
            "test": len(cohort.test),
        },
        "pretrainings": pretrainings,
        "outcomes": [dataclasses.asdict(outcome) for outcome in ordered],
        "summary": summarise(ordered, _atlas(cohort, settings)),
        "note": NOTE,
    }
    write_atomically(output, json.dumps(result, indent=1).encode())
    draw_comparison(result, output.with_suffix(".png"))
    return result


def _place(outcome: Outcome) -> tuple[int, float, bool, str]:
    return outcome.seed, outcome.fraction, outcome.arm != SCRATCH, outcome.arm


def _atlas(cohort: Cohort, settings: ComparisonSettings) -> dict[float, list[float]]:
    """Return the Dice of the atlas of each seed's labelled volumes, for each share of labels."""
    from napari_salient.active_learning.simulation.atlas import atlas_dice

    return {
        share: [
            atlas_dice(dataclasses.replace(cohort, pool=labelled_cases(cohort, share, seed)))
            for seed in range(settings.seeds)
        ]
        for share in settings.shares()
    }
