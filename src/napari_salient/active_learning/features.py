"""The features of the pool's slices, kept in the folder of the run whose network gave them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.engine.atomic import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_salient.active_learning.pool import PoolScores
    from napari_salient.project.rounds import Scores

FILE_NAME = "features.safetensors"


def write_features(run_dir: Path, scores: PoolScores) -> None:
    """Store the features, in half precision, with the slices that they belong to, if any."""
    from safetensors.numpy import save

    if scores.features is None:
        return
    columns = {"case_id": scores.case_id, "index": scores.index}
    halves = np.clip(scores.features, -65504, 65504).astype(np.float16)
    write_atomically(run_dir / FILE_NAME, save({**columns, "features": halves}))


def read_features(run_dir: Path, scores: Scores) -> NDArray[np.float32] | None:
    """Return the features ``(slice, feature)`` of a run in the order of the scores of its round.

    `None` if the run has none, or its file is broken or belongs to other slices: a strategy that
    needs features then waits for the next round.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        stored = load((run_dir / FILE_NAME).read_bytes())
        order = np.lexsort((stored["index"], stored["case_id"]))
        features = stored["features"][order].astype(np.float32)
        slices = [stored["case_id"][order], stored["index"][order]]
    except (OSError, SafetensorError, KeyError, IndexError, ValueError):
        return None
    same = all(map(np.array_equal, slices, (scores.case_id, scores.index)))
    return features if same else None
