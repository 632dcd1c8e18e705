"""``compare pretraining``: whether a pretrained encoder is worth its while."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_salient.cli.commands import WrongUsage
from napari_salient.cli.follow import exit_code, follow
from napari_salient.cli.output import show, table
from napari_salient.cli.run_folders import checkpoint_of, encoder_settings
from napari_salient.engine.control import Control
from napari_salient.finetuning.recipes import SegmentationRecipe, read_recipe
from napari_salient.finetuning.settings import ComparisonSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.data.planes import Plane


def compare_pretraining(
    images: Path | None = None,
    labels: Path | None = None,
    /,
    *,
    data: Path | None = None,
    recipe: SegmentationRecipe | None = None,
    checkpoints: Sequence[Path] = (),
    output: Path,
    json: bool = False,
    settings: ComparisonSettings,
) -> int:
    """Compare segmentation models from pretrained encoders with models from scratch.

    All arms of a seed share their labelled volumes, their first weights outside the encoder and
    their steps, at several shares of labels. Test volumes are only measured on. Started again with
    the same options after an interruption, it goes on where it was. A picture is written beside
    the output.

    Parameters
    ----------
    images
        Folder of volumes.
    labels
        Folder of labels with the same file names.
    data
        Folder of a Medical Segmentation Decathlon task, with dataset.json, or of BraTS, with a
        folder for each case, instead of the two.
    recipe
        Settings of a published experiment: brats or pancreas. Options given beside it hold instead
        of its own.
    checkpoints
        Checkpoints of pretrainings, folders of their runs, or names of models that ship, beside
        those of --tasks. Dimensions, plane, context and width are those of the first.
    output
        JSON file for settings, outcomes and summary.
    json
        Print the result as JSON instead of a table.
    settings
        What is compared.
    """
    from napari_salient.finetuning.comparison import compare_job

    control = Control()
    chosen = [checkpoint_of(path).absolute() for path in checkpoints]
    job = compare_job(_reader(images, labels, data, output), chosen, settings, output, control)
    finished = follow(job, control, "compare pretraining")
    if finished.result:
        show(finished.result, _as_table(finished.result), as_json=json)
    return exit_code(finished)


def given_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a recipe, and what the first pretrained encoder fixes."""
    chosen = read_recipe(options["recipe"]).settings if options["recipe"] else {}
    for checkpoint in options["checkpoints"][:1]:
        fixed = encoder_settings(Path(checkpoint))
        chosen |= {"plane": fixed.pop("plane")}
        chosen |= {f"segmentation.{name}": value for name, value in fixed.items()}
    return chosen


def _reader(
    images: Path | None, labels: Path | None, data: Path | None, output: Path
) -> Callable[[Plane, int], Cohort]:
    """Return what reads the labelled volumes in the layout that they are in."""
    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.data.decathlon import FILE_NAME
    from napari_salient.finetuning.comparison.brats import read_brats_cohort

    if data is None and images is not None and labels is not None:
        return partial(Cohort.read, images, labels)
    if data is None or images is not None or labels is not None:
        raise WrongUsage("Name folders of volumes and of labels, or that of a data set as --data.")
    if (data / FILE_NAME).exists():
        return partial(Cohort.read_decathlon, data)
    return partial(read_brats_cohort, data, output.with_name(output.name + ".volumes"))


def _as_table(result: Mapping[str, Any]) -> str:
    heads = ("labelled", "volumes", "arm", "dice", "difference", "95 % interval", "steps saved")
    seeds = result["experiment"]["settings"]["seeds"]
    return table(heads, _rows(result["summary"], seeds))


def _rows(summary: Sequence[Mapping[str, Any]], seeds: int) -> Iterator[tuple[Any, ...]]:
    """Yield a row for each arm at each share; a single seed has no interval."""
    for row in summary:
        label = f"{row['fraction']:.3g}"
        yield label, row["volumes"], "no-learning atlas", row["atlas_dice"]["mean"], *[None] * 3
        for name, arm in row["arms"].items():
            found, saved = arm.get("difference_to_scratch"), arm.get("steps_saved")
            interval = (
                [f"{bound:+.3f}" for bound in found["interval_95"]] if found and seeds > 1 else []
            )
            yield (
                label,
                row["volumes"],
                name,
                arm["dice"]["mean"],
                found and f"{found['mean']:+.3f}",
                " to ".join(interval) or None,
                saved and f"{saved['mean']:.0%}",
            )
