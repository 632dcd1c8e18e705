"""``simulate``: active learning against known labels."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_salient.active_learning.recipes import RecipeName, read_recipe
from napari_salient.active_learning.settings import SimulationSettings
from napari_salient.cli.commands import WrongUsage
from napari_salient.cli.follow import exit_code, follow
from napari_salient.cli.output import show, table
from napari_salient.cli.run_folders import checkpoint_of, encoder_settings
from napari_salient.engine.control import Control

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from napari_salient.active_learning.simulation.pretrained import Pretrained
    from napari_salient.engine.events import Event

    Simulation = Callable[[SimulationSettings, Path, Control, Pretrained | None], Iterator[Event]]


def run_simulation(
    *,
    images: Path | None = None,
    labels: Path | None = None,
    data: Path | None = None,
    recipe: RecipeName | None = None,
    pretrained: Path | None = None,
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
    pretrained
        Checkpoint of a pretraining, the folder of its run, or the name of a model that ships, from
        whose encoder trainings start instead of random weights; it must not have seen the test
        volumes. Dimensions, plane, context and width are those of this encoder.
    output
        JSON file for settings, records and summary.
    json
        Print the result as JSON instead of a table.
    settings
        What is compared.
    """
    control = Control()
    simulation = _simulation(images, labels, data)
    job = simulation(settings, output, control, _encoder(pretrained))
    finished = follow(job, control, "simulate")
    if finished.result:
        show(finished.result, _as_table(finished.result), as_json=json)
    return exit_code(finished)


def given_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a recipe, and what a pretrained encoder fixes."""
    chosen = read_recipe(options["recipe"]).settings if options["recipe"] else {}
    if options["pretrained"]:
        fixed = encoder_settings(Path(options["pretrained"]))
        chosen |= {"plane": fixed.pop("plane")}
        chosen |= {f"segmentation.{name}": value for name, value in fixed.items()}
    return chosen


def _encoder(pretrained: Path | None) -> Pretrained | None:
    if pretrained is None:
        return None
    from napari_salient.finetuning.simulated import SimulatedStart

    return SimulatedStart(checkpoint_of(pretrained).absolute())


def _simulation(images: Path | None, labels: Path | None, data: Path | None) -> Simulation:
    """Return the simulation on the volumes named, in the layout that they are in."""
    from napari_salient.active_learning.simulation import simulate, simulate_decathlon

    if data is not None and images is None and labels is None:
        return partial(simulate_decathlon, data)
    if data is None and images is not None and labels is not None:
        return partial(simulate, images, labels)
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
