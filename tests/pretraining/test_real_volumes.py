"""The quickest tasks on eight real volumes beat chance on eight others within seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_salient.engine.control import Control
from napari_salient.engine.events import Evaluated, Step
from napari_salient.engine.fit import fit
from napari_salient.engine.settings import FitSettings
from napari_salient.pretraining.pool import VolumePool
from napari_salient.pretraining.settings import PretrainingSettings
from napari_salient.pretraining.task import PretrainingTask

ON_SLICES: dict[str, Any] = {}
IN_SPACE: dict[str, Any] = {"spatial_dims": 3, "crop": 24, "batch_size": 8}


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "network", "steps", "reached"),
    [
        ("rotation", ON_SLICES, 120, 0.6),
        ("masked", ON_SLICES, 40, 0.25),
        ("exemplar", ON_SLICES, 60, 0.7),
        ("rotation", IN_SPACE, 100, 0.35),
        ("masked", IN_SPACE, 30, 0.25),
    ],
)
def test_a_network_learns_and_beats_chance(shared_data, tmp_path, name, network, steps, reached):
    files = sorted((shared_data / "data" / "hippocampus" / "images").glob("*.nii.gz"))
    fitting = FitSettings(steps=steps, threads=1, device="cpu")
    settings = PretrainingSettings(task=name, fit=fitting, **network)
    pool, held_out = VolumePool.of_files(files[:8]), VolumePool.of_files(files[100:108])
    task = PretrainingTask(settings, pool, held_out)
    events = list(fit(task, settings.fit, Control(), tmp_path))
    losses = [event.loss for event in events if isinstance(event, Step)]
    (metrics,) = (event.metrics for event in events if isinstance(event, Evaluated))
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    assert metrics["accuracy"] > reached > metrics["chance"]
