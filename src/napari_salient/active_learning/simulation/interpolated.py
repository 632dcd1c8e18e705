"""Interpolated slices beside the labelled ones in a round of the experiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_salient.active_learning.interpolated_examples import add_between
from napari_salient.active_learning.interpolation import leave_one_out
from napari_salient.active_learning.training_set import group_by_case

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari_salient.active_learning.examples import Examples
    from napari_salient.active_learning.simulation.cohort import Cohort


@dataclass(frozen=True)
class Interpolated:
    """Train on what lies between labelled slices too.

    Parameters
    ----------
    weight
        What an interpolated slice counts where a labelled one counts 1; `None` takes what is
        measured on the labelled slices of the round.
    """

    weight: float | None = None


def add_interpolated(
    examples: Examples,
    cohort: Cohort,
    labelled: Iterable[tuple[int, int]],
    how: Interpolated,
) -> None:
    """Add the slices between the `labelled` ones, given as (case, index), to a training set."""
    by_case = group_by_case(labelled)
    volumes = (
        (cohort.truth(case), indices, cohort.spacing_of(case)) for case, indices in by_case.items()
    )
    quality = leave_one_out(volumes, cohort.plane) if how.weight is None else None
    for case, indices in by_case.items():
        add_between(
            examples,
            cohort.image(case),
            cohort.truth(case),
            indices,
            cohort.plane,
            cohort.spacing_of(case),
            cohort.channels_of,
            quality=quality,
            weight=how.weight,
        )
