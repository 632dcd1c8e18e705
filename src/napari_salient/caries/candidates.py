"""Candidate lesions: the places on an image that its score rests on, the weightiest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.caries.evidence import Evidence
    from napari_salient.data.patch_grid import PatchGrid

LEAST = 0.25
"""Weight times prediction from which a patch belongs to a candidate: half attended, half sure."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """Neighbouring patches that speak for a class.

    Parameters
    ----------
    patches : int array, shape (patch,)
        Their numbers in the grid.
    centre
        (y, x) in px, weighted by contribution.
    box
        (top, left, bottom, right) in px, inside the image.
    contribution
        What they add to the score.
    share
        Which part of the score that is.
    """

    patches: NDArray[np.intp]
    centre: tuple[float, float]
    box: tuple[float, float, float, float]
    contribution: float
    share: float

    @property
    def size(self) -> tuple[float, float]:
        """Height and width in px."""
        top, left, bottom, right = self.box
        return bottom - top, right - left

    def size_mm(self, spacing: tuple[float, float]) -> tuple[float, float]:
        """Return height and width in mm for pixels of `spacing` (y, x) in mm."""
        height, width = self.size
        return height * spacing[0], width * spacing[1]


def find_candidates(
    evidence: Evidence, grid: PatchGrid, class_index: int = 0, least: float = LEAST
) -> list[Candidate]:
    """Return the candidate lesions of an image, those that add most to the score first.

    They are the connected parts of the map of contributions above a threshold, corners count as
    touching. The threshold is in units of weight times prediction, so that steering the attention
    elsewhere changes the share of a candidate but neither its extent nor whether it is one.

    Parameters
    ----------
    evidence
        Of the image, steered or not.
    grid
        Where its patches lie.
    class_index
        The class whose score is explained.
    least
        Least weight times prediction of a patch, more than 0.
    """
    strength = (evidence.weight * evidence.probability[:, class_index]).reshape(grid.shape)
    parts, _ = ndimage.label(strength >= least, np.ones((3, 3)))
    groups = ndimage.value_indices(parts.ravel(), ignore_value=0).values()
    found = [_candidate(patches, evidence, grid, class_index) for (patches,) in groups]
    return sorted(found, key=lambda candidate: -candidate.contribution)


def flips_without(
    evidence: Evidence, candidate: Candidate, class_index: int = 0, decision: float = 0.5
) -> bool:
    """Tell whether the score falls below the decision's threshold when a candidate is left out."""

    def positive(score: NDArray[np.float64] | None) -> bool:
        return score is not None and bool(score[class_index] >= decision)

    return positive(evidence.score) and not positive(evidence.without(candidate.patches).score)


def _candidate(
    patches: NDArray[np.intp], evidence: Evidence, grid: PatchGrid, class_index: int
) -> Candidate:
    contributions = evidence.contributions[:, class_index]
    added = contributions[patches]
    boxes = grid.boxes[patches]
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    y, x = np.average(centres, axis=0, weights=added).tolist()
    top, left = boxes[:, :2].min(0).tolist()
    bottom, right = boxes[:, 2:].max(0).tolist()
    total = float(added.sum())
    share = total / float(contributions.sum())
    return Candidate(patches, (y, x), (top, left, bottom, right), total, share)
