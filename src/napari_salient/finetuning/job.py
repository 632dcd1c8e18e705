"""Fine-tuning headless: a segmentation model on a folder of labelled volumes, from an encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_salient.engine.events import Event, Progress, Warned
from napari_salient.engine.jobs import job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_salient.data.planes import Plane
    from napari_salient.engine.control import Control
    from napari_salient.finetuning.settings import FinetuningSettings
    from napari_salient.pretraining.transfer import Coverage


@dataclass(frozen=True)
class Transferred(Event):
    """Weights were taken over into a layer, or all in all into the encoder."""

    layer: str
    message: str


@job
def finetune_job(
    images: Path,
    labels: Path,
    checkpoint: Path,
    run_dir: Path,
    settings: FinetuningSettings,
    control: Control,
    *,
    plane: Plane = "axial",
    test_every: int = 5,
    resume: bool = False,
) -> Iterator[Event]:
    """Train as `active_learning.training.train_job` does, from the encoder of a pretraining.

    Yields
    ------
    Transferred
        For each layer of the encoder, and for the whole.
    Event
        What `engine.fit.fit` yields. The last `Finished` has the held-out Dice as its result.
    """
    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.active_learning.training import cohort_spec, held_out
    from napari_salient.engine.fit import fit
    from napari_salient.finetuning.task import FinetuningTask
    from napari_salient.finetuning.unseen import measured_in, refuse_seen
    from napari_salient.pretraining.transfer import load_pretrained

    yield Progress(0, 1, "reading volumes")
    pretraining, weights = load_pretrained(checkpoint)
    cohort = Cohort.read(images, labels, plane, test_every)
    examples = cohort.whole_volumes(settings, cohort.pool)
    spec = cohort_spec(cohort, settings)
    task = FinetuningTask(weights, spec, examples, settings, evaluation=held_out(cohort))
    refuse_seen(checkpoint, measured_in(cohort))
    yield from transferred(task.coverage)
    if pretraining.plane != plane:
        yield Warned(f"The encoder was pretrained on {pretraining.plane} and not {plane} slices.")
    yield from fit(task, settings.fit, control, run_dir, resume=resume)


def transferred(coverage: Coverage) -> Iterator[Transferred]:
    """Say layer by layer what was taken over."""
    for layer, part in coverage.layers.items():
        yield Transferred(layer, str(part))
    yield Transferred("all", str(coverage))
