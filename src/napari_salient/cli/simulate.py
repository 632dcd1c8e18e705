"""``simulate``: active learning against known labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_salient.active_learning.settings import SimulationSettings
from napari_salient.cli.follow import exit_code, follow
from napari_salient.cli.output import show, table

if TYPE_CHECKING:
    from collections.abc import Mapping


def run_simulation(
    *,
    images: Path,
    labels: Path,
    output: Path,
    json: bool = False,
    settings: SimulationSettings,
) -> int:
    """Compare query strategies on volumes whose labels are known.

    All strategies of a seed start from the same slices; test volumes are only measured on. Started
    again with the same options after an interruption, it goes on where it was. A picture of the
    learning curves is written beside the output.

    Parameters
    ----------
    images
        Folder of volumes.
    labels
        Folder of labels with the same file names.
    output
        JSON file for settings, records and summary.
    json
        Print the result as JSON instead of a table.
    settings
        What is compared.
    """
    from napari_salient.active_learning.simulation import simulate
    from napari_salient.engine.control import Control

    control = Control()
    finished = follow(simulate(images, labels, settings, output, control), control, "simulate")
    if finished.result:
        show(finished.result, _as_table(finished.result), as_json=json)
    return exit_code(finished)


def _as_table(result: Mapping[str, Any]) -> str:
    """Return the mean over seeds of the last round of each strategy."""
    last = max(record["round"] for record in result["records"])
    final = [record for record in result["records"] if record["round"] == last]
    names = dict.fromkeys(record["strategy"] for record in final)
    rows = []
    for name in names:
        own = [record for record in final if record["strategy"] == name]
        slices, volumes, dice = (
            sum(record[key] for record in own) / len(own)
            for key in ("labelled_slices", "volumes_touched", "dice")
        )
        rows.append((name, slices, volumes, dice))
    return table(("strategy", "slices", "volumes", "dice"), rows)
