"""Light augmentation of training slices: the draw of its parameters apart from their use."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from napari_salient.data.label_values import UNSURE

BEND_GRID = (6, 5)
"""Control points of the elastic deformation along rows and columns."""


@dataclass(frozen=True)
class Deformation:
    """Random parameters for a batch of slices.

    Parameters
    ----------
    affine : Tensor, shape (batch, 2, 3)
        Rotation up to 15 degrees, scale by up to 16 % on each axis, shift up to 5 % of the side.
    bend : Tensor, shape (batch, 2, 6, 5)
        Elastic displacement at control points, in units of half the side, SD 3 %.
    contrast, brightness, noise : Tensor, shape (batch, 1, 1, 1)
        Factor within exp(±0.25), offset within ±0.2 SD, SD of additive noise up to 0.05 SD.
    noise_seed
        Seed of the additive noise itself.
    """

    affine: Tensor
    bend: Tensor
    contrast: Tensor
    brightness: Tensor
    noise: Tensor
    noise_seed: int


def draw_deformation(batch: int, generator: torch.Generator) -> Deformation:
    """Draw the parameters for `batch` slices."""

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator) * 2 - 1

    angle = uniform(batch) * 0.26
    scale = torch.exp(uniform(batch, 2) * 0.15)
    affine = torch.zeros(batch, 2, 3)
    affine[:, 0, 0], affine[:, 0, 1] = angle.cos() * scale[:, 0], -angle.sin() * scale[:, 0]
    affine[:, 1, 0], affine[:, 1, 1] = angle.sin() * scale[:, 1], angle.cos() * scale[:, 1]
    affine[:, :, 2] = uniform(batch, 2) * 0.1
    return Deformation(
        affine=affine,
        bend=torch.randn(batch, 2, *BEND_GRID, generator=generator) * 0.03,
        contrast=torch.exp(uniform(batch, 1, 1, 1) * 0.25),
        brightness=uniform(batch, 1, 1, 1) * 0.2,
        noise=torch.rand(batch, 1, 1, 1, generator=generator) * 0.05,
        noise_seed=int(torch.randint(2**31, (1,), generator=generator)),
    )


def deform(stacks: Tensor, labels: Tensor, deformation: Deformation) -> tuple[Tensor, Tensor]:
    """Deform ``stacks (batch, channel, row, column)`` and ``labels (batch, row, column)`` alike.

    All slices of a stack move together, and so do those of a patch
    ``(batch, channel, slice, row, column)`` with its labels. What comes from outside the slice
    repeats its border in the image and is unsure in the label.
    """
    size = stacks.shape[-2:]
    grid = F.affine_grid(deformation.affine, [len(stacks), 1, *size], align_corners=False)
    bend = F.interpolate(deformation.bend, size, mode="bicubic", align_corners=True)
    grid = grid + bend.permute(0, 2, 3, 1)
    flat = stacks.reshape(len(stacks), -1, *size)
    moved = F.grid_sample(flat, grid, padding_mode="border", align_corners=False)
    known = (labels.int() - UNSURE).reshape(len(labels), -1, *size).float()
    moved_labels = F.grid_sample(known, grid, mode="nearest", align_corners=False) + UNSURE
    generator = torch.Generator().manual_seed(deformation.noise_seed)
    noise = torch.randn(moved.shape, generator=generator) * deformation.noise
    changed = moved * deformation.contrast + deformation.brightness + noise
    return changed.reshape(stacks.shape), moved_labels.reshape(labels.shape).to(labels.dtype)
