"""A network trained on some slices of a cohort, outside any project."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from napari_salient.active_learning.task import SegmentationTask
from napari_salient.active_learning.training import cohort_spec
from napari_salient.active_learning.training_set import group_by_case
from napari_salient.engine.control import Control
from napari_salient.engine.fit import fit
from napari_salient.engine.jobs import result_of

if TYPE_CHECKING:
    from napari_salient.active_learning.model import Segmenter
    from napari_salient.active_learning.settings import SegmentationSettings
    from napari_salient.active_learning.simulation.cohort import Cohort


def train_segmenter(
    cohort: Cohort, labelled: list[tuple[int, int]], settings: SegmentationSettings
) -> tuple[Segmenter, float]:
    """Return a network trained on slices, given as (case, index), and its processor seconds."""
    examples = cohort.examples(settings, group_by_case(labelled))
    task = SegmentationTask(cohort_spec(cohort, settings), examples, settings)
    begun = time.process_time()
    with TemporaryDirectory() as folder:
        result_of(fit(task, settings.fit, Control(), Path(folder)))
    return task.model.eval(), time.process_time() - begun
