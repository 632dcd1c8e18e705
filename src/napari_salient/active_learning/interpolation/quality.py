"""How good interpolation is here: labelled slices interpolated from their labelled neighbours."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.active_learning.interpolation.between import (
    Method,
    interpolate,
    pixel_spacing,
)
from napari_salient.data.label_values import UNSURE
from napari_salient.data.planes import Plane, slice_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Volume = tuple[NDArray[np.uint8], Sequence[int], tuple[float, float, float]]

DEFAULT_WEIGHT = 0.5
"""What an interpolated slice counts as long as nothing was measured."""

FEWEST_SLICES = 5
"""Left-out slices of a gap from which its Dice is believed."""

MOST_SLICES = 100
"""Slices of a gap after which its Dice is known well enough."""

LONGEST_GAP = 8
"""Leaving out the middle of three labelled slices spans two blocks of the usual length."""


@dataclass(frozen=True)
class InterpolationQuality:
    """Dice of interpolated against labelled slices, by the gap that was bridged.

    Parameters
    ----------
    slices
        Slices left out, by gap: the distance of the labelled neighbours in slices.
    dice
        Dice of each label value by gap, over all voxels of the left-out slices together.
    """

    slices: Mapping[int, int]
    dice: Mapping[int, Mapping[int, float]]

    def measured(self, gap: int) -> float | None:
        """Return the Dice to expect of a slice in a gap, the mean over the classes.

        Where the gap itself was not measured on enough slices, that of the next longer one which
        was; `None` where there is none, since a shorter one is easier to bridge.
        """
        believed = self._believed()
        return next((dice for measured, dice in believed.items() if measured >= gap), None)

    def weight(self, gap: int) -> float:
        """Return what a slice in a gap is worth: the Dice that is `measured`.

        Half where nothing is, or the lowest Dice of the shorter gaps if that is less.
        """
        measured = self.measured(gap)
        if measured is not None:
            return measured
        return min([DEFAULT_WEIGHT, *self._believed().values()])

    def _believed(self) -> dict[int, float]:
        """Return the mean Dice of the gaps that enough slices were left out of, ascending."""
        return {
            gap: float(np.mean(list(self.dice[gap].values())))
            for gap, count in sorted(self.slices.items())
            if count >= FEWEST_SLICES and self.dice[gap]
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> InterpolationQuality:
        """Rebuild a quality from its parts after JSON made words of the numbers."""
        slices = {int(gap): count for gap, count in values["slices"].items()}
        dice = {
            int(gap): {int(value): score for value, score in scores.items()}
            for gap, scores in values["dice"].items()
        }
        return cls(slices, dice)


def leave_one_out(
    volumes: Iterable[Volume],
    plane: Plane,
    *,
    method: Method = "distance",
    longest: int = LONGEST_GAP,
) -> InterpolationQuality:
    """Interpolate labelled slices from their nearest labelled neighbours and compare.

    Parameters
    ----------
    volumes
        For each volume its labels (z, y, x), the indices of the labelled slices along `plane`, and
        its spacing in mm (z, y, x).
    plane
        Slicing plane.
    method
        How to interpolate.
    longest
        Slices whose neighbours lie further apart are passed over.

    Returns
    -------
    InterpolationQuality
        Classes that neither the slice nor its neighbours have are left out; so are unsure pixels.
        Of a gap no more slices are looked at than it takes to know it well.
    """
    slices: Counter[int] = Counter()
    common: dict[int, Counter[int]] = defaultdict(Counter)
    sizes: dict[int, Counter[int]] = defaultdict(Counter)
    for labels, labelled, spacing in volumes:
        known = sorted(set(labelled))
        pixel = pixel_spacing(spacing, plane)
        for before, here, after in zip(known, known[1:], known[2:], strict=False):
            gap = after - before
            if gap > longest or slices[gap] == MOST_SLICES:
                continue
            ends = [slice_of(labels, plane, index) for index in (before, after)]
            guess = interpolate(ends[0], ends[1], gap - 1, pixel, method)[here - before - 1]
            slices[gap] += 1
            _count(guess, slice_of(labels, plane, here), common[gap], sizes[gap])
    dice = {
        gap: {value: 2 * common[gap][value] / sizes[gap][value] for value in sorted(sizes[gap])}
        for gap in sorted(slices)
    }
    return InterpolationQuality(dict(slices), dice)


def _count(
    guess: NDArray[np.uint8], truth: NDArray[np.uint8], common: Counter[int], sizes: Counter[int]
) -> None:
    """Add a slice's pixels of each class: those where both agree, and those of both together."""
    known = (truth != UNSURE) & (guess != UNSURE)
    guess, truth = guess[known], truth[known]
    for value in np.setdiff1d(np.union1d(guess, truth), 0).tolist():
        common[value] += int(np.count_nonzero((guess == value) & (truth == value)))
        sizes[value] += int(np.count_nonzero(guess == value) + np.count_nonzero(truth == value))
