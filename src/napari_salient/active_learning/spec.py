"""What a segmentation model was made for: the part of a checkpoint that says how to rebuild it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from napari_salient.data.planes import plane_first
from napari_salient.networks.strides import Strides, level_strides

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_salient.active_learning.settings import SegmentationSettings
    from napari_salient.data.planes import Plane

SIDE_MULTIPLE = 16
"""The network on slices halves its input four times."""

PATCH_SLICES = 8
"""Slices of a patch of the network on volumes.

At the same cost, half as many patches of 16 did worse: fewer labelled slices took part in a step.
"""

WORDS = {
    "plane": "slicing plane",
    "channels": "image channels",
    "class_names": "classes",
    "label_values": "label values",
    "context": "neighbouring slices",
    "width": "width",
    "patch": "training slices of",
    "strides": "strides",
}
"""What each field of a spec is called in a sentence."""


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
        Neighbouring slices on each side in the input stack; the network on volumes has none.
    width
        Channels of the first level.
    patch
        Rows and columns of the training slices, before them the slices of a patch in 3D. Smaller
        ones are padded to it, since instance norm sees the padding: on the hippocampus other
        padding than in training costs 4 points of Dice.
    strides
        Of the network on volumes; empty for the one on slices.
    """

    plane: Plane
    channels: int
    class_names: tuple[str, ...]
    label_values: tuple[int, ...]
    context: int
    width: int
    patch: tuple[int, ...] = (2 * SIDE_MULTIPLE, 2 * SIDE_MULTIPLE)
    strides: Strides = ()

    @property
    def spatial_dims(self) -> Literal[2, 3]:
        """Whether the network works on slices or on volumes."""
        return 3 if self.strides else 2

    @property
    def classes(self) -> int:
        """Output channels, background included."""
        return len(self.label_values)

    @property
    def in_channels(self) -> int:
        """Channels of an input of the network."""
        return self.channels * (2 * self.context + 1)

    @property
    def multiples(self) -> tuple[int, ...]:
        """What each side of the network's input must be a multiple of."""
        if not self.strides:
            return SIDE_MULTIPLE, SIDE_MULTIPLE
        slices, rows, columns = 1, 1, 1
        for stride in self.strides:
            slices, rows, columns = slices * stride[0], rows * stride[1], columns * stride[2]
        return slices, rows, columns

    def with_patch(self, largest: tuple[int, int], crop: int) -> SegmenterSpec:
        """Return the spec for training slices of at most `largest` rows and columns.

        Rows and columns are at least two at the deepest level: instance norm cannot normalise one
        pixel.
        """
        *depth, rows, columns = self.multiples
        slices = (-(-PATCH_SLICES // multiple) * multiple for multiple in depth)
        sides = (
            max(-(-min(side, crop) // multiple), 2) * multiple
            for side, multiple in zip(largest, (rows, columns), strict=True)
        )
        return dataclasses.replace(self, patch=(*slices, *sides))

    def takes_weights_of(self, other: SegmenterSpec) -> bool:
        """Tell whether another model's weights fit and mean the same, whatever its classes' names.

        The size of its training slices does not matter.
        """
        return dataclasses.replace(other, class_names=self.class_names, patch=self.patch) == self

    def differences(self, other: SegmenterSpec) -> str:
        """Say in words what `other` has differently: ``width 8 instead of 4``."""
        names = (field.name for field in dataclasses.fields(self))
        both = ((name, getattr(self, name), getattr(other, name)) for name in names)
        return ", ".join(
            f"{WORDS[name]} {_shown(theirs)} instead of {_shown(own)}"
            for name, own, theirs in both
            if own != theirs
        )

    def to_json(self) -> dict[str, Any]:
        """Return the spec as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> SegmenterSpec:
        """Rebuild what `to_json` returned."""
        tuples = {name: tuple(values[name]) for name in ("class_names", "label_values", "patch")}
        strides = tuple(tuple(stride) for stride in values["strides"])
        return cls(**{**values, **tuples, "strides": strides})


def _shown(value: Any) -> str:
    if not isinstance(value, tuple):
        return str(value)
    between = " then " if value and isinstance(value[0], tuple) else "/"
    return between.join(map(_shown, value)) or "none"


def spec_for(
    settings: SegmentationSettings,
    plane: Plane,
    *,
    channels: int,
    class_names: Sequence[str],
    label_values: Sequence[int],
    spacing: tuple[float, float, float],
) -> SegmenterSpec:
    """Return the spec of a model that the settings ask for, before its patch is known.

    `spacing` is the usual one of the volumes, along (z, y, x) in mm.
    """
    in_space = settings.spatial_dims == 3
    return SegmenterSpec(
        plane=plane,
        channels=channels,
        class_names=tuple(class_names),
        label_values=tuple(label_values),
        context=0 if in_space else settings.context,
        width=settings.width,
        strides=level_strides(plane_first(spacing, plane)) if in_space else (),
    )
