"""What `doctor` looks at.

Each check yields rows and may fail freely: `examine` turns an exception into a row.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_salient import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Status = Literal["ok", "warn", "fail"]

NEEDED = (
    "napari", "torch", "monai", "lightning-fabric", "numpy", "scipy", "scikit-image", "nibabel",
    "nilearn", "safetensors", "sqlalchemy", "pyqtgraph", "magicgui", "superqt", "npe2",
)  # fmt: skip
"""Distributions whose versions matter in a report."""

GIB = 2**30


@dataclass(frozen=True)
class Row:
    """One finding; `mend` says what to do unless the status is ok."""

    check: str
    status: Status
    found: str
    mend: str = ""


def examine(checks: Iterable[tuple[str, Callable[[], Iterable[Row]]]]) -> Iterator[Row]:
    """Yield the rows of every check; one that breaks becomes a row of its own."""
    for name, check in checks:
        try:
            yield from check()
        except Exception as error:
            yield Row(name, "fail", f"{type(error).__name__}: {error}", "Report this as an issue.")


def versions() -> Iterator[Row]:
    """Yield the program, the interpreter, the system and each distribution that is needed."""
    yield Row("napari-salient", "ok", __version__)
    yield Row("python", "ok", f"{platform.python_version()} at {sys.executable}")
    yield Row("system", "ok", f"{platform.system()} {platform.release()}, {platform.machine()}")
    for name in NEEDED:
        try:
            yield Row(name, "ok", metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Row(name, "fail", "not installed", f"pip install {name}")


def memory() -> Iterator[Row]:
    """Yield the memory that is free now; training a slice model takes about 2 GiB."""
    import psutil

    state = psutil.virtual_memory()
    found = f"{state.available / GIB:.1f} of {state.total / GIB:.1f} GiB free"
    if state.available < 2 * GIB:
        yield Row("memory", "warn", found, "Close other programs before training.")
    else:
        yield Row("memory", "ok", found)


def threads() -> Iterator[Row]:
    """Yield the cores this process may use and the share that training takes."""
    from napari_salient.engine.threads import thread_share

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    limit = os.environ.get("OMP_NUM_THREADS")
    found = f"{cores} cores, training takes {thread_share(0)}"
    yield Row("threads", "ok", f"{found}, OMP_NUM_THREADS={limit}" if limit else found)


def llvm() -> Iterator[Row]:
    """Yield the state of the clash between two LLVM libraries, which can end the process."""
    from napari_salient.engine.llvm import llvm_state

    yield Row("llvm", "ok", llvm_state())


def readers() -> Iterator[Row]:
    """Yield whether volumes can be read: a small NIfTI file is written, read and compared."""
    import nibabel
    import numpy as np

    from napari_salient.data.volumes import load_image, read_header

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "check.nii.gz"
        voxels = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
        nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), path)
        same = sorted(load_image(read_header(path)).ravel()) == sorted(voxels.ravel())
    if same:
        yield Row("readers", "ok", "NIfTI (.nii, .nii.gz)")
    else:
        yield Row("readers", "fail", "NIfTI came back changed", "Reinstall nibabel.")


def writing() -> Iterator[Row]:
    """Yield whether a file can be written and synced where projects and temporary files go."""
    folders = {"current folder": Path.cwd(), "temporary folder": Path(tempfile.gettempdir())}
    for name, folder in folders.items():
        try:
            with tempfile.NamedTemporaryFile(dir=folder) as file:
                file.write(b"check")
                file.flush()
                os.fsync(file.fileno())
            yield Row(f"write {name}", "ok", str(folder))
        except OSError as error:
            mend = "Choose a folder you may write to, or free some space."
            yield Row(f"write {name}", "warn", f"{folder}: {error.strerror}", mend)
