"""An image's score as the attention-weighted mean of its patches' predictions (EMIL).

Each patch gets a prediction and, independently of all others, a weight in (0, 1). The score is the
weighted mean of the predictions, damped where less than `k_min` weight is given in all, so that
attending to nothing scores nothing (Bergner et al. 2022).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ABSENT = -1e4
"""Attention logit of a patch that is not there: its weight is 0, and gradients stay finite."""


class PatchOutput(NamedTuple):
    """What the head says of the patches of some images, and of the images by that.

    Parameters
    ----------
    logits : Tensor, shape (batch, patch, class)
        Of the patches' own predictions.
    attention_logits : Tensor, shape (batch, patch, 1)
    k_min
        Least total weight for an undamped score.
    multiclass
        Whether a patch has one class of several (softmax) or any of them (sigmoid).
    """

    logits: Tensor
    attention_logits: Tensor
    k_min: float
    multiclass: bool

    @property
    def probability(self) -> Tensor:
        """The patches' predictions in [0, 1], shape (batch, patch, class)."""
        return self.logits.softmax(-1) if self.multiclass else self.logits.sigmoid()

    @property
    def weight(self) -> Tensor:
        """The patches' weights in [0, 1], shape (batch, patch, 1)."""
        return self.attention_logits.sigmoid()

    @property
    def score(self) -> Tensor:
        """The images' scores in [0, 1], shape (batch, class).

        Those of several exclusive classes add up to less than 1 where the score is damped.
        """
        weight = self.weight
        return (weight * self.probability).sum(1) / weight.sum(1).clamp(min=self.k_min)

    def log_probability(self) -> tuple[Tensor, Tensor]:
        """Return log p and log(1 - p) of the patches, finite for finite logits.

        Both have shape (batch, patch, class).
        """
        if not self.multiclass:
            return F.logsigmoid(self.logits), F.logsigmoid(-self.logits)
        classes = self.logits.shape[-1]
        own = torch.eye(classes, dtype=torch.bool, device=self.logits.device)
        others = self.logits.unsqueeze(-2).masked_fill(own, -torch.inf).logsumexp(-1)
        return self.logits.log_softmax(-1), others - self.logits.logsumexp(-1, keepdim=True)

    def log_score(self) -> tuple[Tensor, Tensor]:
        """Return log of the score and of 1 - score, finite for finite logits.

        Both have shape (batch, class). The logarithm of `score` itself is minus infinity as soon as
        all weights or all predictions round to 0.
        """
        log_p, log_not_p = self.log_probability()
        log_w = F.logsigmoid(self.attention_logits)
        missing = self.k_min - self.weight.sum(1)
        log_total = log_w.logsumexp(1).clamp(min=math.log(self.k_min))
        score = (log_w + log_p).logsumexp(1)
        rest = (log_w + log_not_p).logsumexp(1)
        damped = torch.logaddexp(rest, missing.clamp(min=torch.finfo(missing.dtype).tiny).log())
        return score - log_total, torch.where(missing > 0, damped, rest) - log_total


class GatedAttention(nn.Module):
    """Weigh each patch by itself, through a tanh and a sigmoid gate (Ilse et al. 2018).

    Parameters
    ----------
    features
        Length of a patch's vector.
    width
        Units of the hidden layer.
    """

    def __init__(self, features: int, width: int = 128) -> None:
        super().__init__()
        self.content = nn.Linear(features, width)
        self.gate = nn.Linear(features, width)
        self.out = nn.Linear(width, 1)

    def forward(self, vectors: Tensor) -> Tensor:
        """Return attention logits (..., 1) of vectors (..., features)."""
        logits: Tensor = self.out(self.content(vectors).tanh() * self.gate(vectors).sigmoid())
        return logits


class PatchHead(nn.Module):
    """Predict and weigh patches that are given as vectors.

    Parameters
    ----------
    features
        Length of a patch's vector.
    classes
        Classes of a prediction; one for yes or no.
    k_min
        Least total weight for an undamped score. With 1, one patch is enough.
    multiclass
        Whether a patch has exactly one of the classes; then there are at least two.
    width
        Hidden units of the attention.
    """

    def __init__(
        self,
        features: int,
        classes: int,
        *,
        k_min: float = 1.0,
        multiclass: bool = False,
        width: int = 128,
    ) -> None:
        if multiclass and classes < 2:
            raise ValueError("exclusive classes are at least two")
        super().__init__()
        self.classifier = nn.Linear(features, classes)
        self.attention = GatedAttention(features, width)
        self.k_min = k_min
        self.multiclass = multiclass

    def forward(self, vectors: Tensor, present: Tensor | None = None) -> PatchOutput:
        """Judge the patches of some images.

        Parameters
        ----------
        vectors : Tensor, shape (batch, patch, features)
        present : bool Tensor, shape (batch, patch), optional
            False where a batch is only filled up: such patches get the weight 0.
        """
        attention = self.attention(vectors)
        if present is not None:
            attention = attention.masked_fill(~present.unsqueeze(-1), ABSENT)
        return PatchOutput(self.classifier(vectors), attention, self.k_min, self.multiclass)


def pool_patches(features: Tensor, window: int, step: int) -> Tensor:
    """Average the cells of each patch of a feature map.

    Parameters
    ----------
    features : Tensor, shape (batch, channel, row, column)
    window, step
        Side of a patch, and from one patch to the next, in cells.

    Returns
    -------
    Tensor, shape (batch, patch, channel)
        Patches row by row.
    """
    return F.avg_pool2d(features, window, step).flatten(2).transpose(1, 2)
