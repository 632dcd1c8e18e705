"""The list of pictures and their grades, a CSV file."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_salient.data.pictures import find_pictures
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

IMAGE = ("image", "file", "id_code")
GRADE = ("grade", "dr_grade", "level", "diagnosis")
SPLIT = "split"
"""Columns as lists call them; the last names of the first two are those of Kaggle's data sets."""


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
        If the file cannot be read, has other columns, names a picture that is not in the folder, or
        leaves nothing to train or to test on.
    """
    rows = _rows(listing)
    image, grade = (_column(listing, rows[0], known) for known in (IMAGE, GRADE))
    pictures = find_pictures(images)
    by_name = {path.stem: path for path in pictures} | {path.name: path for path in pictures}
    found = []
    for number, row in enumerate(rows):
        path = by_name.get(row[image])
        if path is None:
            raise InputError(f"{listing} names {row[image]}, which is not in {images}; add it.")
        tested = row[SPLIT] == "test" if SPLIT in row else number % test_every == 0
        found.append(Graded(path, _grade(listing, number, row[grade]), tested))
    if len({graded.tested for graded in found}) < 2:
        raise InputError(f"{listing} leaves nothing to train or to test on; check its split.")
    return found


def _rows(listing: Path) -> list[dict[str, str]]:
    try:
        with listing.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{listing} cannot be read as a CSV file ({error}).") from error
    if not rows:
        raise InputError(f"{listing} lists no pictures.")
    return rows


def _column(listing: Path, row: Mapping[str, str], known: tuple[str, ...]) -> str:
    for name in known:
        if name in row:
            return name
    raise InputError(f"{listing} has no column {known[0]!r}; name one so in its first line.")


def _grade(listing: Path, number: int, text: str) -> int:
    try:
        grade = int(text)
    except (TypeError, ValueError):
        grade = -1
    if grade < 0:
        raise InputError(
            f"{listing} has the grade {text!r} in line {number + 2}; grades are 0, 1, 2 and so on."
        )
    return grade
