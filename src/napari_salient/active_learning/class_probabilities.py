"""What a model gives each class in a volume, worked out slice by slice where somebody asks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.data.planes import axis_of, plane_slice
from napari_salient.data.volumes import normalise
from napari_salient.engine.threads import limit_threads, thread_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.active_learning.model import Segmenter
    from napari_salient.project.edits import Box


class ClassProbabilities:
    """The probabilities of one volume's voxels; safe from any thread, each slice is predicted once.

    Parameters
    ----------
    model
        In evaluation mode.
    image : float32 array, shape (channel, z, y, x)
        Raw intensities.
    """

    def __init__(self, model: Segmenter, image: NDArray[np.float32]) -> None:
        self._model, self._raw = model, image
        self._image: NDArray[np.float32] | None = None
        self._maps = np.zeros((model.spec.classes, *image.shape[1:]), np.float16)
        self._known: set[int] = set()
        self._guard = threading.Lock()

    def within(self, box: Box) -> NDArray[np.floating]:
        """Return the maps ``(class, z, y, x)`` of the whole volume, right at least in `box`."""
        axis = axis_of(self._model.spec.plane)
        return self.covering(range(box[2 * axis], box[2 * axis + 1]))

    def covering(self, indices: range) -> NDArray[np.floating]:
        """Return the maps of the whole volume, right at least on slices along the model's plane.

        A model on volumes is asked for the whole one at once.
        """
        with self._guard:
            if not self._known.issuperset(indices):
                if self._model.spec.spatial_dims == 3:
                    indices = range(self._raw.shape[axis_of(self._model.spec.plane) + 1])
                self._predict([index for index in indices if index not in self._known])
            return self._maps

    def _predict(self, indices: list[int]) -> None:
        if self._image is None:
            self._image = normalise(self._raw)
        plane = self._model.spec.plane
        with limit_threads(thread_share()):
            for output in self._model.slice_outputs(self._image, indices):
                given = output.logits.softmax(1).cpu().numpy()
                for index, maps in zip(output.indices, given, strict=True):
                    self._maps[plane_slice(plane, index)] = maps
        self._known.update(indices)
