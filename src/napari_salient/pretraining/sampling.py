"""Drawing training examples: which volume, where in it, and the task's own random parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_salient.data.planes import axis_of
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_salient.pretraining.pool import VolumePool
    from napari_salient.pretraining.proxy import Example, Proxy

TRIES = 4
LEAST_SPREAD = 0.1
"""SD of a window, in SD of its volume, below which another one is tried: air teaches nothing."""


class Sampler:
    """Examples of one proxy task from one pool.

    Raises
    ------
    InputError
        If the pool has fewer volumes than an example takes.
    """

    def __init__(self, proxy: Proxy[Any], pool: VolumePool) -> None:
        if len(pool) < proxy.volumes:
            raise InputError(
                f"This task compares {proxy.volumes} volumes and there is only {len(pool)}; "
                "add volumes or choose another task."
            )
        self.proxy = proxy
        self.pool = pool
        slicing = axis_of(proxy.geometry.plane) + 1
        self._plane_first = (0, slicing, *(axis for axis in (1, 2, 3) if axis != slicing))

    def examples(
        self, count: int, rng: np.random.Generator, among: Sequence[int] | None = None
    ) -> Iterator[tuple[Any, Example]]:
        """Draw examples, from different volumes as far as there are.

        Parameters
        ----------
        count
            How many.
        rng
            All that is random comes from it.
        among
            Numbers of the volumes that may be used; all by default.

        Yields
        ------
        draw, example
            The random parameters and what became of them.
        """
        for windows, draw in self._drawn(count, rng, among):
            yield draw, self.proxy.apply(windows, draw)

    def batch(
        self, count: int, rng: np.random.Generator, among: Sequence[int] | None = None
    ) -> Example:
        """Draw examples as `examples` does and put them together, each tensor along a new axis."""
        windows, draws = zip(*self._drawn(count, rng, among), strict=True)
        return self.proxy.apply_all(torch.stack(windows), draws)

    def _drawn(
        self, count: int, rng: np.random.Generator, among: Sequence[int] | None
    ) -> Iterator[tuple[Tensor, Any]]:
        """Yield windows (volume, channel, *sides) and the random parameters of each example."""
        order = rng.permutation(len(self.pool) if among is None else np.asarray(among))
        for turn in range(count):
            first = order[turn % len(order)]
            numbers = [int(first)]
            if self.proxy.volumes > 1:
                others = order[order != first]
                numbers += rng.choice(others, self.proxy.volumes - 1, replace=False).tolist()
            windows = torch.stack([self._window(number, rng) for number in numbers])
            yield windows, self.proxy.draw(rng)

    def _window(self, number: int, rng: np.random.Generator) -> Tensor:
        """Cut a window (channel, *sides) out of a volume, anywhere inside it.

        Noise takes the place of NaN, another one in each window, so that windows of the same volume
        tell no more about each other than those of different ones.
        """
        geometry = self.proxy.geometry
        size = geometry.window(self.proxy.sides)
        image = self.pool.image(number).transpose(self._plane_first)
        for _ in range(TRIES):
            voxels = cut(image, _start(image.shape[1:], size, rng), size).copy()
            missing = np.isnan(voxels)
            voxels[missing] = rng.standard_normal(np.count_nonzero(missing), np.float32)
            window = torch.from_numpy(voxels)
            if window.std(correction=0) >= LEAST_SPREAD:
                break
        return window.flatten(0, 1) if geometry.spatial_dims == 2 else window


def cut(
    image: NDArray[np.float32], start: Sequence[int], size: Sequence[int]
) -> NDArray[np.float32]:
    """Return the part of an image (channel, slice, row, column) that begins at `start`."""
    spans = (slice(first, first + side) for first, side in zip(start, size, strict=True))
    part: NDArray[np.float32] = image[:, *spans]
    return part


def _start(shape: Sequence[int], size: Sequence[int], rng: np.random.Generator) -> list[int]:
    pairs = zip(shape, size, strict=True)
    return [int(rng.integers(have - side, endpoint=True)) for have, side in pairs]
