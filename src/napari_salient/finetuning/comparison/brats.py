"""The labelled volumes of BraTS, put together from a file for each channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.data.brats import read_brats, stack_cases

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.data.planes import Plane


def read_brats_cohort(data: Path, stacked: Path, plane: Plane, test_every: int) -> Cohort:
    """Return the cases of a BraTS folder as volumes of four channels, which are kept in `stacked`.

    Raises
    ------
    InputError
        If there is no case, one lacks an image, or a side of the split is empty.
    """
    list(stack_cases(read_brats(data), stacked))
    return Cohort.read(stacked / "images", stacked / "labels", plane, test_every)
