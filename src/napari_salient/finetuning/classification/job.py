"""Training a model that grades pictures, headless."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.engine.events import Event, Progress
from napari_salient.engine.jobs import job
from napari_salient.finetuning.job import transferred

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_salient.engine.control import Control
    from napari_salient.finetuning.settings import GradingSettings


@job
def grading_job(
    images: Path,
    listing: Path,
    checkpoint: Path | None,
    run_dir: Path,
    settings: GradingSettings,
    control: Control,
    *,
    test_every: int = 5,
    resume: bool = False,
) -> Iterator[Event]:
    """Train on graded pictures, from a pretrained encoder or from scratch.

    Parameters
    ----------
    images
        Folder of pictures.
    listing
        CSV file with their grades, as `read_grades` takes it.
    checkpoint
        Of a pretraining on colour pictures; `None` trains from scratch.

    Yields
    ------
    Transferred
        For each layer of a pretrained encoder, and for the whole.
    Event
        What `engine.fit.fit` yields. The last `Finished` has the kappa on the test pictures as its
        result.
    """
    from napari_salient.engine.fit import fit
    from napari_salient.finetuning.classification.grades import read_grades
    from napari_salient.finetuning.classification.task import GradingTask
    from napari_salient.pretraining.transfer import load_pretrained

    yield Progress(0, 1, "reading the list of pictures")
    pictures = read_grades(listing, images, test_every)
    weights = load_pretrained(checkpoint)[1] if checkpoint else None
    task = GradingTask(settings, pictures, weights)
    if task.coverage is not None:
        yield from transferred(task.coverage)
    yield from fit(task, settings.fit, control, run_dir, resume=resume)
