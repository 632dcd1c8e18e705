"""Rounds of the experiment that train on interpolated slices too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest

from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.simulation.cohort import _labels, _normalised
from napari_salient.active_learning.simulation.experiment import RoundJob, run_round
from napari_salient.active_learning.simulation.interpolated import Interpolated, add_interpolated
from napari_salient.active_learning.training_set import group_by_case
from napari_salient.engine.settings import FitSettings

if TYPE_CHECKING:
    from napari_salient.active_learning.simulation.cohort import Cohort

SETTINGS = SegmentationSettings(width=4, batch_size=2, fit=FitSettings(steps=10))
LABELLED = [(1, 4), (1, 8), (2, 0), (2, 11)]


@pytest.mark.parametrize(("weight", "expected"), [(0.3, 0.3), (None, 0.5)])
def test_slices_between_labelled_ones_come_in_with_their_weight(
    tube_cohort: Cohort, weight: float | None, expected: float
) -> None:
    examples = tube_cohort.examples(SETTINGS, group_by_case(LABELLED))
    add_interpolated(examples, tube_cohort, LABELLED, Interpolated(weight))
    assert examples.weights == [1.0] * 4 + [expected] * 3
    for label in examples.labels:
        assert (label == examples.labels[0]).all()


def test_measured_on_enough_labelled_slices_the_weight_is_their_dice(tube_cohort: Cohort) -> None:
    labelled = [(1, index) for index in range(0, 12, 2)] + [(2, index) for index in range(0, 12, 2)]
    examples = tube_cohort.examples(SETTINGS, group_by_case(labelled))
    add_interpolated(examples, tube_cohort, labelled, Interpolated())
    assert examples.weights == [1.0] * 22


def test_each_volume_is_interpolated_by_its_own_spacing(tube_cohort: Cohort) -> None:
    found = []
    for stretched in (False, True):
        slanted(tube_cohort, column_mm=5.0 if stretched else 1.0)
        examples = tube_cohort.examples(SETTINGS, group_by_case([(1, 0), (1, 4)]))
        add_interpolated(examples, tube_cohort, [(1, 0), (1, 4)], Interpolated(1.0))
        found.append(examples.labels[3])
    assert (found[0] != found[1]).any()


def slanted(cohort: Cohort, column_mm: float) -> None:
    """Write case 1 again: a square on top, a bar below, on pixels of that width."""
    labels = np.zeros((20, 20, 12), np.uint8)
    labels[4:12, 4:12, 6:], labels[8:11, 2:18, :8] = 1, 1
    _normalised.cache_clear()
    _labels.cache_clear()
    for path, voxels in (
        (cohort.images[1], labels.astype(np.float32)),
        (cohort.labels[1], labels),
    ):
        nib.save(nib.Nifti1Image(voxels, np.diag([column_mm, 1.0, 1.0, 1.0])), path)


def test_a_round_trains_on_interpolated_slices_by_their_weight(tube_cohort: Cohort) -> None:
    job = RoundJob(0, 0, ("strided",), LABELLED, batch=1, query=False, settings=SETTINGS)
    full = run_round(tube_cohort, replace(job, interpolated=Interpolated(1.0)))
    light = run_round(tube_cohort, replace(job, interpolated=Interpolated(0.01)))
    assert full.dice != light.dice
