"""``simulate``: active learning against known labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_salient.active_learning.recipes import RecipeName, read_recipe
from napari_salient.active_learning.settings import SimulationSettings
from napari_salient.cli.commands import WrongUsage
from napari_salient.cli.follow import exit_code, follow
from napari_salient.cli.output import show, table
from napari_salient.engine.control import Control

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from napari_salient.engine.events import Event


def run_simulation(
    *,
    images: Path | None = None,
    labels: Path | None = None,
    data: Path | None = None,
    recipe: RecipeName | None = None,
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
    data
        Folder of a Medical Segmentation Decathlon task, with dataset.json, instead of the two.
    recipe
        Settings of a published experiment: heart, hippocampus or prostate. Options given beside it
        hold instead of its own.
    output
        JSON file for settings, records and summary.
    json
        Print the result as JSON instead of a table.
    settings
        What is compared.
    """
    control = Control()
    job = _job(images, labels, data, settings, output, control)
    finished = follow(job, control, "simulate")
    if finished.result:
        show(finished.result, _as_table(finished.result), as_json=json)
    return exit_code(finished)


def recipe_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the recipe that the parsed options name; none without one."""
    name = options["recipe"]
    return read_recipe(name).settings if name else {}


def _job(
    images: Path | None,
    labels: Path | None,
    data: Path | None,
    settings: SimulationSettings,
    output: Path,
    control: Control,
) -> Iterator[Event]:
    from napari_salient.active_learning.simulation import simulate, simulate_decathlon

    if data is not None and images is None and labels is None:
        return simulate_decathlon(data, settings, output, control)
    if data is None and images is not None and labels is not None:
        return simulate(images, labels, settings, output, control)
    raise WrongUsage("Name either the folder of a Decathlon task as --data, or --images, --labels.")


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
