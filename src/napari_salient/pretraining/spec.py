"""What a pretrained network is: the part of a checkpoint that says where it fits."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_salient.data.planes import plane_first
from napari_salient.networks.strides import Strides, level_strides

if TYPE_CHECKING:
    from napari_salient.data.planes import Plane
    from napari_salient.pretraining.pool import VolumePool
    from napari_salient.pretraining.settings import PretrainingSettings, TaskName


@dataclass(frozen=True)
class EncoderSpec:
    """What an encoder is built from.

    Parameters
    ----------
    in_channels
        Image channels, in 2D times the slices in the stack.
    width
        Channels of the first level.
    strides
        Of the network on volumes; empty for the one on slices.
    """

    in_channels: int
    width: int
    strides: Strides = ()

    @property
    def spatial_dims(self) -> Literal[2, 3]:
        """Whether the network works on slices or on volumes."""
        return 3 if self.strides else 2

    @property
    def features(self) -> int:
        """Channels of the deepest level."""
        return 8 * self.width

    @property
    def least(self) -> tuple[int, ...]:
        """Sides of the smallest input that leaves two voxels an axis at the deepest level.

        Instance norm cannot normalise one voxel.
        """
        if not self.strides:
            return 32, 32
        halvings = (sum(step == 2 for step in steps) for steps in zip(*self.strides, strict=True))
        return tuple(2 ** (n + 1) if n else 1 for n in halvings)

    def fingerprint(self) -> str:
        """Return what encoders have in common whose weights fit each other, in eight digits."""
        described = repr((self.in_channels, self.width, self.strides))
        return hashlib.blake2b(described.encode(), digest_size=4).hexdigest()


@dataclass(frozen=True)
class PretrainingSpec:
    """A pretrained network and what it was taught on.

    Parameters
    ----------
    task
        The proxy task.
    plane
        Slicing plane.
    channels
        Image channels of a volume.
    context
        Neighbouring slices on each side in a 2D view; 0 in 3D.
    width
        Channels of the first level.
    strides
        Of the network on volumes; empty for the one on slices.
    spacing
        Median edges of a voxel of the pool, along (z, y, x) in mm.
    volumes
        How many there were.
    data
        Fingerprint of the pool.
    seed
        Of the weights and the batches.
    normalisation
        How intensities were brought to one scale.
    """

    task: TaskName
    plane: Plane
    channels: int
    context: int
    width: int
    strides: Strides
    spacing: tuple[float, float, float]
    volumes: int
    data: str
    seed: int
    normalisation: str = "clipped at 0.5 and 99.5 %, mean 0, SD 1, each channel"

    @classmethod
    def of(cls, settings: PretrainingSettings, pool: VolumePool) -> PretrainingSpec:
        """Describe the network that the settings ask for on a pool."""
        z, y, x = np.median(pool.spacings, axis=0).tolist()
        in_space = settings.spatial_dims == 3
        return cls(
            task=settings.task,
            plane=settings.plane,
            channels=pool.channels,
            context=0 if in_space else settings.context,
            width=settings.width,
            strides=level_strides(plane_first((z, y, x), settings.plane)) if in_space else (),
            spacing=(z, y, x),
            volumes=len(pool),
            data=pool.fingerprint(),
            seed=settings.fit.seed,
        )

    @property
    def spatial_dims(self) -> Literal[2, 3]:
        """Whether the network works on slices or on volumes."""
        return self.encoder.spatial_dims

    @property
    def encoder(self) -> EncoderSpec:
        """What the encoder is built from."""
        stack = 1 if self.strides else 2 * self.context + 1
        return EncoderSpec(self.channels * stack, self.width, self.strides)

    def to_json(self) -> dict[str, Any]:
        """Return the spec as plain JSON values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> PretrainingSpec:
        """Rebuild what `to_json` returned."""
        strides = tuple(tuple(stride) for stride in values["strides"])
        return cls(**{**values, "strides": strides, "spacing": tuple(values["spacing"])})
