"""Masked reconstruction: fill in what is hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_salient.errors import InputError
from napari_salient.pretraining.proxy import Example, Picture, Proxy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_salient.pretraining.geometry import Geometry
    from napari_salient.pretraining.settings import MaskedSettings
    from napari_salient.pretraining.spec import EncoderSpec

LEAST_SIDE = 8


@dataclass(frozen=True, eq=False)
class MaskDraw:
    """Which cubes are hidden.

    Parameters
    ----------
    hidden : bool array, one value a cube, along the view's axes
    offset : int array, shape (axis,)
        Voxels by which the view begins inside the first cube.
    """

    hidden: NDArray[np.bool_]
    offset: NDArray[np.int64]


class Masked(Proxy[MaskDraw]):
    """A view in which small cubes are set to the mean of the volume; the loss is on those alone.

    K. He et al., Masked Autoencoders Are Scalable Vision Learners, 2022. In 2D the neighbouring
    slices are hidden alike, or they would give the answer away. As accuracy it gives the share of
    the hidden voxels' variance that is explained, and guessing their mean explains none.

    Raises
    ------
    InputError
        If the smallest volume has a side of less than 8 voxels, or all or nothing would be hidden.
    """

    needs_anatomy = False

    def __init__(self, geometry: Geometry, settings: MaskedSettings) -> None:
        super().__init__(geometry, geometry.sides)
        geometry.require((LEAST_SIDE,) * geometry.spatial_dims, "masked reconstruction")
        if not 0 < settings.share < 1:
            raise InputError(f"A share of {settings.share} cannot be hidden; choose 0.1 to 0.9.")
        self.share = settings.share
        self.cube = max(2, min(self.sides) // 8)

    def draw(self, rng: np.random.Generator) -> MaskDraw:
        """Draw the cubes and how the grid of cubes lies."""
        counts = [-(-side // self.cube) + 1 for side in self.sides]
        hidden = np.zeros(counts, np.bool_)
        order = rng.permutation(hidden.size)
        hidden.flat[order[: max(round(self.share * hidden.size), 1)]] = True
        return MaskDraw(hidden, rng.integers(0, self.cube, len(counts)))

    def apply(self, windows: Tensor, draw: MaskDraw) -> Example:
        """Hide the cubes; ``mask`` (1, *sides) is 1 where something is hidden."""
        mask = torch.from_numpy(draw.hidden).float()
        for axis, (side, start) in enumerate(zip(self.sides, draw.offset.tolist(), strict=True)):
            mask = mask.repeat_interleave(self.cube, axis).narrow(axis, start, side)
        image = windows[0]
        return {"views": (image * (1 - mask))[None], "image": image, "mask": mask[None]}

    def head(self, spec: EncoderSpec) -> nn.Module:
        """Return a light decoder."""
        return Decoder(spec)

    def outcome(self, answer: Tensor, batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the mean squared error on hidden voxels and the variance explained."""
        image, mask = batch["image"], batch["mask"].expand_as(batch["image"])
        filled = _resized(answer, image.shape[2:])
        loss = _mean_square(filled - image, mask)
        mean = (image * mask).sum() / mask.sum()
        return loss, 1 - loss.detach() / _mean_square(image - mean, mask).clamp_min(1e-6)

    def weight(self, batch: Mapping[str, Tensor]) -> float:
        """Return how many voxels are hidden, which differs with how the cubes lie."""
        return float(batch["mask"].sum())

    def chance(self, batch_size: int) -> float:
        """Return 0: the mean explains no variance."""
        return 0.0

    def preview(self, draw: MaskDraw, example: Example) -> list[Picture]:
        """Return what the network sees and what it is to find."""
        rest = (0,) * (self.geometry.spatial_dims - 1)
        return [
            Picture(f"{self.share:.0%} hidden", example["views"][0].numpy(), (*rest, 0)),
            Picture("to be filled in", example["image"].numpy(), (*rest, 1)),
        ]


class Decoder(nn.Module):
    """From the deepest level up, one convolution a level; lighter than that of a segmentation."""

    def __init__(self, spec: EncoderSpec) -> None:
        super().__init__()
        widths = level_widths(spec)
        convolution = nn.Conv2d if spec.spatial_dims == 2 else nn.Conv3d
        self.steps = nn.ModuleList(
            convolution(below + here, here, 3, padding=1)
            for below, here in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.last = convolution(widths[0], spec.in_channels, 1)

    def forward(self, levels: Sequence[Tensor], examples: int) -> Tensor:
        """Return an image (example, channel, *sides of the finest level)."""
        *above, features = levels
        for step, level in zip(self.steps, reversed(above), strict=True):
            joined = torch.cat([_resized(features, level.shape[2:]), level], 1)
            features = F.leaky_relu(step(joined), 0.1)
        image: Tensor = self.last(features)
        return image


def level_widths(spec: EncoderSpec) -> list[int]:
    """Return the channels of an encoder's levels, the finest first."""
    factors = [1, 2, 4, 8] if spec.strides else [1, 2, 4, 8, 8]
    return [factor * spec.width for factor in factors]


def _resized(image: Tensor, sides: Sequence[int]) -> Tensor:
    mode = "bilinear" if image.ndim == 4 else "trilinear"
    return F.interpolate(image, tuple(sides), mode=mode)


def _mean_square(difference: Tensor, mask: Tensor) -> Tensor:
    return (difference.square() * mask).sum() / mask.sum()
