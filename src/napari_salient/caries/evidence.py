"""What an image's score rests on, and how it changes when a person steers the attention.

The score is a closed form of the patches' predictions and weights, so editing weights needs no
network; predictions are never edited. No torch here: the window recomputes it with every stroke.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Edits:
    """Where a person wants the model to look, as shares of the patches that regions cover.

    Each region is an array (patch,) with values in [0, 1]. Regions of one kind add up, up to all of
    a patch, which is exact where they do not overlap. Taking one back means going on without it:
    edits always start from the model's own weights, so nothing of it stays behind.

    Parameters
    ----------
    excluded
        Not to be used: weights are scaled by what stays uncovered.
    only
        If there are any, nothing else is used: weights are scaled by what is covered.
    forced
        To be attended to fully, inside or outside of `only`: weights are brought to 1.
    """

    excluded: tuple[NDArray[np.float64], ...] = ()
    only: tuple[NDArray[np.float64], ...] = ()
    forced: tuple[NDArray[np.float64], ...] = ()

    def exclude(self, region: NDArray[np.float64]) -> Edits:
        """Return these edits and one more excluded region."""
        return dataclasses.replace(self, excluded=(*self.excluded, region))

    def attend_only(self, region: NDArray[np.float64]) -> Edits:
        """Return these edits and one more region to which the rest gives way."""
        return dataclasses.replace(self, only=(*self.only, region))

    def force(self, region: NDArray[np.float64]) -> Edits:
        """Return these edits and one more region to attend to fully."""
        return dataclasses.replace(self, forced=(*self.forced, region))

    def apply(self, weight: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return edited weights (patch,); exclusion has the last word."""
        if self.only:
            weight = weight * _union(self.only)
        if self.forced:
            forced = _union(self.forced)
            weight = weight * (1 - forced) + forced
        if self.excluded:
            weight = weight * (1 - _union(self.excluded))
        return weight


@dataclass(frozen=True, eq=False)
class Evidence:
    """The patches' predictions and weights of one image, from which its score follows.

    Parameters
    ----------
    probability : float array, shape (patch, class)
        What each patch shows, in [0, 1].
    weight : float array, shape (patch,)
        How much each patch is attended to, in [0, 1].
    k_min
        Least total weight for an undamped score.
    """

    probability: NDArray[np.floating]
    weight: NDArray[np.floating]
    k_min: float

    def __post_init__(self) -> None:
        for name in ("probability", "weight"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float64))

    @cached_property
    def attended(self) -> float:
        """Total weight; the score is damped where it is less than `k_min`."""
        return float(self.weight.sum())

    @property
    def is_empty(self) -> bool:
        """Whether no patch is attended to at all; then nothing is known, not even health."""
        return self.attended == 0

    @cached_property
    def contributions(self) -> NDArray[np.float64]:
        """What each patch adds to the score, shape (patch, class)."""
        share = self.weight / max(self.attended, self.k_min)
        contributions: NDArray[np.float64] = share[:, None] * self.probability
        return contributions

    @cached_property
    def score(self) -> NDArray[np.float64] | None:
        """The sum of the contributions, shape (class,); `None` where nothing is attended to."""
        if self.is_empty:
            return None
        score: NDArray[np.float64] = self.contributions.sum(0)
        return score

    def edited(self, edits: Edits) -> Evidence:
        """Return the evidence as a person has steered it; predictions stay as they are."""
        return dataclasses.replace(self, weight=edits.apply(self.weight))

    def without(self, patches: NDArray[np.intp]) -> Evidence:
        """Return the evidence when some patches are not attended to."""
        weight = self.weight.copy()
        weight[patches] = 0
        return dataclasses.replace(self, weight=weight)


def _union(regions: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    covered: NDArray[np.float64] = np.minimum(np.sum(regions, axis=0), 1)
    return covered
