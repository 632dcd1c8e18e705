"""A project of small volumes, a session on it, and cases to show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest

from napari_salient.active_learning.open_case import OpenCase
from napari_salient.active_learning.session import LabellingSession
from napari_salient.active_learning.settings import LoopSettings
from napari_salient.data.volumes import read_header
from napari_salient.project.catalogue import Case
from napari_salient.project.labels import LabelSchema
from napari_salient.project.project import Project
from napari_salient.project.splits import SplitFractions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

AS_DISPLAYED = np.diag([-1.0, -2.0, -3.0, 1.0])
"""Affine of a file in display order with voxels of 3 x 2 x 1 mm."""


@pytest.fixture
def volumes(tmp_path: Path) -> list[Path]:
    """Write three volumes of (10, 12, 14) voxels."""
    (tmp_path / "images").mkdir()
    paths = [tmp_path / "images" / f"case-{number}.nii" for number in range(3)]
    for number, path in enumerate(paths):
        voxels = np.random.default_rng(number).random((14, 12, 10), np.float32)
        nib.save(nib.Nifti1Image(voxels, AS_DISPLAYED), path)
    return paths


@pytest.fixture
def session(tmp_path: Path, volumes: list[Path]) -> Iterator[LabellingSession]:
    """Return a session on a project of the volumes, all of the pool."""
    schema, everything = LabelSchema.of("dim", "bright"), SplitFractions(1.0, 0.0, 0.0)
    folder = tmp_path / "project"
    with Project.create(folder, volumes, labels=schema, fractions=everything) as project:
        yield LabellingSession(project, LoopSettings(batch=4))


@pytest.fixture
def make_case(volumes: list[Path]) -> Callable[..., OpenCase]:
    """Return a function that makes an open case of any shape and number of channels."""
    header = read_header(volumes[0])

    def make(
        name: str = "brain-01", shape: tuple[int, int, int] = (10, 12, 14), channels: int = 1
    ) -> OpenCase:
        image = np.random.default_rng(0).random((channels, *shape), np.float32)
        case = Case(1, "volume", name, volumes[0], "", "", "pool", shape, channels, (3, 2, 1))
        return OpenCase(case, header, image, np.zeros(shape, np.uint8))

    return make
