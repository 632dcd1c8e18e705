"""Heads that more than one proxy task uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_salient.pretraining.spec import EncoderSpec

CODE = 64
HIDDEN = 256


class Coder(nn.Module):
    """A code of each view, shape (example, view, code), from two positions an axis."""

    def __init__(self, spec: EncoderSpec, code: int) -> None:
        super().__init__()
        self.linear = nn.Linear(spec.features * 2**spec.spatial_dims, code)

    def forward(self, levels: Sequence[Tensor], examples: int) -> Tensor:
        """Encode the deepest level."""
        deepest = levels[-1]
        pool = F.adaptive_avg_pool2d if deepest.ndim == 4 else F.adaptive_avg_pool3d
        codes: Tensor = self.linear(pool(deepest, 2).flatten(1))
        return codes.reshape(examples, -1, codes.shape[1])


class Classifier(nn.Module):
    """Logits (example, class) from the codes of all views of an example, in their order."""

    def __init__(self, spec: EncoderSpec, views: int, classes: int) -> None:
        super().__init__()
        self.coder = Coder(spec, CODE)
        self.layers = nn.Sequential(
            nn.LayerNorm(views * CODE),
            nn.LeakyReLU(0.1),
            nn.Linear(views * CODE, HIDDEN),
            nn.LeakyReLU(0.1),
            nn.Linear(HIDDEN, classes),
        )

    def forward(self, levels: Sequence[Tensor], examples: int) -> Tensor:
        """Classify each example."""
        logits: Tensor = self.layers(self.coder(levels, examples).flatten(1))
        return logits
