"""Training a model that grades pictures, headless."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.engine.events import Event, Progress
from napari_salient.engine.jobs import job
from napari_salient.errors import InputError
from napari_salient.finetuning.job import transferred

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from torch import Tensor

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
    from napari_salient.finetuning.unseen import refuse_seen

    yield Progress(0, 1, "reading the list of pictures")
    pictures = read_grades(listing, images, test_every)
    task = GradingTask(settings, pictures, _weights(checkpoint) if checkpoint else None)
    if checkpoint is not None and task.coverage is not None:
        refuse_seen(checkpoint, [graded.path for graded in pictures if graded.tested])
        yield from transferred(task.coverage)
    yield from fit(task, settings.fit, control, run_dir, resume=resume)


def _weights(checkpoint: Path) -> Mapping[str, Tensor]:
    """Return the weights of a pretraining on pictures, and refuse one on volumes.

    Three slices of a volume would pass for three colours.
    """
    from napari_salient.finetuning.classification.model import COLOURS
    from napari_salient.pretraining.transfer import load_pretrained

    spec, weights = load_pretrained(checkpoint)
    if spec.context or spec.channels != COLOURS:
        raise InputError(
            f"{checkpoint} was pretrained on volumes; choose a pretraining on colour pictures."
        )
    return weights
