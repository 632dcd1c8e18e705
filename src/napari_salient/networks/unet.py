"""The U-Net that segmentation uses and pretraining warms up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def slice_unet(in_channels: int, classes: int, width: int) -> nn.Module:
    """Build MONAI's `BasicUNet` for 2D slices: five levels, instance norm, no dropout.

    Parameters
    ----------
    in_channels
        Image channels times slices in the stack.
    classes
        Output channels, background included.
    width
        Channels of the first level; then 2, 4, 8 and 8 times as many.

    Returns
    -------
    nn.Module
        Maps ``(batch, in_channels, row, column)`` to logits ``(batch, classes, row, column)``.
    """
    from monai.networks.nets.basic_unet import BasicUNet

    net: nn.Module = BasicUNet(
        spatial_dims=2,
        in_channels=in_channels,
        out_channels=classes,
        features=(width, 2 * width, 4 * width, 8 * width, 8 * width, width),
        act=("LeakyReLU", {"negative_slope": 0.1, "inplace": True}),
        norm=("instance", {"affine": True}),
        dropout=0.0,
    )
    return net
