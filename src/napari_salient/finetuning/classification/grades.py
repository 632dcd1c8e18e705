"""The list of pictures and their grades, a CSV file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_salient.data.label_list import Listed, read_label_list
from napari_salient.data.pictures import SUFFIXES
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

GRADE = ("grade", "dr_grade", "level", "diagnosis")
"""Columns as lists call them; the last ones are those of Kaggle's data sets."""


@dataclass(frozen=True)
class Graded:
    """A picture with its grade, 0 for healthy, and whether it is only tested on."""

    path: Path
    grade: int
    tested: bool


def read_grades(listing: Path, images: Path, test_every: int) -> list[Graded]:
    """Read a CSV file with a column of image names, with or without suffix, and one of grades.

    A column ``split`` says which pictures are tested on; without it every n-th is.

    Raises
    ------
    InputError
        As `read_label_list` does; if a grade is no whole number, or there is nothing left to train
        or to test on.
    """
    found = [
        Graded(one.path, _grade(listing, one), _is_tested(one, number, test_every))
        for number, one in enumerate(read_label_list(listing, images, GRADE, SUFFIXES))
    ]
    if len({graded.tested for graded in found}) < 2:
        raise InputError(f"{listing} leaves nothing to train or to test on; check its split.")
    return found


def _is_tested(one: Listed, number: int, test_every: int) -> bool:
    return one.split == "test" if one.split else number % test_every == 0


def _grade(listing: Path, one: Listed) -> int:
    if not one.labels[0].isdecimal():
        raise InputError(
            f"{listing} has the grade {one.labels[0]!r} in line {one.line}; grades are 0, 1, 2 and "
            "so on."
        )
    return int(one.labels[0])
