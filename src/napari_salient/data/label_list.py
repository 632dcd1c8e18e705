"""Lists of pictures and what they show, a CSV file: image, label or labels, patient, split."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_salient.data.discover import content_hash, patient_of
from napari_salient.data.pictures import find_pictures
from napari_salient.data.radiographs import SUFFIXES
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

Split = Literal["pool", "validation", "test"]
"""The words of a project; what is trained on is its pool."""

IMAGE = ("image", "file", "filename", "id_code")
LABEL = ("label", "labels")
PATIENT = ("patient", "patient_id", "subject")
SPLIT = "split"
"""Columns as lists call them, in any case of letters; ``id_code`` is Kaggle's."""

SPLITS: dict[str, Split] = {
    "train": "pool",
    "training": "pool",
    "pool": "pool",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
BETWEEN_LABELS = re.compile(r"[;|]")


@dataclass(frozen=True)
class Listed:
    """A picture of a list.

    Attributes
    ----------
    path : Path
        Of the picture.
    labels : tuple of str
        What it shows; one word from a column ``label``, any number from ``labels``.
    patient : str
        Whose it is; without such a column as its name says, or a patient of its own.
    split : {"pool", "validation", "test"} or None
        What it may be used for; `None` without such a column.
    line : int
        Where it stands in the list.
    """

    path: Path
    labels: tuple[str, ...]
    patient: str
    split: Split | None
    line: int


def read_label_list(
    listing: Path,
    images: Path,
    label_columns: tuple[str, ...] = LABEL,
    suffixes: tuple[str, ...] = SUFFIXES,
) -> list[Listed]:
    """Read a list of pictures in `images`, named with or without suffix, or by their way there.

    Commas or semicolons stand between cells, ``;`` or ``|`` between the labels of a picture.

    Raises
    ------
    InputError
        If the file cannot be read or lacks a column; if it names a picture that is not there, one
        twice, or none; if a label or split is missing; if a patient is in two splits.
    """
    rows = _rows(listing)
    image, label = (_column(listing, rows[0][1], known) for known in (IMAGE, label_columns))
    patient = next((name for name in PATIENT if name in rows[0][1]), None)
    names = _Names(listing, images, find_pictures(images, suffixes))
    found: list[Listed] = []
    for line, row in rows:
        path = names.path_of(line, row[image])
        found.append(
            Listed(
                path=path,
                labels=_labels(listing, line, label, row[label]),
                patient=(row[patient] if patient else "") or patient_of(path),
                split=_split(listing, line, row[SPLIT]) if SPLIT in row else None,
                line=line,
            )
        )
    _refuse_leaks(listing, found)
    return found


def classes_of(listed: Iterable[Listed]) -> tuple[str, ...]:
    """Return all labels that occur, sorted; numbers as numbers."""
    words = {label for one in listed for label in one.labels}
    numbers = sorted((word for word in words if word.isdecimal()), key=int)
    return (*numbers, *sorted(words.difference(numbers)))


def indicators(listed: Sequence[Listed], classes: Sequence[str]) -> NDArray[np.bool_]:
    """Return which pictures have which labels, shape (picture, class)."""
    return np.array([[word in one.labels for word in classes] for one in listed], np.bool_)


def refuse_copies(listed: Iterable[Listed]) -> None:
    """Refuse pictures of the same content under two names, unless they are of one patient.

    Every picture that has the size of another one is read for it.

    Raises
    ------
    InputError
        Naming two of them.
    """
    by_size = defaultdict(list)
    for one in listed:
        by_size[one.path.stat().st_size].append(one)
    seen: dict[str, Listed] = {}
    for alike in by_size.values():
        for one in alike if len(alike) > 1 else ():
            other = seen.setdefault(content_hash(one.path), one)
            if other.patient != one.patient:
                raise InputError(
                    f"{other.path} and {one.path} are the same picture of patients "
                    f"{other.patient} and {one.patient}; take one of them off the list."
                )


class _Names:
    """The pictures of a folder by the names that a list may give them."""

    def __init__(self, listing: Path, images: Path, pictures: Sequence[Path]) -> None:
        self._listing, self._images = listing, images
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        for path in pictures:
            self._by_name[path.name].append(path)
            if path.stem != path.name:
                self._by_name[path.stem].append(path)
        self._lines: dict[Path, int] = {}

    def path_of(self, line: int, name: str) -> Path:
        """Return the picture that a line names, which no line before may have named."""
        if not name:
            raise InputError(f"{self._listing} names no picture in line {line}; add its name.")
        below = self._images / name
        paths = self._by_name.get(name) or [below][: below.is_file()]
        if len(paths) != 1:
            raise InputError(self._complaint(name, paths))
        if (first := self._lines.setdefault(paths[0], line)) != line:
            raise InputError(
                f"{self._listing} lists {paths[0].name} twice, in lines {first} and {line}; "
                "remove one of them."
            )
        return paths[0]

    def _complaint(self, name: str, paths: Sequence[Path]) -> str:
        if not paths:
            return f"{self._listing} names {name}, which is not in {self._images}; add it."
        both = " or ".join(path.name for path in paths)
        return f"{self._listing} names {name}, which may be {both}; write the whole name."


def _rows(listing: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the line number of each row and its cells by column, names in small letters."""
    try:
        with listing.open(newline="", encoding="utf-8-sig") as file:
            head = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=";" if ";" in head and "," not in head else ",")
            rows = [(reader.line_num, _clean(row)) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{listing} cannot be read as a CSV file ({error}).") from error
    if not rows:
        raise InputError(f"{listing} lists no pictures.")
    return rows


def _clean(row: dict[str | None, str | None]) -> dict[str, str]:
    cells = ((name, text) for name, text in row.items() if name is not None)
    return {name.strip().lower(): (text or "").strip() for name, text in cells}


def _column(listing: Path, row: dict[str, str], known: tuple[str, ...]) -> str:
    for name in known:
        if name in row:
            return name
    raise InputError(f"{listing} has no column {known[0]!r}; name one so in its first line.")


def _labels(listing: Path, line: int, column: str, cell: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in BETWEEN_LABELS.split(cell) if word.strip())
    if column != "labels" and len(words) != 1:
        said = "no" if not words else f"{len(words)} labels in place of one"
        raise InputError(
            f"{listing} has {said} {column} in line {line}; name the column labels if pictures may "
            "have none or several."
        )
    return tuple(dict.fromkeys(words))


def _split(listing: Path, line: int, word: str) -> Split:
    try:
        return SPLITS[word.lower()]
    except KeyError as error:
        raise InputError(
            f"{listing} has the split {word!r} in line {line}; splits are train, validation and "
            "test."
        ) from error


def _refuse_leaks(listing: Path, listed: Iterable[Listed]) -> None:
    first: dict[str, Listed] = {}
    for one in listed:
        other = first.setdefault(one.patient, one)
        if other.split != one.split:
            words = [one.split if one.split != "pool" else "train" for one in (other, one)]
            raise InputError(
                f"{listing} has patient {one.patient} in {words[0]} (line {other.line}) and in "
                f"{words[1]} (line {one.line}); a patient belongs to one split."
            )
