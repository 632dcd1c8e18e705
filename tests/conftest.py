"""What all tests share: the real data, small volumes, and a watch over threads and open files."""

from __future__ import annotations

import gc
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHARED = Path(__file__).parents[2] / "shared"
GRACE_SECONDS = 5.0
"""How long a thread may take to end after its test."""


@pytest.fixture
def shared_data() -> Path:
    """Return the folder of real data beside the repository; skips where there is none."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the real data in {SHARED}")
    return SHARED


@pytest.fixture
def write_volume(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a NIfTI volume into the test's folder and returns its path."""

    def write(
        name: str = "case-1.nii.gz",
        voxels: np.ndarray | None = None,
        affine: np.ndarray | None = None,
    ) -> Path:
        if voxels is None:
            voxels = np.random.default_rng(0).integers(0, 999, (5, 4, 3), np.int16)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(nib.Nifti1Image(voxels, np.eye(4) if affine is None else affine), path)
        return path

    return write


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail a test after which more threads run, or more of its or the shared files are open."""
    folders = (tmp_path_factory.getbasetemp(), SHARED)
    threads, files = set(threading.enumerate()), _open_files(folders)
    yield
    running = [thread for thread in _python_threads() if thread not in threads]
    for thread in running:
        thread.join(GRACE_SECONDS)
    assert not [thread for thread in running if thread.is_alive()], "threads still run"
    if _open_files(folders) - files:
        gc.collect()
    assert not _open_files(folders) - files, "files are still open"


def _python_threads() -> list[threading.Thread]:
    """Return the threads that Python code started: Qt's pool keeps its own for later work."""
    return [t for t in threading.enumerate() if not t.name.startswith("Dummy-")]


def _open_files(folders: tuple[Path, ...]) -> set[tuple[str, int]]:
    opened = ((Path(file.path), file.fd) for file in psutil.Process().open_files())
    return {
        (str(path), number)
        for path, number in opened
        if any(path.is_relative_to(folder) for folder in folders)
    }
