"""Pools of small volumes, and settings with which a step takes milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest

from napari_salient.engine.settings import FitSettings
from napari_salient.pretraining import shipped
from napari_salient.pretraining.settings import PoolTraining

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIDE = 24


@pytest.fixture(autouse=True)
def ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let nothing ship, so that the runs are alone in the library; return the folder for it."""
    monkeypatch.setattr(shipped, "SHIPPED", tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """Write six volumes of a slope and noise, in which up and down differ."""
    folder = tmp_path / "pool"
    folder.mkdir()
    for number in range(6):
        rng = np.random.default_rng(number)
        voxels = np.linspace(0, 9, SIDE)[:, None, None] + rng.normal(size=(SIDE,) * 3)
        image = nib.Nifti1Image(voxels.astype(np.float32), np.eye(4))
        nib.save(image, folder / f"case-{number}.nii")
    return folder


@pytest.fixture
def tiny(pool: Path) -> Callable[..., PoolTraining]:
    """Return a function that makes the settings of a tiny training on the pool."""

    def make(steps: int = 40, **changes: Any) -> PoolTraining:
        fit = FitSettings(steps=steps, evaluate_every=20, save_every=20, threads=1, device="cpu")
        values = {"width": 4, "context": 0, "batch_size": 2, "held_out_batches": 1, "fit": fit}
        return PoolTraining(**{**values, "pool": pool, **changes})

    return make
