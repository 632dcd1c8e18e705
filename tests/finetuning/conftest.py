"""A project of tiny volumes and encoders that were pretrained for it, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest

from napari_salient.active_learning.session import LabellingSession
from napari_salient.active_learning.settings import LoopSettings, SegmentationSettings
from napari_salient.engine.fit import fit
from napari_salient.engine.run import Run
from napari_salient.engine.settings import FitSettings
from napari_salient.pretraining.pool import VolumePool
from napari_salient.pretraining.settings import PretrainingSettings
from napari_salient.pretraining.task import PretrainingTask
from napari_salient.project.labels import LabelSchema
from napari_salient.project.project import Project
from napari_salient.project.splits import SplitFractions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SIDE = 20
AS_DISPLAYED = np.diag([-1.0, -1.0, -1.0, 1.0])
"""Affine of a file whose axes (x, y, z) are those of the display."""
FIT = FitSettings(steps=2, save_every=2, threads=1, device="cpu")


def write_volumes(folder: Path, count: int, channels: int = 1) -> list[Path]:
    """Write noise with a bright block, no two volumes alike."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"case-{number}.nii" for number in range(count)]
    for number, path in enumerate(paths):
        voxels = np.random.default_rng(number).normal(0, 1, (SIDE, SIDE, SIDE, channels))
        voxels[5:12, 4:9, 3 + number : 12 + number] += 5
        shown = voxels.astype(np.float32)
        nib.save(nib.Nifti1Image(shown if channels > 1 else shown[..., 0], AS_DISPLAYED), path)
    return paths


def session_on(project: Project, **model: Any) -> LabellingSession:
    """Return a session whose rounds train a tiny model for two steps."""
    tiny = {"width": 4, "context": 0, "batch_size": 2, "augment": False, "fit": FIT, **model}
    return LabellingSession(
        project, LoopSettings(batch=4, audit=0.0, segmentation=SegmentationSettings(**tiny))
    )


@pytest.fixture
def make_project(tmp_path: Path) -> Iterator[Callable[..., Project]]:
    """Return a function that makes a project and opens it."""
    made: list[Project] = []

    def make(
        count: int = 3, channels: int = 1, fractions: tuple[float, ...] = (1.0, 0.0, 0.0)
    ) -> Project:
        images = write_volumes(tmp_path / "images", count, channels)
        schema = LabelSchema.of("block")
        made.append(
            Project.create(
                tmp_path / "project", images, labels=schema, fractions=SplitFractions(*fractions)
            )
        )
        return made[-1]

    yield make
    for project in made:
        project.close()


@pytest.fixture
def project(make_project: Callable[..., Project]) -> Project:
    """Return a project of three volumes, all of the pool."""
    return make_project()


@pytest.fixture
def pretrain(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that pretrains a tiny encoder and returns the folder of its run."""

    def make(channels: int = 1, folder: str = "runs", **changes: Any) -> Path:
        tiny = {"width": 4, "context": 0, "batch_size": 2, "fit": FIT, **changes}
        settings = PretrainingSettings(**tiny)
        shape = (channels, SIDE, SIDE, SIDE)
        rng = np.random.default_rng(5)
        pool = VolumePool.of_arrays([rng.normal(size=shape).astype(np.float32) for _ in range(2)])
        run = Run.create(tmp_path / folder, "pretraining", settings)
        task = PretrainingTask(settings, pool)
        *_, last = run.record(fit(task, settings.fit, run.control, run.directory))
        assert last.error is None
        return run.directory

    return make


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Make seven labelled volumes with a block in each; every fifth are case-0 and case-5."""
    rng = np.random.default_rng(0)
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    for number in range(7):
        truth = np.zeros((20, 20, 12), np.uint8)
        truth[4:11, 6:12, 3:8] = 1
        image = (truth + 0.2 * rng.standard_normal(truth.shape)).astype(np.float32)
        for name, voxels in (("images", image), ("labels", truth)):
            nib.save(nib.Nifti1Image(voxels, np.eye(4)), tmp_path / name / f"case-{number}.nii.gz")
    return tmp_path / "images", tmp_path / "labels"
