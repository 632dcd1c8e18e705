"""The segmentation model: a U-Net on stacks of neighbouring slices, and what it was made for."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from napari_salient.engine.checkpoint import load_checkpoint
from napari_salient.errors import RunError
from napari_salient.networks.unet import slice_unet

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.data.planes import Plane

SIDE_MULTIPLE = 16
"""The network halves its input four times."""

SMALLEST_SIDE = 32
"""Below this the deepest level would be one pixel, which instance norm cannot normalise."""


@dataclass(frozen=True)
class SegmenterSpec:
    """What a segmentation model takes and gives; stored in its checkpoints.

    Parameters
    ----------
    plane
        Slicing plane it was trained on.
    channels
        Image channels of a volume.
    class_names
        Names of the classes from label 1 on; the background is class 0 and not named.
    label_values
        The label that each output channel stands for, background first.
    context
        Neighbouring slices on each side in the input stack.
    width
        Channels of the first level.
    patch
        Rows and columns of the training slices. Smaller ones are padded to it, since instance norm
        sees the padding: on the hippocampus other padding than in training costs 4 points of Dice.
    """

    plane: Plane
    channels: int
    class_names: tuple[str, ...]
    label_values: tuple[int, ...]
    context: int
    width: int
    patch: tuple[int, int] = (SMALLEST_SIDE, SMALLEST_SIDE)

    @property
    def classes(self) -> int:
        """Output channels, background included."""
        return len(self.label_values)

    @property
    def in_channels(self) -> int:
        """Channels of an input stack."""
        return self.channels * (2 * self.context + 1)

    def takes_weights_of(self, other: SegmenterSpec) -> bool:
        """Tell whether another model's weights fit and mean the same, whatever its classes' names.

        The size of its training slices does not matter.
        """
        return dataclasses.replace(other, class_names=self.class_names, patch=self.patch) == self

    def to_json(self) -> dict[str, Any]:
        """Return the spec as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> SegmenterSpec:
        """Rebuild what `to_json` returned."""
        tuples = {name: tuple(values[name]) for name in ("class_names", "label_values", "patch")}
        return cls(**{**values, **tuples})


class SliceSegmenter(nn.Module):
    """Segment a slice from the stack of itself and its neighbours."""

    def __init__(self, spec: SegmenterSpec) -> None:
        super().__init__()
        self.spec = spec
        self.net = slice_unet(spec.in_channels, spec.classes, spec.width)

    def forward(self, stack: Tensor) -> Tensor:
        """Return logits ``(batch, class, row, column)`` for stacks of any size.

        Parameters
        ----------
        stack : Tensor, shape (batch, channel * slice, row, column)
        """
        rows, columns = stack.shape[-2:]
        (top, bottom), (left, right) = map(_margins, (rows, columns), self.spec.patch)
        padded = F.pad(stack, (left, right, top, bottom))
        logits: Tensor = self.net(padded.contiguous(memory_format=torch.channels_last))
        return logits[..., top : top + rows, left : left + columns]


def _margins(side: int, least: int) -> tuple[int, int]:
    """Return the padding on both ends that makes `side` fit the network and at least `least`."""
    fitting = max(least, SMALLEST_SIDE, -(-side // SIDE_MULTIPLE) * SIDE_MULTIPLE)
    before = (fitting - side) // 2
    return before, fitting - side - before


def load_segmenter(checkpoint: Path) -> SliceSegmenter:
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
    model = SliceSegmenter(SegmenterSpec.from_json(spec))
    model.load_state_dict(stored.model)
    return model
