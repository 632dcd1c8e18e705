"""The result file of an experiment, and the picture beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from napari_salient.active_learning.simulation.records import same_experiment
from napari_salient.engine.atomic import write_atomically
from napari_salient.engine.experiment_file import refuse_other_result

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.active_learning.settings import SimulationSettings
    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.active_learning.simulation.records import Record


def check_output(output: Path, identity: dict[str, Any]) -> None:
    """Refuse to write over anything but a result of the same experiment; raises `InputError`."""

    def identity_in(result: dict[str, Any]) -> dict[str, Any]:
        data = result["data"]
        settings_and_data = {"settings": result["settings"], "volumes": data["volumes"]}
        kept = {"labels": data.get("labels"), "pretrained": result.get("pretrained")}
        return {**settings_and_data, **kept}

    refuse_other_result(output, identity, identity_in, same_experiment)


def write_result(
    cohort: Cohort,
    settings: SimulationSettings,
    identity: dict[str, Any],
    records: list[Record],
    output: Path,
) -> dict[str, Any]:
    """Write settings, records and summary, draw the curves beside them, and return the content."""
    from napari_salient.active_learning.simulation.atlas import atlas_dice
    from napari_salient.active_learning.simulation.curves import draw_curves
    from napari_salient.active_learning.simulation.summary import summarise

    order = settings.strategy_names()
    records = sorted(records, key=lambda r: (order.index(r.strategy), r.seed, r.round))
    result = {
        "settings": identity["settings"],
        "pretrained": identity["pretrained"],
        "data": {
            "classes": dict(zip(cohort.label_values[1:], cohort.class_names, strict=True)),
            "volumes": cohort.names,
            "labels": identity["labels"],
            "pool": len(cohort.pool),
            "validation": len(cohort.validation),
            "test": len(cohort.test),
            "pool_slices": sum(cohort.slices[case] for case in cohort.pool),
        },
        "records": [record.row() for record in records],
        "summary": {"atlas_dice": atlas_dice(cohort), **summarise(records)},
        "note": "Simulated annotator on a fixed test set. Research use only.",
    }
    write_atomically(output, json.dumps(result, indent=1).encode())
    draw_curves(result, output.with_suffix(".png"))
    return result
