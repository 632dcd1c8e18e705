"""What a trained model says about slices and whole volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_salient.data.planes import axis_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_salient.active_learning.model import Segmenter


def predict_parts(
    model: Segmenter, image: NDArray[np.float32], indices: Sequence[int]
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    """Yield labels and uncertainty of some slices at a time, as `predict_slices` returns them."""
    values = np.asarray(model.spec.label_values, dtype=np.uint8)
    for _, logits in model.slice_logits(image, indices):
        labels = values[logits.argmax(1).cpu().numpy()]
        yield labels, (entropy(logits) / np.log(logits.shape[1])).cpu().numpy()


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


def entropy(logits: Tensor) -> Tensor:
    """Return the Shannon entropy in nats, class axis 1 reduced; finite for every logit."""
    log_probability = logits.float().log_softmax(1)
    return -(log_probability.exp() * log_probability).sum(1)
