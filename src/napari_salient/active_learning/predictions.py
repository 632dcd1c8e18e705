"""The model's labels of whole cases, kept in the folder of the run that made them."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.data.planes import Plane, axis_of, plane_slice, slice_of
from napari_salient.engine.atomic import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LEVELS = 255
"""Steps in which uncertainty is stored."""


@dataclass
class Prediction:
    """What a model says about a volume.

    Parameters
    ----------
    labels : uint8 array, shape (z, y, x)
        Label values.
    uncertainty : float32 array, shape (z, y, x)
        Entropy over its maximum: 0 sure, 1 undecided.
    run_ids
        For each slice along the project's plane the run whose model this is; `None` for no model.
    """

    labels: NDArray[np.uint8]
    uncertainty: NDArray[np.float32]
    run_ids: list[str | None]

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return self.labels.nbytes + self.uncertainty.nbytes

    @classmethod
    def blank(cls, shape: tuple[int, ...], plane: Plane) -> Prediction:
        """Return a prediction of a volume ``(z, y, x)`` about which nothing was asked."""
        nobody: list[str | None] = [None] * shape[axis_of(plane)]
        return cls(np.zeros(shape, np.uint8), np.zeros(shape, np.float32), nobody)

    def slice_labels(self, plane: Plane, index: int) -> NDArray[np.uint8] | None:
        """Return the labels (row, column) of a slice, `None` where the model was not asked."""
        return slice_of(self.labels, plane, index) if self.run_ids[index] else None

    def take_slice(self, other: Prediction | None, plane: Plane, index: int) -> None:
        """Put in what another model said about one slice, or that none said anything."""
        here = plane_slice(plane, index)
        self.labels[here] = other.labels[here] if other else 0
        self.uncertainty[here] = other.uncertainty[here] if other else 0.0
        self.run_ids[index] = other.run_ids[index] if other else None


def prediction_path(run_dir: Path, case_id: int) -> Path:
    """Return where a run keeps its prediction of a case."""
    return run_dir / "predictions" / f"case-{case_id:06d}.npz"


def write_prediction(
    run_dir: Path, case_id: int, labels: NDArray[np.uint8], uncertainty: NDArray[np.float32]
) -> None:
    """Store labels and uncertainty ``(z, y, x)`` of a whole case; the uncertainty in 255 steps."""
    content = io.BytesIO()
    steps = np.rint(np.clip(uncertainty, 0, 1) * LEVELS).astype(np.uint8)
    np.savez_compressed(content, labels=labels, uncertainty=steps)
    path = prediction_path(run_dir, case_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content.getvalue())


def read_prediction(run_dir: Path, case_id: int, plane: Plane) -> Prediction | None:
    """Return what a run predicted for a case.

    `None` if it did not, or if the file is broken: labelling goes on without a pre-annotation.
    """
    try:
        content = io.BytesIO(prediction_path(run_dir, case_id).read_bytes())
        with np.load(content, allow_pickle=False) as stored:
            labels, steps = stored["labels"], stored["uncertainty"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    uncertainty = np.divide(steps, LEVELS, dtype=np.float32)
    return Prediction(labels, uncertainty, [run_dir.name] * labels.shape[axis_of(plane)])
