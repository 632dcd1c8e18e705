"""A trained model as readers use it: what it makes of a radiograph, patch by patch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_salient.data.discover import content_hash
from napari_salient.engine.checkpoint import checkpoint_paths
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_salient.caries.evidence import Evidence
    from napari_salient.data.patch_grid import PatchGrid


@dataclass(frozen=True, eq=False)
class Examination:
    """What a model made of a radiograph.

    Parameters
    ----------
    evidence
        Its predictions and weights.
    grid
        Where the patches lie, in px of the radiograph as it is in its file.
    """

    evidence: Evidence
    grid: PatchGrid


class Examiner:
    """A model from a checkpoint; making one loads torch.

    Parameters
    ----------
    path
        A checkpoint, or the folder of a run, of which the newest one is taken.

    Raises
    ------
    InputError
        If there is none.
    RunError
        If it is no checkpoint of a caries model.
    """

    def __init__(self, path: Path) -> None:
        from napari_salient.caries.model import load_caries_model

        self.checkpoint = checkpoint_in(path)
        self._model = load_caries_model(self.checkpoint).eval()
        self.digest = content_hash(self.checkpoint)
        spec = self._model.spec
        self.class_names = spec.class_names
        self.lesions = range(int(spec.multiclass), spec.classes)

    def examine(self, image: NDArray[np.float32]) -> Examination:
        """Run the network once over an image (channel, row, column); any thread may."""
        from napari_salient.caries.examples import prepare

        spec = self._model.spec
        evidence, grid = self._model.examine(prepare(image, spec.channels, spec.scale))
        return Examination(evidence, _enlarged(grid, image.shape[1:], 1 / spec.scale))


def checkpoint_in(path: Path) -> Path:
    """Return `path`, or the newest checkpoint of the run in that folder.

    Raises
    ------
    InputError
        If there is no such file, or none in the folder.
    """
    newest_first = checkpoint_paths(path) if path.is_dir() else [path]
    if not newest_first or not newest_first[0].is_file():
        raise InputError(f"{path} holds no checkpoint; choose a run's folder or a checkpoint file.")
    return newest_first[0]


def _enlarged(grid: PatchGrid, shape: tuple[int, ...], factor: float) -> PatchGrid:
    """Return the grid of an image that was resized before the model saw it."""
    top, left = grid.offset
    return replace(
        grid,
        height=shape[0],
        width=shape[1],
        window=grid.window * factor,
        stride=grid.stride * factor,
        offset=(top * factor, left * factor),
    )
