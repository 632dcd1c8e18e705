"""``finetune classification``: a model that grades pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_salient.cli.commands import WrongUsage
from napari_salient.cli.follow import exit_code, follow
from napari_salient.cli.output import pairs, show
from napari_salient.cli.run_folders import (
    checkpoint_of,
    encoder_settings,
    metrics_of,
    refuse_beside_resume,
    start,
)
from napari_salient.engine.bounds import EveryNth
from napari_salient.errors import InputError
from napari_salient.finetuning.recipes import GradingRecipe, read_recipe
from napari_salient.finetuning.settings import GradingSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_salient.engine.events import Finished
    from napari_salient.engine.run import Run

KIND = "grading"


@dataclass(frozen=True, kw_only=True)
class _ListGrading(GradingSettings):
    """What a run keeps, so that it is resumed with the same weights and pictures."""

    images: Path | None = None
    grades: Path | None = None
    pretrained: Path | None = None
    test_every: EveryNth = 5


def finetune_classification(
    images: Path | None = None,
    grades: Path | None = None,
    /,
    *,
    pretrained: Path | None = None,
    recipe: GradingRecipe | None = None,
    runs: Path | None = None,
    resume: Path | None = None,
    test_every: EveryNth = 5,
    json: bool = False,
    output: Path | None = None,
    settings: GradingSettings,
) -> int:
    """Train a model that grades pictures, from a pretrained encoder or from scratch.

    It is measured by the quadratic weighted kappa on pictures that are held out. Ctrl-C saves
    first; --resume goes on from there.

    Parameters
    ----------
    images
        Folder of colour pictures.
    grades
        CSV file with a column image and a column grade; a column split may say test.
    pretrained
        Checkpoint of a pretraining on colour pictures, or the folder of its run; --from for short.
        The width is that of this encoder. Without it training is from scratch.
    recipe
        Settings of a published experiment: retinopathy. Options given beside it hold instead of its
        own.
    runs
        Where the run gets its folder, ./runs if not given.
    resume
        Folder of an interrupted run to go on with, with the settings and the data it was started
        with.
    test_every
        Every n-th picture of the list is held out, where the list does not say which.
    json
        Print JSON instead of a table.
    output
        Also write the JSON to this file.
    settings
        The model and its training.
    """
    given = _ListGrading(
        **vars(settings),
        images=images and images.absolute(),
        grades=grades and grades.absolute(),
        pretrained=pretrained and checkpoint_of(pretrained).absolute(),
        test_every=test_every,
    )
    refuse_beside_resume(resume, bool(runs or given != _ListGrading()))
    if not resume and not (images and grades):
        raise WrongUsage("Name a folder of pictures and the CSV file with their grades.")
    finished, run = _grade(given, runs or Path("runs"), resume)
    result = {"run": str(run.directory), **metrics_of(finished.result)}
    show(result, pairs(result), as_json=json, output=output)
    return exit_code(finished)


def given_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a recipe, and what a pretrained encoder fixes."""
    chosen = read_recipe(options["recipe"]).settings if options["recipe"] else {}
    if options["pretrained"] is None:
        return chosen
    return {**chosen, "width": encoder_settings(Path(options["pretrained"]))["width"]}


def _grade(given: _ListGrading, runs: Path, resume: Path | None) -> tuple[Finished, Run]:
    from napari_salient.finetuning.classification.job import grading_job

    run, kept = start(resume, runs, KIND, given)
    if kept.images is None or kept.grades is None:
        raise InputError(f"{run.directory} does not say what it was started on; start a new run.")
    job = grading_job(
        kept.images,
        kept.grades,
        kept.pretrained,
        run.directory,
        kept,
        run.control,
        test_every=kept.test_every,
        resume=resume is not None,
    )
    return follow(run.record(job), run.control, "finetune classification"), run
