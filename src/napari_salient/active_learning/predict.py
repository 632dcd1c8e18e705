"""What a trained model says about slices and whole volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.doubt import entropy
from napari_salient.data.planes import axis_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_salient.active_learning.model import Segmenter


def predict_parts(
    model: Segmenter, image: NDArray[np.float32], indices: Sequence[int]
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    """Yield labels and uncertainty of some slices at a time, as `predict_slices` returns them."""
    values = np.asarray(model.spec.label_values, dtype=np.uint8)
    for output in model.slice_outputs(image, indices):
        labels = values[output.logits.argmax(1).cpu().numpy()]
        yield labels, (entropy(output.logits) / np.log(len(values))).cpu().numpy()


def predict_slices(
    model: Segmenter, image: NDArray[np.float32], indices: Sequence[int]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return labels and uncertainty of some slices of a normalised volume ``(channel, z, y, x)``.

    The model's mode is left alone, so put it in evaluation mode first.

    Returns
    -------
    labels : uint8 array, shape (slice, row, column)
        Label values of the project's schema.
    uncertainty : float32 array, shape (slice, row, column)
        Shannon entropy over its maximum, 0 sure to 1 undecided.
    """
    labels, uncertainty = zip(*predict_parts(model, image, indices), strict=True)
    return np.concatenate(labels), np.concatenate(uncertainty)


def predict_volume(
    model: Segmenter, image: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return labels and uncertainty ``(z, y, x)`` of a normalised volume ``(channel, z, y, x)``."""
    axis = axis_of(model.spec.plane)
    labels, uncertainty = predict_slices(model, image, range(image.shape[axis + 1]))
    return np.moveaxis(labels, 0, axis), np.moveaxis(uncertainty, 0, axis)
