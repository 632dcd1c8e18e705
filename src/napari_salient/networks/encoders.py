"""Convolutional encoders of images, cut at a stride, with the place of every cell known."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from torch import Tensor, nn

from napari_salient.errors import InputError
from napari_salient.networks.encoder_names import EncoderName, Norm

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

GROUPS = 8
"""Groups of group norm."""

RESNETS: dict[EncoderName, tuple[str, list[int]]] = {
    "resnet18": ("basic", [2, 2, 2, 2]),
    "resnet34": ("basic", [3, 4, 6, 3]),
    "resnet50": ("bottleneck", [3, 4, 6, 3]),
}
"""Kind of block, and blocks of each level."""

RESNET_STRIDES = (4, 8, 16, 32)
"""Of the levels of a residual network."""

RESNET_CHANNELS = (64, 128, 256, 512)
"""Of the levels; four times as many where blocks are bottlenecks."""


@dataclass(frozen=True)
class Cells:
    """Where the cells of a feature map lie in the input.

    Parameters
    ----------
    stride
        From one cell to the next and side of a cell, in px.
    offset
        Where the first cell begins along both axes, in px.
    """

    stride: int
    offset: float


class Encoder(nn.Module):
    """Turn images into feature maps.

    Inputs whose sides are multiples of the stride give as many cells as fit.

    Parameters
    ----------
    layers
        What it is made of; its tensors keep their names.
    channels
        Of the feature map.
    cells
        Where its cells lie in the input.
    """

    def __init__(self, layers: Mapping[str, nn.Module], channels: int, cells: Cells) -> None:
        super().__init__()
        self.layers = nn.Sequential(OrderedDict(layers))
        self.channels = channels
        self.cells = cells

    def forward(self, image: Tensor) -> Tensor:
        """Return feature maps (batch, channel, row, column) of images of the same layout."""
        features: Tensor = self.layers(image)
        return features


def build_encoder(
    name: EncoderName, in_channels: int, stride: int, norm: Norm = "batch"
) -> Encoder:
    """Return an encoder with random weights.

    Parameters
    ----------
    name
        ``tiny`` has four layers of 16, 32, 32 and 32 channels; the others are residual networks.
    in_channels
        Of an image.
    stride
        In px: 4 for ``tiny``; 4, 8, 16 or 32 for the residual networks, which end at that level.
    norm
        How features are brought to one scale.

    Raises
    ------
    InputError
        If there is no such encoder, or it has no level of this stride.
    """
    strides: dict[str, tuple[int, ...]] = {"tiny": (4,)} | dict.fromkeys(RESNETS, RESNET_STRIDES)
    if name not in strides:
        raise InputError(f"There is no encoder {name}; choose {_either(get_args(EncoderName))}.")
    if stride not in strides[name]:
        raise InputError(
            f"The encoder {name} has no level of stride {stride}; choose {_either(strides[name])}."
        )
    make_norm = BATCH_OR_GROUP[norm]
    if name == "tiny":
        return _tiny(in_channels, make_norm)
    return _resnet(name, in_channels, stride, make_norm)


def _tiny(in_channels: int, norm: Callable[[int], nn.Module]) -> Encoder:
    """Even kernels halve without a shift, so that its cells lie on whole pixels."""
    plan = [(in_channels, 16, 2), (16, 32, 2), (32, 32, 1), (32, 32, 1)]
    layers: dict[str, nn.Module] = {}
    for number, (inputs, outputs, stride) in enumerate(plan):
        conv = nn.Conv2d(inputs, outputs, 2 + stride if stride > 1 else 3, stride, 1, bias=False)
        layers[f"layer{number}"] = nn.Sequential(conv, norm(outputs), nn.ReLU(inplace=True))
    return Encoder(layers, plan[-1][1], Cells(stride=4, offset=0.0))


def _resnet(
    name: EncoderName, in_channels: int, stride: int, norm: Callable[[int], nn.Module]
) -> Encoder:
    """Take MONAI's network, whose tensors are called as in torchvision and timm, up to a level.

    Its kernels are odd and its padding even: the first cell's centre is that of the first pixel.
    """
    from monai.networks.nets.resnet import ResNet

    block, blocks = RESNETS[name]
    net = ResNet(
        block,
        blocks,
        list(RESNET_CHANNELS),
        spatial_dims=2,
        n_input_channels=in_channels,
        conv1_t_stride=2,
        feed_forward=False,
        bias_downsample=False,
    )
    level = RESNET_STRIDES.index(stride)
    names = ["conv1", "bn1", "act", "maxpool", *(f"layer{n + 1}" for n in range(level + 1))]
    layers = {part: net.get_submodule(part) for part in names}
    channels = RESNET_CHANNELS[level] * (4 if block == "bottleneck" else 1)
    encoder = Encoder(layers, channels, Cells(stride, offset=(1 - stride) / 2))
    _replace_norms(encoder, norm)
    return encoder


def _replace_norms(module: nn.Module, norm: Callable[[int], nn.Module]) -> None:
    """Put a norm where batch norms are: MONAI's `norm` argument reaches the first one only."""
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, norm(child.num_features))
        else:
            _replace_norms(child, norm)


def _group_norm(channels: int) -> nn.Module:
    return nn.GroupNorm(GROUPS, channels)


BATCH_OR_GROUP: dict[Norm, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "group": _group_norm,
}


def _either(choices: tuple[object, ...]) -> str:
    *most, last = map(str, choices)
    return f"{', '.join(most)} or {last}" if most else last
