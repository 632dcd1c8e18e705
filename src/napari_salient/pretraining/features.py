"""What a pretrained encoder sees in the slices of a volume."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_salient.data.planes import axis_of
from napari_salient.errors import InputError
from napari_salient.pretraining.encoder import Encoder
from napari_salient.pretraining.transfer import load_pretrained, transfer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_salient.pretraining.spec import PretrainingSpec

VOXELS_AT_ONCE = 2**18
"""Voxels that go through the encoder together; bounds the memory and the time it takes."""


def encoder_of(checkpoint: Path) -> tuple[Encoder, PretrainingSpec]:
    """Rebuild a pretrained encoder from a checkpoint, on the CPU and ready for use.

    Raises
    ------
    RunError
        If the file is damaged or no checkpoint of a pretraining.
    InputError
        If its weights are not those of the encoder that it describes.
    """
    spec, weights = load_pretrained(checkpoint)
    encoder = Encoder(spec.encoder)
    transfer(weights, encoder)
    return encoder.eval(), spec


def slice_features(
    encoder: Encoder,
    spec: PretrainingSpec,
    image: NDArray[np.float32],
    indices: Sequence[int] | None = None,
) -> NDArray[np.float32]:
    """Return the features of slices of a volume.

    An encoder of slices sees each slice with its neighbours, one of volumes as many slices around
    it as it can tell apart. Beyond the ends of the volume the outermost slice is repeated.

    Parameters
    ----------
    encoder, spec
        As `encoder_of` returns them.
    image : float32 array, shape (channel, z, y, x)
        A normalised volume, of any size.
    indices
        Slices along the spec's plane; all by default.

    Returns
    -------
    float32 array, shape (slice, feature)
        `Encoder.summary` of each slice, in the order of `indices`.

    Raises
    ------
    InputError
        If the volume has other channels than those of the pretraining.
    """
    if len(image) != spec.channels:
        raise InputError(
            f"The volume has {len(image)} channels and the encoder was pretrained on "
            f"{spec.channels}; choose a pretraining on volumes of the same kind."
        )
    slices = np.moveaxis(image, axis_of(spec.plane) + 1, 1)
    wanted = range(slices.shape[1]) if indices is None else indices
    at_once = slices_at_once(spec, image.shape[1:])
    device = next(encoder.parameters()).device
    found = [np.empty((0, spec.encoder.features), np.float32)]
    for first in range(0, len(wanted), at_once):
        views = [_view(slices, index, spec) for index in wanted[first : first + at_once]]
        with torch.inference_mode():
            summary = encoder.summary(torch.from_numpy(np.stack(views)).to(device))
        found.append(summary.cpu().numpy())
    return np.concatenate(found)


def slices_at_once(spec: PretrainingSpec, shape: tuple[int, ...]) -> int:
    """Return how many slices of a volume (z, y, x) go through the encoder together."""
    seen = _depth(spec) * math.prod(shape) // shape[axis_of(spec.plane)]
    return max(VOXELS_AT_ONCE // seen, 1)


def _depth(spec: PretrainingSpec) -> int:
    """Return how many slices the encoder sees of one."""
    return spec.encoder.least[0] if spec.strides else 2 * spec.context + 1


def _view(slices: NDArray[np.float32], index: int, spec: PretrainingSpec) -> NDArray[np.float32]:
    """Cut what the encoder sees of a slice out of a volume (channel, slice, row, column)."""
    first = index - _depth(spec) // 2
    around = np.arange(first, first + _depth(spec)).clip(0, slices.shape[1] - 1)
    view = slices[:, around]
    return view if spec.strides else view.reshape(-1, *view.shape[2:])
