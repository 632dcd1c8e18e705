"""Small images, a project of them, and folders that cannot be written."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest

from napari_salient.project.journal import Journal
from napari_salient.project.labels import LabelSchema
from napari_salient.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SHAPE = (3, 4, 5)


@pytest.fixture
def make_image(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a small volume under images/ and returns its path."""

    def make(name: str, seed: int = 0, folder: str = "images") -> Path:
        path = tmp_path / folder / f"{name}.nii.gz"
        path.parent.mkdir(exist_ok=True)
        voxels = np.random.default_rng(seed).integers(0, 999, SHAPE, np.int16)
        nib.save(nib.Nifti1Image(voxels.T, np.diag([1.0, 1.0, 2.0, 1.0])), path)
        return path

    return make


@pytest.fixture
def images(make_image: Callable[..., Path]) -> list[Path]:
    """Return two volumes of each of five patients."""
    return [
        make_image(f"sub-{patient:02}_T{scan}", seed=10 * patient + scan)
        for patient in range(5)
        for scan in (1, 2)
    ]


@pytest.fixture
def project(tmp_path: Path, images: list[Path]) -> Iterator[Project]:
    """Return an open project of the images."""
    schema = LabelSchema.of("anterior", "posterior")
    with Project.create(tmp_path / "project", images, labels=schema) as opened:
        yield opened


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Return an empty journal."""
    opened = Journal.create(tmp_path / "journal.db")
    yield opened
    opened.close()


@pytest.fixture
def sealed() -> Callable[[Path], object]:
    """Return a context manager that makes a folder read-only, for the superuser as well."""
    return _sealed_by_mount if os.geteuid() == 0 else _sealed_by_mode


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return an empty file system of 1 MiB; skips where none can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder))
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def _sealed_by_mount(folder: Path) -> Iterator[None]:
    _mount("--bind", str(folder), str(folder))
    try:
        _mount("-o", "remount,bind,ro", str(folder))
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def _sealed_by_mode(folder: Path) -> Iterator[None]:
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)


def _mount(*arguments: str) -> None:
    try:
        subprocess.run(["mount", *arguments], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this test needs the right to mount")
