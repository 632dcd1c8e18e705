"""``predict`` and ``evaluate segmentation``: what a trained model says about volumes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_salient.cli.follow import exit_code, follow, left_out_code
from napari_salient.cli.output import show, show_written, table
from napari_salient.cli.run_folders import checkpoint_of
from napari_salient.engine.control import Control

if TYPE_CHECKING:
    from collections.abc import Mapping


def predict(checkpoint: Path, images: Path, /, *, output: Path, json: bool = False) -> int:
    """Segment every volume of a folder with a trained model.

    Each label file has its volume's name and geometry. A volume that cannot be read is named and
    left out.

    Parameters
    ----------
    checkpoint
        A checkpoint file, or the folder of a run, of which the newest one is taken, or that of a
        project, whose model in use is taken.
    images
        Folder of volumes.
    output
        Folder for the label files.
    json
        Print JSON instead of a table.
    """
    from napari_salient.active_learning.training import predict_job

    _refuse_equal_names(images)
    control = Control()
    job = predict_job(checkpoint_of(checkpoint), images, output, control)
    finished = follow(job, control, "predict")
    show_written(finished.result, output, as_json=json)
    return left_out_code(finished, finished.result.left_out)


def evaluate(
    checkpoint: Path,
    /,
    *,
    images: Path,
    labels: Path,
    json: bool = False,
    output: Path | None = None,
) -> int:
    """Measure a model against labels: Dice and 95 % Hausdorff distance in mm of each class.

    A volume that cannot be read or measured is named and left out.

    Parameters
    ----------
    checkpoint
        A checkpoint file, or the folder of a run, of which the newest one is taken, or that of a
        project, whose model in use is taken.
    images
        Folder of volumes.
    labels
        Folder of labels with the same file names.
    json
        Print JSON instead of a table.
    output
        Also write the JSON to this file.
    """
    from napari_salient.active_learning.training import evaluate_job

    _refuse_equal_names(images)
    control = Control()
    job = evaluate_job(checkpoint_of(checkpoint), images, labels, control)
    finished = follow(job, control, "evaluate")
    if not finished.result:
        return exit_code(finished)
    show(finished.result, _evaluation_table(finished.result), as_json=json, output=output)
    return left_out_code(finished, finished.result["left_out"])


def _refuse_equal_names(images: Path) -> None:
    """Refuse volumes of one name, whose labels would be written to, or read from, one file."""
    from napari_salient.data.discover import find_volumes
    from napari_salient.project.intake import refuse_equal_names

    refuse_equal_names(find_volumes(images))


def _evaluation_table(result: Mapping[str, Any]) -> str:
    columns = list(result["mean"])
    rows = [[row["case"], *(row[name] for name in columns)] for row in result["cases"]]
    rows.append(["mean", *(result["mean"][name] for name in columns)])
    return table(["case", *columns], rows)
