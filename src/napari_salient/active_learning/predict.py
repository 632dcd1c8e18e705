"""What a trained model says about slices and whole volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from napari_salient.active_learning.slices import slice_stack
from napari_salient.data.planes import axis_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_salient.active_learning.model import SliceSegmenter

PIXELS_AT_ONCE = 2**20
"""Pixels of slices that go through the network together; bounds the memory of a prediction."""


def slice_logits(
    model: SliceSegmenter, image: NDArray[np.float32], indices: Sequence[int]
) -> Iterator[tuple[Sequence[int], Tensor]]:
    """Run slices of a volume through the network, a few at a time.

    Parameters
    ----------
    model
        On any device; its mode is left alone, so put it in evaluation mode first.
    image : float32 array, shape (channel, z, y, x)
        A normalised volume.
    indices
        Slices along the model's plane.

    Yields
    ------
    indices, logits
        Some of the slices and their logits ``(slice, class, row, column)`` on the model's device.
    """
    device = next(model.parameters()).device
    plane, context = model.spec.plane, model.spec.context
    pixels = image[0].size // image.shape[axis_of(plane) + 1]
    at_once = max(1, PIXELS_AT_ONCE // pixels)
    for start in range(0, len(indices), at_once):
        part = indices[start : start + at_once]
        stacks = np.stack([slice_stack(image, plane, index, context) for index in part])
        with torch.inference_mode():
            logits = model(torch.from_numpy(stacks).to(device))
        yield part, logits


def predict_slices(
    model: SliceSegmenter, image: NDArray[np.float32], indices: Sequence[int]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return labels and uncertainty of some slices of a normalised volume ``(channel, z, y, x)``.

    Returns
    -------
    labels : uint8 array, shape (slice, row, column)
        Label values of the project's schema.
    uncertainty : float32 array, shape (slice, row, column)
        Shannon entropy over its maximum, 0 sure to 1 undecided.
    """
    values = np.asarray(model.spec.label_values, dtype=np.uint8)
    labels, uncertainty = [], []
    for _, logits in slice_logits(model, image, indices):
        labels.append(values[logits.argmax(1).cpu().numpy()])
        uncertainty.append((entropy(logits) / np.log(logits.shape[1])).cpu().numpy())
    return np.concatenate(labels), np.concatenate(uncertainty)


def predict_volume(
    model: SliceSegmenter, image: NDArray[np.float32]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return labels and uncertainty ``(z, y, x)`` of a normalised volume ``(channel, z, y, x)``."""
    axis = axis_of(model.spec.plane)
    labels, uncertainty = predict_slices(model, image, range(image.shape[axis + 1]))
    return np.moveaxis(labels, 0, axis), np.moveaxis(uncertainty, 0, axis)


def entropy(logits: Tensor) -> Tensor:
    """Return the Shannon entropy in nats, class axis 1 reduced; finite for every logit."""
    log_probability = logits.float().log_softmax(1)
    return -(log_probability.exp() * log_probability).sum(1)
