"""An encoder with a head that grades."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from napari_salient.pretraining.encoder import Encoder
from napari_salient.pretraining.spec import EncoderSpec

COLOURS = 3


class Grader(nn.Module):
    """Grades pictures by the mean and the largest value of each feature of the deepest level.

    The outputs are cumulative: output `k` says whether the grade is above `k`. Published is one
    output more, for grade 0 and above, which is always right.
    """

    def __init__(self, width: int, grades: int) -> None:
        super().__init__()
        spec = EncoderSpec(COLOURS, width)
        self.encoder = Encoder(spec)
        self.head = nn.Linear(2 * spec.features, grades - 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits (picture, grade - 1) of pictures (picture, colour, row, column)."""
        deepest = self.encoder(pictures)[-1].flatten(2)
        logits: Tensor = self.head(torch.cat([deepest.mean(2), deepest.amax(2)], 1))
        return logits


def cumulative(grades: Tensor, count: int) -> Tensor:
    """Return what the outputs should be, shape (picture, count - 1): 1 for each grade below."""
    return (grades[:, None] > torch.arange(count - 1, device=grades.device)).float()


def grades_of(logits: Tensor) -> Tensor:
    """Return the grades that outputs mean, shape (picture,): how many of them say yes."""
    return (logits > 0).sum(1)
