"""The loss of the caries model: of the image's label, and of what is known of its patches."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from napari_salient.networks.gated_attention import PatchOutput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_salient.caries.targets import PatchTargets


class TargetBatch(NamedTuple):
    """What is known of the patches of some images; see `PatchTargets`.

    Parameters
    ----------
    positive, negative : Tensor, shape (batch, patch, class)
    avoided : Tensor, shape (batch, patch)
    """

    positive: Tensor
    negative: Tensor
    avoided: Tensor

    @classmethod
    def of(cls, targets: Sequence[PatchTargets | None], patches: int, classes: int) -> TargetBatch:
        """Stack what is known of images; nothing is where there is `None`.

        Of `classes` the last are the lesion classes; an exclusive one before them that means no
        lesion has no targets of its own.
        """
        positive, negative = np.zeros((2, len(targets), patches, classes), np.float32)
        avoided = np.zeros((len(targets), patches), np.float32)
        for index, known in enumerate(targets):
            if known is not None:
                first = classes - known.positive.shape[1]
                positive[index, :, first:] = known.positive
                negative[index, :, first:] = known.negative
                avoided[index] = known.avoided
        return cls(*map(torch.from_numpy, (positive, negative, avoided)))


class LossTerms(NamedTuple):
    """The parts of the loss, each a scalar.

    Parameters
    ----------
    bag
        Of the image labels, over all images.
    location
        Of the patches' predictions, over the images where something is known of patches.
    attention
        Of the patches' weights, over the images where something is known of them.
    """

    bag: Tensor
    location: Tensor
    attention: Tensor

    def total(self, location_weight: float = 1.0, attention_weight: float = 0.5) -> Tensor:
        """Return the weighted sum."""
        return self.bag + location_weight * self.location + attention_weight * self.attention


def caries_loss(
    output: PatchOutput, labels: Tensor, targets: TargetBatch | None = None
) -> LossTerms:
    """Return the loss of some images, finite for all finite logits.

    An image without a lesion by its label has no positive patches, whatever was painted: its
    attention is never drawn to lesions. Positive and negative patches are averaged apart, image by
    image, since there are a hundred times more negatives.

    Parameters
    ----------
    output
        Of the model.
    labels : Tensor
        Which classes are true, shape (batch, class), in {0, 1}; for exclusive classes the true one,
        shape (batch,), integer, where 0 means no lesion.
    targets
        What is known of the patches, if there is anything.
    """
    output = PatchOutput(
        output.logits.float(), output.attention_logits.float(), output.k_min, output.multiclass
    )
    log_score, log_rest = output.log_score()
    if output.multiclass:
        bag = F.nll_loss(log_score, labels)
        shown = (labels > 0).float()[:, None]
    else:
        shown = labels.float()
        bag = -(shown * log_score + (1 - shown) * log_rest).mean()
    if targets is None:
        return LossTerms(bag, torch.zeros_like(bag), torch.zeros_like(bag))
    positive = targets.positive * shown[:, None]
    log_p, log_not_p = output.log_probability()
    attention = output.attention_logits.squeeze(-1)
    return LossTerms(
        bag,
        _balanced(-log_p, positive, -log_not_p, targets.negative),
        _balanced(
            -F.logsigmoid(attention), positive.amax(-1), -F.logsigmoid(-attention), targets.avoided
        ),
    )


def _balanced(above: Tensor, wanted: Tensor, below: Tensor, unwanted: Tensor) -> Tensor:
    """Average the losses of wanted and unwanted patches apart, then both, then over images.

    All have the shape (batch, patch, ...). A weight below 1 counts as that part of a patch.
    """
    sides = []
    for loss, weight in ((above, wanted), (below, unwanted)):
        counts = (weight > 0).flatten(1).sum(1)
        sides.append(((loss * weight).flatten(1).sum(1) / counts.clamp(min=1), counts > 0))
    (first, has_first), (second, has_second) = sides
    known = has_first.float() + has_second.float()
    return ((first + second) / known.clamp(min=1)).sum() / (known > 0).sum().clamp(min=1)
