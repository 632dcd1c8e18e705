"""Stacks of neighbouring slices cut from volumes, and the labelled ones among them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.data.label_values import UNSURE
from napari_salient.data.planes import Plane, axis_of, slice_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Drawn = tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.float32]]


def slice_stack(
    image: NDArray[np.float32], plane: Plane, index: int, context: int
) -> NDArray[np.float32]:
    """Return a slice with its neighbours as channels; at the ends the outermost slice is repeated.

    Parameters
    ----------
    image : float32 array, shape (channel, z, y, x)
        A normalised volume.
    plane, index
        The slice.
    context
        Neighbours on each side.

    Returns
    -------
    float32 array, shape (channel * (2 * context + 1), row, column)
        Channel varies slowest, the position in the stack fastest.
    """
    axis = axis_of(plane) + 1
    neighbours = np.clip(np.arange(index - context, index + context + 1), 0, image.shape[axis] - 1)
    stack = np.moveaxis(image.take(neighbours, axis=axis), axis, 1)
    return stack.reshape(-1, *stack.shape[2:])


@dataclass
class LabelledSlices:
    """The training set of the network on slices: stacks and label slices of any sizes.

    Parameters
    ----------
    context
        Neighbours on each side in a stack.
    stacks : list of float32 arrays, each (channel * stack, row, column)
        Normalised input of the network.
    labels : list of uint8 arrays, each (row, column)
        Output channel for each pixel, or `UNSURE` where the annotator could not tell.
    weights : list of float
        How much each slice counts in the loss: 1 for what a person labelled, less for labels that
        were interpolated.
    """

    context: int
    stacks: list[NDArray[np.float32]] = field(default_factory=list)
    labels: list[NDArray[np.uint8]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.stacks)

    def add(
        self,
        image: NDArray[np.float32],
        labels: NDArray[np.uint8],
        plane: Plane,
        indices: Sequence[int],
        *,
        weights: Sequence[float] | None = None,
    ) -> None:
        """Add slices as `Examples.add` says, each with its neighbours."""
        given = [1.0] * len(indices) if weights is None else weights
        for index, weight in zip(indices, given, strict=True):
            self.stacks.append(slice_stack(image, plane, index, self.context))
            self.labels.append(np.ascontiguousarray(slice_of(labels, plane, index)))
            self.weights.append(float(weight))

    def pixel_counts(self, classes: int) -> NDArray[np.int64]:
        """Return how many known pixels each output channel has, shape (class,)."""
        counts = np.zeros(256, dtype=np.int64)
        for label in self.labels:
            counts += np.bincount(label.ravel(), minlength=256)
        return counts[:classes]

    def largest(self) -> tuple[int, int]:
        """Return the largest number of rows and of columns of any slice."""
        return max(s.shape[1] for s in self.stacks), max(s.shape[2] for s in self.stacks)

    def draw(self, batch: int, patch: tuple[int, ...], rng: np.random.Generator) -> Drawn:
        """Draw slices at random and cut them to the patch.

        Returns
        -------
        inputs : float32 array, shape (batch, channel * stack, row, column)
        labels : uint8 array, shape (batch, row, column)
        weights : float32 array, shape (batch,)
        """
        chosen = rng.integers(len(self), size=batch)
        size = patch[0], patch[1]
        cut = [fit_to(self.stacks[i], self.labels[i], size, rng) for i in chosen]
        stacks, labels = (np.stack(arrays) for arrays in zip(*cut, strict=True))
        return stacks, labels, np.array([self.weights[i] for i in chosen], np.float32)

    def inputs(self) -> Iterator[NDArray[np.float32]]:
        """Yield every stack (channel * stack, row, column)."""
        yield from self.stacks


def fit_to(
    stack: NDArray[np.float32],
    label: NDArray[np.uint8],
    size: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Crop and pad a slice to `size` (rows, columns): with zero, and unsure in the label.

    A crop window that is too small for the slice is centred on a random labelled pixel three times
    out of four, so that small structures are seen, else it lies anywhere.
    """
    starts = crop_start(label, size, rng)
    rows, columns = (slice(start, start + side) for start, side in zip(starts, size, strict=True))
    stack, label = stack[:, rows, columns], label[rows, columns]
    missing = [side - have for side, have in zip(size, label.shape, strict=True)]
    margins = [(m // 2, m - m // 2) for m in missing]
    return np.pad(stack, [(0, 0), *margins]), np.pad(label, margins, constant_values=UNSURE)


def crop_start(
    label: NDArray[np.uint8], size: tuple[int, int], rng: np.random.Generator
) -> list[int]:
    """Return the first row and column of a window of `size` on a label slice, as `fit_to` says."""
    spare = [max(have - side, 0) for have, side in zip(label.shape, size, strict=True)]
    if not any(spare):
        return [0, 0]
    foreground = np.argwhere((label > 0) & (label != UNSURE))
    if len(foreground) and rng.random() < 0.75:
        centre = foreground[rng.integers(len(foreground))]
        wanted = [int(c) - side // 2 for c, side in zip(centre, size, strict=True)]
        return [min(max(w, 0), s) for w, s in zip(wanted, spare, strict=True)]
    return [int(rng.integers(s + 1)) for s in spare]
