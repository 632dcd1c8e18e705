"""The loss for slices on which some pixels are unknown and classes are very unequal."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_salient.data.label_values import UNSURE


def class_weights(pixels: Tensor) -> Tensor:
    """Return weights for the cross-entropy, shape (class,), mean 1 over the classes present.

    Inverse square root of the class's share: enough to keep a small class from being given up in a
    short run, which plain cross-entropy with Dice did in one run of three, without drowning the
    background.
    """
    present = pixels > 0
    weights = torch.where(present, (pixels.sum() / pixels.clamp(min=1)).sqrt(), torch.zeros(()))
    return weights / weights[present].mean()


def segmentation_loss(
    logits: Tensor, labels: Tensor, weights: Tensor, slice_weights: Tensor | None = None
) -> Tensor:
    """Return class-balanced cross-entropy plus soft foreground Dice, on known pixels only.

    Parameters
    ----------
    logits : Tensor, shape (batch, class, ..., row, column)
        Of slices, or of volumes as (batch, class, slice, row, column).
    labels : Tensor, shape (batch, ..., row, column), integer
        Output channel, or `UNSURE`.
    weights : Tensor, shape (class,)
        Weights of the cross-entropy.
    slice_weights : Tensor, shape (batch, ...), optional
        How much each slice counts, 1 if not given. In the cross-entropy a slice of weight 0.5 gives
        half the gradient; in the Dice it counts as half a slice.

    Returns
    -------
    Tensor
        Scalar. The Dice is taken over the whole batch, so splitting a batch is not exact.
    """
    labels = labels.long()
    known = labels != UNSURE
    channels = labels.where(known, 0)
    if slice_weights is None:
        slice_weights = torch.ones_like(logits[:, 0, ..., 0, 0])
    share = slice_weights[..., None, None] * known
    entropy = F.cross_entropy(logits, channels, weight=weights, reduction="none") * share
    target = F.one_hot(channels, logits.shape[1]).movedim(-1, 1) * share[:, None]
    probability = logits.softmax(1)
    pixels = (0, *range(2, logits.ndim))
    overlap = (probability * target).sum(pixels)
    sizes = (probability * share[:, None] + target).sum(pixels)
    dice = (2 * overlap + 1) / (sizes + 1)
    return entropy.sum() / (weights[channels] * known).sum() + 1 - dice[1:].mean()
