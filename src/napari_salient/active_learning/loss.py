"""The loss for slices on which some pixels are unknown and classes are very unequal."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_salient.data.labels import UNSURE


def class_weights(pixels: Tensor) -> Tensor:
    """Return weights for the cross-entropy, shape (class,), mean 1 over the classes present.

    Inverse square root of the class's share: enough to keep a small class from being given up in a
    short run, which plain cross-entropy with Dice did in one run of three, without drowning the
    background.
    """
    present = pixels > 0
    weights = torch.where(present, (pixels.sum() / pixels.clamp(min=1)).sqrt(), torch.zeros(()))
    return weights / weights[present].mean()


def segmentation_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Return class-balanced cross-entropy plus soft foreground Dice, on known pixels only.

    Parameters
    ----------
    logits : Tensor, shape (batch, class, row, column)
    labels : Tensor, shape (batch, row, column), integer
        Output channel, or `UNSURE`.
    weights : Tensor, shape (class,)
        Weights of the cross-entropy.

    Returns
    -------
    Tensor
        Scalar. The Dice is taken over the whole batch, so splitting a batch is not exact.
    """
    labels = labels.long()
    entropy = F.cross_entropy(logits, labels, weight=weights, ignore_index=UNSURE)
    known = (labels != UNSURE)[:, None]
    target = F.one_hot(labels.where(known[:, 0], 0), logits.shape[1]).movedim(-1, 1) * known
    probability = logits.softmax(1) * known
    overlap = (probability * target).sum((0, 2, 3))
    dice = (2 * overlap + 1) / (probability.sum((0, 2, 3)) + target.sum((0, 2, 3)) + 1)
    return entropy + 1 - dice[1:].mean()
