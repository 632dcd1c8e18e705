"""Annotations in the format of YOLO: a text file for each image, relative to its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.data.annotated import AnnotatedImage, Annotation
from napari_salient.data.radiographs import find_radiographs, size_of
from napari_salient.data.regions import rectangle
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROUNDING = 0.01
"""How far a box may reach over the border, relative to the image."""


def read_yolo(labels: Path, images: Path, classes: Path) -> list[AnnotatedImage]:
    """Read boxes and outlines of the images in a folder, sorted by name.

    Parameters
    ----------
    labels
        Folder with a file ``NAME.txt`` for each image: lines of class, centre x, centre y, width
        and height, or of class and the corners of an outline, from 0 to 1. An image without a
        file, or with an empty one, has nothing on it.
    images
        Folder of the images.
    classes
        Text file with the name of each class, one a line, from class 0 on.

    Raises
    ------
    InputError
        If a file is damaged or there is no image.
    """
    names = _read(classes).split("\n")
    paths = find_radiographs(images)
    if not paths:
        raise InputError(f"{images} holds no pictures; choose the folder of the images.")
    return [_annotated(path, labels / f"{path.stem}.txt", names) for path in paths]


def _annotated(path: Path, file: Path, names: Sequence[str]) -> AnnotatedImage:
    height, width = size_of(path)
    lines = enumerate(_read(file).splitlines() if file.exists() else (), start=1)
    marked = tuple(
        _annotation(file, number, line.split(), names, (height, width))
        for number, line in lines
        if line.strip()
    )
    return AnnotatedImage(path, height, width, marked)


def _annotation(
    file: Path, number: int, words: Sequence[str], names: Sequence[str], shape: tuple[int, int]
) -> Annotation:
    try:
        label = names[int(words[0])].strip()
        numbers = [float(word) for word in words[1:]]
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    except (ValueError, IndexError) as error:
        raise InputError(f"{file} has a line {number} that is no box ({error}).") from error
    if len(pairs) == 2:
        (x, y), (width, height) = pairs
        pairs = list(rectangle(x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    if len(pairs) < 3 or not label:
        raise InputError(f"{file} has a line {number} that is neither a box nor an outline.")
    if not all(-ROUNDING <= value <= 1 + ROUNDING for pair in pairs for value in pair):
        raise InputError(
            f"{file} has in line {number} a place outside of the image; places are relative, from "
            "0 to 1."
        )
    return Annotation(label, ((tuple((x * shape[1], y * shape[0]) for x, y in pairs),),))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read as text ({error}); check it.") from error
