"""The volumes that pretraining sees, read when they are needed."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.data.discover import name_digests
from napari_salient.data.pictures import load_picture
from napari_salient.data.volumes import load_image, normalise, read_header
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Image = NDArray[np.float32]

LIMIT_BYTES = 2**30
"""Memory that a pool keeps volumes in."""

READING_BYTES = 32
"""What a voxel takes while its channel is read and normalised."""


class VolumePool:
    """Normalised volumes, the ones used last kept in memory.

    Parameters
    ----------
    shapes
        Of each volume, along (z, y, x).
    spacings
        Voxel edges of each volume, along (z, y, x), in mm.
    channels
        Of all volumes alike.
    read
        Gives the volume of a number: float32, shape (channel, z, y, x).
    names
        Of the volumes.
    limit_bytes
        The least recently used volumes are let go above this; the newest always stays.
    digests
        What `name_digests` says of the files, one after the other; empty where there are none.
    """

    def __init__(
        self,
        shapes: Sequence[tuple[int, int, int]],
        spacings: Sequence[tuple[float, float, float]],
        channels: int,
        read: Callable[[int], Image],
        names: Sequence[str],
        *,
        limit_bytes: int = LIMIT_BYTES,
        digests: str = "",
    ) -> None:
        self.digests = digests
        self.shapes = tuple(shapes)
        self.spacings = tuple(spacings)
        self.channels = channels
        self.names = tuple(names)
        self._read = read
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[int, Image] = OrderedDict()

    @classmethod
    def of_arrays(
        cls, images: Sequence[Image], spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    ) -> VolumePool:
        """Return a pool of normalised arrays ``(channel, z, y, x)`` that are in memory anyway.

        Raises
        ------
        InputError
            If there is none, or their channels differ.
        """
        names = [f"volume {number}" for number in range(len(images))]
        channels = _one_count(names, [len(image) for image in images])
        shapes = [(image.shape[1], image.shape[2], image.shape[3]) for image in images]
        return cls(shapes, [spacing] * len(images), channels, images.__getitem__, names)

    @classmethod
    def of_files(cls, paths: Sequence[Path], *, limit_bytes: int = LIMIT_BYTES) -> VolumePool:
        """Return a pool of NIfTI volumes; only their headers are read now.

        Raises
        ------
        InputError
            If there is none, one cannot be read, or their channels differ.
        """
        headers = [read_header(path) for path in paths]
        names = [path.name for path in paths]
        return cls(
            [header.shape for header in headers],
            [header.spacing for header in headers],
            _one_count(names, [header.channels for header in headers]),
            lambda number: normalise(load_image(headers[number])),
            names,
            limit_bytes=limit_bytes,
            digests="".join(name_digests(paths)),
        )

    @classmethod
    def of_pictures(
        cls, paths: Sequence[Path], side: int, *, limit_bytes: int = LIMIT_BYTES
    ) -> VolumePool:
        """Return a pool of colour pictures as volumes of one slice of `side` rows and columns.

        Raises
        ------
        InputError
            If there is none.
        """
        names = [path.name for path in paths]
        return cls(
            [(1, side, side)] * len(paths),
            [(1.0, 1.0, 1.0)] * len(paths),
            _one_count(names, [3] * len(paths)),
            lambda number: normalise(load_picture(paths[number], side))[:, np.newaxis],
            names,
            limit_bytes=limit_bytes,
            digests="".join(name_digests(paths)),
        )

    def __len__(self) -> int:
        return len(self.shapes)

    @cached_property
    def room(self) -> int:
        """How many volumes of average size can be kept in memory."""
        voxels = np.prod(self.shapes, axis=1, dtype=np.int64).mean() * self.channels
        return max(int(self._limit_bytes // (voxels * np.dtype(np.float32).itemsize)), 1)

    @property
    def kept_bytes(self) -> int:
        """Memory that the volumes take once as many are read as are kept."""
        voxels = np.prod(self.shapes, axis=1, dtype=np.int64) * self.channels
        sizes = voxels * np.dtype(np.float32).itemsize
        return int(max(min(sizes.sum(), self._limit_bytes), sizes.max()))

    @property
    def reading_bytes(self) -> int:
        """Memory that reading the largest volume takes in passing."""
        return READING_BYTES * int(np.prod(self.shapes, axis=1, dtype=np.int64).max())

    def blank(self) -> VolumePool:
        """Return volumes of the same shapes with nothing in them, for which no file is read."""

        def read(number: int) -> Image:
            return np.zeros((self.channels, *self.shapes[number]), np.float32)

        limit = self._limit_bytes
        return VolumePool(
            self.shapes, self.spacings, self.channels, read, self.names, limit_bytes=limit
        )

    def image(self, number: int) -> Image:
        """Return a volume (channel, z, y, x); do not write into it."""
        if number not in self._kept:
            self._kept[number] = self._read(number)
            while len(self._kept) > 1 and self._bytes() > self._limit_bytes:
                self._kept.popitem(last=False)
        self._kept.move_to_end(number)
        return self._kept[number]

    def without_anatomy(self) -> VolumePool:
        """Return the same volumes with NaN for all but their empty borders.

        Those are the outer slices, along each axis, in which all voxels are as dark as the darkest.
        A `Sampler` puts noise in the place of NaN; who still solves a task goes by the borders.
        """

        def read(number: int) -> Image:
            image = self.image(number).copy()
            image[:, *_filled(image)] = np.nan
            return image

        limit = self._limit_bytes
        return VolumePool(
            self.shapes, self.spacings, self.channels, read, self.names, limit_bytes=limit
        )

    def fingerprint(self) -> str:
        """Return what tells this set of volumes from another: a hash of names, shapes and edges."""
        described = repr((self.names, self.shapes, self.spacings, self.channels))
        return hashlib.blake2b(described.encode(), digest_size=8).hexdigest()

    def _bytes(self) -> int:
        return sum(image.nbytes for image in self._kept.values())


def _filled(image: Image) -> tuple[slice, ...]:
    """Return the smallest box (z, y, x) outside of which all voxels are as dark as the darkest."""
    present = (image != image.min((1, 2, 3), keepdims=True)).any(0)
    spans = []
    for axis in range(3):
        used = np.flatnonzero(present.any(tuple(other for other in range(3) if other != axis)))
        spans.append(slice(used[0], used[-1] + 1) if len(used) else slice(0))
    return tuple(spans)


def _one_count(names: Sequence[str], channels: Sequence[int]) -> int:
    if not channels:
        raise InputError("There is no volume to pretrain on; choose a folder that has some.")
    for name, count in zip(names, channels, strict=True):
        if count != channels[0]:
            raise InputError(
                f"{names[0]} has {channels[0]} channels and {name} has {count}; "
                "pretrain on volumes with the same channels."
            )
    return channels[0]
