"""A case in memory while it is being labelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_salient.active_learning.predictions import Prediction
    from napari_salient.data.planes import Plane
    from napari_salient.data.volumes import VolumeHeader
    from napari_salient.project.catalogue import Case


@dataclass
class OpenCase:
    """A volume with its labels and what the model says about it.

    Parameters
    ----------
    case, header
        Who it is.
    image : float32 array, shape (channel, z, y, x)
        Raw intensities.
    labels : uint8 array, shape (z, y, x)
        The live labels: whoever paints writes into this very array.
    predicted
        The model's labels and uncertainty; `None` before there is a model for this case.
    """

    case: Case
    header: VolumeHeader
    image: NDArray[np.float32]
    labels: NDArray[np.uint8]
    predicted: Prediction | None = None

    @property
    def prediction(self) -> NDArray[np.uint8] | None:
        """The model's label values ``(z, y, x)``."""
        return self.predicted.labels if self.predicted else None

    @property
    def uncertainty(self) -> NDArray[np.float32] | None:
        """The model's uncertainty ``(z, y, x)``, 0 sure to 1 undecided."""
        return self.predicted.uncertainty if self.predicted else None

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        ours = self.image.nbytes + self.labels.nbytes
        return ours + (self.predicted.nbytes if self.predicted else 0)

    def predicted_slice(self, plane: Plane, index: int) -> NDArray[np.uint8] | None:
        """Return the model's labels (row, column) of a slice, `None` if it gave none."""
        return self.predicted.slice_labels(plane, index) if self.predicted else None
