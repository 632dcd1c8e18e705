"""The training set as the task sees it, whether the network works on slices or on volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from napari_salient.active_learning.labelled_volumes import LabelledVolumes
from napari_salient.active_learning.slices import LabelledSlices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_salient.active_learning.settings import SegmentationSettings
    from napari_salient.active_learning.slices import Drawn
    from napari_salient.data.planes import Plane


class Examples(Protocol):
    """Labelled slices of volumes, held in memory."""

    def __len__(self) -> int:
        """Return the number of labelled slices."""

    def add(
        self,
        image: NDArray[np.float32],
        labels: NDArray[np.uint8],
        plane: Plane,
        indices: Sequence[int],
        *,
        weights: Sequence[float] | None = None,
    ) -> None:
        """Add slices of a normalised `image` (channel, z, y, x) with `labels` (z, y, x).

        Each counts in the loss by its weight, fully where none is given.
        """

    def pixel_counts(self, classes: int) -> NDArray[np.int64]:
        """Return how many known pixels each output channel has, shape (class,)."""

    def largest(self) -> tuple[int, int]:
        """Return the largest number of rows and of columns of any slice."""

    def draw(self, batch: int, patch: tuple[int, ...], rng: np.random.Generator) -> Drawn:
        """Draw a batch that costs about as much as `batch` slices.

        Returns
        -------
        inputs : float32 array, shape (example, channel, *patch)
        labels : uint8 array, shape (example, *patch)
            Output channel, or `UNSURE`.
        weights : float32 array, shape (example,), in 3D (example, slice)
            How much each slice counts in the loss.
        """

    def inputs(self) -> Iterator[NDArray[np.float32]]:
        """Yield every input of the network (channel, ...) uncropped."""


def no_examples(settings: SegmentationSettings) -> Examples:
    """Return an empty training set for the model that the settings ask for."""
    return LabelledVolumes() if settings.spatial_dims == 3 else LabelledSlices(settings.context)
