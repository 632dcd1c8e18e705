"""Parts of volumes in which some slices are labelled, and patches cut around those."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.slices import crop_start
from napari_salient.active_learning.spec import PATCH_SLICES
from napari_salient.data.label_values import UNSURE
from napari_salient.data.planes import axis_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_salient.active_learning.slices import Drawn
    from napari_salient.data.planes import Plane

SLICES_A_PATCH = 3
"""Slices of a batch that make way for one patch, which takes about twice as long as they would."""


@dataclass(frozen=True)
class Slab:
    """Neighbouring slices of a volume, as far as a patch around a labelled one can reach.

    Parameters
    ----------
    image : float32 array, shape (channel, slice, row, column)
    labels : uint8 array, shape (slice, row, column)
        Output channel; `UNSURE` where nobody could tell and on all of an unlabelled slice.
    weights : float32 array, shape (slice,)
        How much each slice counts in the loss.
    """

    image: NDArray[np.float32]
    labels: NDArray[np.uint8]
    weights: NDArray[np.float32]


@dataclass
class LabelledVolumes:
    """The training set of the network on volumes.

    Parameters
    ----------
    slabs
        What is kept of the volumes.
    places
        Each labelled slice as the slab and the position in it.
    """

    slabs: list[Slab] = field(default_factory=list)
    places: list[tuple[Slab, int]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.places)

    def add(
        self,
        image: NDArray[np.float32],
        labels: NDArray[np.uint8],
        plane: Plane,
        indices: Sequence[int],
        *,
        weights: Sequence[float] | None = None,
    ) -> None:
        """Add slices as `Examples.add` says, those near each other in one volume."""
        axis = axis_of(plane)
        stacked, drawn = np.moveaxis(image, axis + 1, 1), np.moveaxis(labels, axis, 0)
        share = np.zeros(len(drawn), np.float32)
        share[list(indices)] = 1.0 if weights is None else weights
        for near in _neighbours(sorted(indices)):
            start = max(near[0] - PATCH_SLICES + 1, 0)
            part = slice(start, near[-1] + PATCH_SLICES)
            known = np.full_like(drawn[part], UNSURE)
            positions = [index - start for index in near]
            known[positions] = drawn[near]
            slab = Slab(stacked[:, part].copy(), known, share[part])
            self.slabs.append(slab)
            self.places += [(slab, position) for position in positions]

    def pixel_counts(self, classes: int) -> NDArray[np.int64]:
        """Return how many known pixels each output channel has, shape (class,)."""
        counts = np.zeros(256, dtype=np.int64)
        for slab in self.slabs:
            counts += np.bincount(slab.labels.ravel(), minlength=256)
        return counts[:classes]

    def largest(self) -> tuple[int, int]:
        """Return the largest number of rows and of columns of any slice."""
        shapes = [slab.labels.shape for slab in self.slabs]
        return max(shape[1] for shape in shapes), max(shape[2] for shape in shapes)

    def draw(self, batch: int, patch: tuple[int, ...], rng: np.random.Generator) -> Drawn:
        """Draw patches around labelled slices, one for every three slices of `batch`.

        Returns
        -------
        inputs : float32 array, shape (patch, channel, slice, row, column)
        labels : uint8 array, shape (patch, slice, row, column)
        weights : float32 array, shape (patch, slice)
        """
        chosen = rng.integers(len(self), size=max(batch // SLICES_A_PATCH, 1))
        cut = [_cut(self.places[i], patch, rng) for i in chosen]
        image, labels, weights = (np.stack(arrays) for arrays in zip(*cut, strict=True))
        return image, labels, weights

    def inputs(self) -> Iterator[NDArray[np.float32]]:
        """Yield the image of every slab (channel, slice, row, column)."""
        for slab in self.slabs:
            yield slab.image


def _neighbours(indices: list[int]) -> Iterator[list[int]]:
    """Split ascending indices where slabs around them would not touch."""
    gaps = np.flatnonzero(np.diff(indices) >= 2 * PATCH_SLICES) + 1
    for part in np.split(np.asarray(indices), gaps):
        yield part.tolist()


def _cut(place: tuple[Slab, int], patch: tuple[int, ...], rng: np.random.Generator) -> Drawn:
    """Cut a patch that has the labelled slice at any depth; what is missing is zero and unsure."""
    slab, position = place
    first = max(position - patch[0] + 1, 0)
    last = max(min(position, len(slab.labels) - patch[0]), first)
    rows, columns = crop_start(slab.labels[position], (patch[1], patch[2]), rng)
    starts = int(rng.integers(first, last + 1)), rows, columns
    window = tuple(slice(start, start + side) for start, side in zip(starts, patch, strict=True))
    image, labels = slab.image[:, *window], slab.labels[window]
    missing = [side - have for side, have in zip(patch, labels.shape, strict=True)]
    margins = [(m // 2, m - m // 2) for m in missing]
    return (
        np.pad(image, [(0, 0), *margins]),
        np.pad(labels, margins, constant_values=UNSURE),
        np.pad(slab.weights[window[0]], margins[0]),
    )
