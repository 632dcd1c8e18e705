"""Trains the model of a simulated round."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.simulation.interpolated import add_interpolated
from napari_salient.active_learning.strategies import needs_of
from napari_salient.active_learning.training_set import group_by_case
from napari_salient.engine.control import Control
from napari_salient.engine.jobs import result_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_salient.active_learning.examples import Examples
    from napari_salient.active_learning.model import Segmenter
    from napari_salient.active_learning.simulation.cohort import Cohort
    from napari_salient.active_learning.simulation.experiment import RoundJob

    Beginning = Callable[[Segmenter], object]

Fitted = tuple["Segmenter", list["Segmenter"]]
"""The trained model, and what its checkpoints hold where a strategy compares them."""


def fit_round(cohort: Cohort, job: RoundJob) -> Fitted:
    """Train on what the job has labelled, from the weights or the encoder that it names if any.

    Where rounds go on from each other, one that loses a class is trained again from scratch, as in
    the tool.
    """
    from napari_salient.engine.checkpoint import save_checkpoint

    examples = cohort.examples(job.settings, group_by_case(job.labelled))
    if job.interpolated is not None:
        add_interpolated(examples, cohort, job.labelled, job.interpolated)
    fitted = _fit(cohort, job, examples, [job.seed, job.round, 1], _beginning(job))
    if (job.start or job.keep) and _lost(fitted, examples):
        second = _fit(cohort, job, examples, [job.seed, job.round, 1, 1], None)
        fitted = min(second, fitted, key=lambda one: _lost(one, examples))
    for path in job.keep:
        save_checkpoint(path, fitted[0].state_dict(), {}, {"step": job.settings.fit.steps})
    return fitted


def _beginning(job: RoundJob) -> Beginning | None:
    """Return what replaces random weights of a new model."""
    from napari_salient.engine.checkpoint import load_model_weights

    if job.start is not None:
        weights = load_model_weights(job.start)
        return lambda model: model.load_state_dict(weights)
    return job.pretrained.give if job.pretrained else None


def _lost(fitted: Fitted, examples: Examples) -> int:
    """Return how many labelled classes the model predicts on no training slice."""
    from napari_salient.active_learning.round_training import lost_channels

    *_, lost = lost_channels(fitted[0], examples)
    return len(lost)


def _fit(
    cohort: Cohort,
    job: RoundJob,
    examples: Examples,
    entropy: list[int],
    begin: Beginning | None,
) -> Fitted:
    from napari_salient.active_learning.committee import snapshots
    from napari_salient.active_learning.task import SegmentationTask
    from napari_salient.active_learning.training import cohort_spec
    from napari_salient.engine.fit import fit

    seed = int(np.random.default_rng(entropy).integers(2**31))
    settings = replace(job.settings, fit=replace(job.settings.fit, seed=seed, threads=1))
    task = SegmentationTask(cohort_spec(cohort, settings), examples, settings)
    if begin is not None:
        begin(task.model)
    with TemporaryDirectory(prefix="napari-salient-simulate-") as folder:
        result_of(fit(task, settings.fit, Control(), Path(folder)))
        model: Segmenter = task.model.eval()
        wanted = job.query and "ensemble" in needs_of(job.strategies)
        return model, snapshots(Path(folder), model) if wanted else []
