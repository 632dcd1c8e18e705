"""The contracting half of the segmentation network, under the names it has there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

from napari_salient.networks.unet import slice_unet, volume_unet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_salient.pretraining.spec import EncoderSpec

LEVELS = {
    2: ("conv_0", "down_1", "down_2", "down_3", "down_4"),
    3: ("input_block", "downsamples", "bottleneck"),
}
"""Parts of `slice_unet` and of `volume_unet` that contract."""


class Encoder(nn.Module):
    """Features of a view at every level; trained by a proxy task, then taken over by segmentation.

    Its tensors are called as in `slice_unet` and `volume_unet`.
    """

    def __init__(self, spec: EncoderSpec) -> None:
        super().__init__()
        self.spec = spec
        network = (
            volume_unet(spec.in_channels, 2, spec.width, spec.strides)
            if spec.strides
            else slice_unet(spec.in_channels, 2, spec.width)
        )
        for name in LEVELS[spec.spatial_dims]:
            self.add_module(name, network.get_submodule(name))

    def forward(self, view: Tensor) -> list[Tensor]:
        """Return the features of each level, the finest first.

        Parameters
        ----------
        view : Tensor, shape (batch, channel, row, column) or (batch, channel, slice, row, column)
            Of any size; `enlarge` is applied to it.
        """
        features = [enlarge(view, self.spec.least)]
        for part in self.children():
            for level in part if isinstance(part, nn.ModuleList) else [part]:
                features.append(level(features[-1]))
        return features[1:]

    def summary(self, view: Tensor) -> Tensor:
        """Return the largest value of each channel of the deepest level, shape (batch, feature)."""
        deepest: Tensor = self(view)[-1]
        return deepest.flatten(2).amax(2)


def enlarge(view: Tensor, least: Sequence[int]) -> Tensor:
    """Interpolate a view (batch, channel, ...) linearly where a side is shorter than `least`."""
    sides = view.shape[2:]
    wanted = [max(side, floor) for side, floor in zip(sides, least, strict=True)]
    if list(sides) == wanted:
        return view
    return F.interpolate(view, wanted, mode="bilinear" if len(wanted) == 2 else "trilinear")
