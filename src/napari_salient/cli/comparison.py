"""``compare pretraining``: whether a pretrained encoder is worth its while."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_salient.cli.follow import exit_code, follow
from napari_salient.cli.output import show, table
from napari_salient.cli.run_folders import checkpoint_of
from napari_salient.engine.control import Control
from napari_salient.finetuning.settings import ComparisonSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def compare_pretraining(
    images: Path,
    labels: Path,
    /,
    *,
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
    checkpoints
        Checkpoints of pretrainings, or folders of their runs, beside those of --tasks.
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
    job = compare_job(images, labels, chosen, settings, output, control)
    finished = follow(job, control, "compare pretraining")
    if finished.result:
        show(finished.result, _as_table(finished.result), as_json=json)
    return exit_code(finished)


def _as_table(result: Mapping[str, Any]) -> str:
    heads = ("labelled", "volumes", "arm", "dice", "difference", "95 % interval", "steps saved")
    return table(heads, _rows(result["summary"]))


def _rows(summary: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for row in summary:
        label = f"{row['fraction']:.3g}"
        yield label, row["volumes"], "no-learning atlas", row["atlas_dice"]["mean"], *[None] * 3
        for name, arm in row["arms"].items():
            found, saved = arm.get("difference_to_scratch"), arm.get("steps_saved")
            interval = [f"{bound:+.3f}" for bound in found["interval_95"]] if found else []
            yield (
                label,
                row["volumes"],
                name,
                arm["dice"]["mean"],
                found and f"{found['mean']:+.3f}",
                " to ".join(interval) or None,
                saved and f"{saved['mean']:.0%}",
            )
