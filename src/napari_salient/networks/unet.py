"""The U-Nets that segmentation uses and pretraining warms up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def volume_unet(
    in_channels: int, classes: int, width: int, strides: Sequence[Sequence[int]]
) -> nn.Module:
    """Build MONAI's `DynUNet` for volumes: instance norm, and no halving of axes that are coarse.

    It is the network of nnU-Net (Isensee et al. 2021), which treats thick slices as it must: until
    the other axes are as coarse, kernels do not reach across slices. `BasicUNet`, which
    `slice_unet` builds, halves all axes alike.

    Parameters
    ----------
    in_channels
        Image channels.
    classes
        Output channels, background included.
    width
        Channels of the first level; each deeper one has twice as many, up to 8 times.
    strides
        How much coarser each level is than the one above, along (slice, row, column).

    Returns
    -------
    nn.Module
        Maps ``(batch, in_channels, slice, row, column)`` to logits ``(batch, classes, ...)``.
    """
    from monai.networks.nets.dynunet import DynUNet

    kernels = [tuple(3 if step > 1 else 1 for step in stride) for stride in strides]
    net: nn.Module = DynUNet(
        spatial_dims=3,
        in_channels=in_channels,
        out_channels=classes,
        kernel_size=[*kernels, (3, 3, 3)],
        strides=[(1, 1, 1), *strides],
        upsample_kernel_size=list(strides),
        filters=[width * min(2**level, 8) for level in range(len(strides) + 1)],
        norm_name=("instance", {"affine": True}),
        act_name=("leakyrelu", {"negative_slope": 0.1, "inplace": True}),
    )
    return net
