"""Predictions kept with a round, to compare the next round's with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from napari_salient.active_learning.model import build_segmenter
from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.simulation.probe import predict_probe, probe_stability
from napari_salient.active_learning.training import cohort_spec

if TYPE_CHECKING:
    from napari_salient.active_learning.model import Segmenter
    from napari_salient.active_learning.simulation.cohort import Cohort


def untrained(cohort: Cohort, seed: int) -> Segmenter:
    torch.manual_seed(seed)
    spec = cohort_spec(cohort, SegmentationSettings(width=4)).with_patch((32, 32), 192)
    return build_segmenter(spec).eval()


def test_a_model_that_stays_the_same_is_stable(tube_cohort: Cohort) -> None:
    packed = [predict_probe(tube_cohort, untrained(tube_cohort, 0), seed=4) for _ in range(2)]
    assert packed[0] == packed[1]
    assert probe_stability(*packed, tube_cohort) == 1


def test_another_model_is_less_so(tube_cohort: Cohort) -> None:
    one, other = (predict_probe(tube_cohort, untrained(tube_cohort, seed), 4) for seed in (0, 1))
    assert probe_stability(one, other, tube_cohort) < 1
    assert probe_stability(one, other, tube_cohort) == pytest.approx(
        probe_stability(other, one, tube_cohort)
    )
