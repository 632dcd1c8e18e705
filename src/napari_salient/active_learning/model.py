"""The segmentation models: a U-Net on stacks of neighbouring slices, and one on volumes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_salient.active_learning.slices import slice_stack
from napari_salient.active_learning.spec import SegmenterSpec
from napari_salient.data.planes import axis_of
from napari_salient.engine.checkpoint import load_checkpoint
from napari_salient.errors import RunError
from napari_salient.networks.unet import slice_unet, volume_unet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

PIXELS_AT_ONCE = 2**20
"""Pixels of slices that go through the network together; bounds the memory of a prediction."""

OVERLAP = (0.5, 0.25, 0.25)
"""Share of a patch that it has in common with the next along (slice, row, column)."""


class SliceOutput(NamedTuple):
    """What a model gives for some slices.

    Parameters
    ----------
    indices
        The slices.
    logits : Tensor, shape (slice, class, row, column)
    features : Tensor, shape (slice, feature)
        Largest value of each channel of the deepest level.
    """

    indices: Sequence[int]
    logits: Tensor
    features: Tensor


class Segmenter(nn.Module, ABC):
    """What training, scoring and predicting ask of a model, be it on slices or on volumes."""

    def __init__(self, spec: SegmenterSpec, net: nn.Module) -> None:
        super().__init__()
        self.spec = spec
        self.net = net

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    @abstractmethod
    def deepest(self) -> nn.Module:
        """The level at the bottom of the U."""

    @abstractmethod
    def whole(self, example: Tensor) -> Tensor:
        """Return logits ``(1, class, ...)`` of one example of the training set, of any size."""

    @abstractmethod
    def slice_outputs(
        self, image: NDArray[np.float32], indices: Sequence[int]
    ) -> Iterator[SliceOutput]:
        """Run slices of a volume through the network, some at a time.

        Parameters
        ----------
        image : float32 array, shape (channel, z, y, x)
            A normalised volume.
        indices
            Slices along the model's plane.

        Yields
        ------
        SliceOutput
            Some of the slices, on the model's device. What it says of a slice does not depend on
            which others were asked for.
        """

    @contextmanager
    def _watched(self) -> Iterator[list[Tensor]]:
        """Collect what the deepest level gives while the block runs."""
        seen: list[Tensor] = []
        handle = self.deepest.register_forward_hook(lambda _m, _i, output: seen.append(output))
        try:
            yield seen
        finally:
            handle.remove()


class SliceSegmenter(Segmenter):
    """Segment a slice from the stack of itself and its neighbours."""

    def __init__(self, spec: SegmenterSpec) -> None:
        super().__init__(spec, slice_unet(spec.in_channels, spec.classes, spec.width))

    @property
    def deepest(self) -> nn.Module:
        """The level at the bottom of the U."""
        level: nn.Module = self.net.get_submodule("down_4")
        return level

    def forward(self, stack: Tensor) -> Tensor:
        """Return logits ``(batch, class, row, column)`` for stacks of any size.

        Parameters
        ----------
        stack : Tensor, shape (batch, channel * slice, row, column)
        """
        rows, columns = stack.shape[-2:]
        (top, bottom), (left, right) = map(
            _margins, (rows, columns), self.spec.patch, self.spec.multiples
        )
        padded = F.pad(stack, (left, right, top, bottom))
        logits: Tensor = self.net(padded.contiguous(memory_format=torch.channels_last))
        return logits[..., top : top + rows, left : left + columns]

    def whole(self, example: Tensor) -> Tensor:
        """Return logits ``(1, class, row, column)`` of a stack."""
        logits: Tensor = self(example)
        return logits

    def slice_outputs(
        self, image: NDArray[np.float32], indices: Sequence[int]
    ) -> Iterator[SliceOutput]:
        """Run slices of a volume through the network, about a million pixels at a time."""
        plane, context = self.spec.plane, self.spec.context
        pixels = image[0].size // image.shape[axis_of(plane) + 1]
        at_once = max(1, PIXELS_AT_ONCE // pixels)
        for start in range(0, len(indices), at_once):
            part = indices[start : start + at_once]
            stacks = np.stack([slice_stack(image, plane, index, context) for index in part])
            with torch.inference_mode(), self._watched() as deep:
                logits = self(torch.from_numpy(stacks).to(self.device))
            yield SliceOutput(part, logits, deep[0].amax((2, 3)))


class VolumeSegmenter(Segmenter):
    """Segment a volume, in patches that overlap where it is larger than one."""

    def __init__(self, spec: SegmenterSpec) -> None:
        super().__init__(spec, volume_unet(spec.channels, spec.classes, spec.width, spec.strides))

    @property
    def deepest(self) -> nn.Module:
        """The level at the bottom of the U."""
        level: nn.Module = self.net.get_submodule("bottleneck")
        return level

    def forward(self, patch: Tensor) -> Tensor:
        """Return logits ``(batch, class, slice, row, column)`` for patches of the spec's size.

        Parameters
        ----------
        patch : Tensor, shape (batch, channel, slice, row, column)
        """
        logits: Tensor = self.net(patch)
        return logits

    def whole(self, example: Tensor) -> Tensor:
        """Return logits ``(1, class, slice, row, column)`` of a part of a volume.

        Patches count less towards their border, where they see less of what is around.
        """
        return self._slide(example)[0]

    def slice_outputs(
        self, image: NDArray[np.float32], indices: Sequence[int]
    ) -> Iterator[SliceOutput]:
        """Run the whole volume through the network and give the slices asked for, all at once."""
        volume = np.ascontiguousarray(np.moveaxis(image, axis_of(self.spec.plane) + 1, 1))
        chosen = list(indices)
        with torch.inference_mode():
            logits, features = self._slide(torch.from_numpy(volume)[None].to(self.device))
            output = SliceOutput(indices, logits[0].movedim(1, 0)[chosen], features[chosen])
        yield output

    def _slide(self, volume: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits ``(1, class, slice, row, column)`` and features ``(slice, feature)``."""
        from monai.inferers.utils import sliding_window_inference

        slices, depth = volume.shape[2], self.spec.patch[0]
        padded = max(slices, depth)
        features = volume.new_full((padded, 8 * self.spec.width), -torch.inf)

        def predict(patches: Tensor, places: Sequence[Sequence[slice]]) -> Tensor:
            with self._watched() as deep:
                logits: Tensor = self(patches)
            spans = F.interpolate(deep[0].amax((3, 4)), depth).movedim(1, 2)
            for place, span in zip(places, spans, strict=True):
                features[place[2]] = features[place[2]].maximum(span)
            return logits

        logits: Tensor = sliding_window_inference(
            volume,
            self.spec.patch,
            2,
            predict,
            overlap=OVERLAP,
            mode="gaussian",
            with_coord=True,
        )
        before = (padded - slices) // 2
        return logits, features[before : before + slices]


def build_segmenter(spec: SegmenterSpec) -> Segmenter:
    """Return a model with random weights, on slices or on volumes as the spec says."""
    return VolumeSegmenter(spec) if spec.spatial_dims == 3 else SliceSegmenter(spec)


def load_segmenter(checkpoint: Path) -> Segmenter:
    """Rebuild a model from a checkpoint of its training, on the CPU.

    Raises
    ------
    RunError
        If the file is no checkpoint of a segmentation model.
    """
    stored = load_checkpoint(checkpoint)
    spec = stored.task.get("spec") if isinstance(stored.task, dict) else None
    if spec is None:
        raise RunError(
            f"{checkpoint} is no checkpoint of a segmentation model; "
            "choose one from a run of this tool."
        )
    model = build_segmenter(SegmenterSpec.from_json(spec))
    model.load_state_dict(stored.model)
    return model


def _margins(side: int, least: int, multiple: int) -> tuple[int, int]:
    """Return the padding on both ends that makes `side` fit the network and at least `least`."""
    fitting = max(least, 2 * multiple, -(-side // multiple) * multiple)
    before = (fitting - side) // 2
    return before, fitting - side - before
