"""Data sets in the layout of the Medical Segmentation Decathlon: a folder with ``dataset.json``.

See Antonelli et al., "The Medical Segmentation Decathlon", Nature Communications 13:4128 (2022).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from napari_salient.data.label_values import UNSURE
from napari_salient.data.nifti import suffix_of
from napari_salient.data.volumes import read_header
from napari_salient.errors import InputError

FILE_NAME = "dataset.json"


@dataclass(frozen=True)
class DecathlonTask:
    """What ``dataset.json`` says, its labelled volumes in the order of its list.

    Parameters
    ----------
    name
        Such as ``Hippocampus``.
    images, labels
        Files of the labelled volumes; those of one case have the same position.
    channels
        Names of the image channels, such as ``T2`` and ``ADC``.
    label_names
        Name of each label value, background included.
    """

    name: str
    images: tuple[Path, ...]
    labels: tuple[Path, ...]
    channels: tuple[str, ...]
    label_names: dict[int, str]


def read_decathlon(folder: Path) -> DecathlonTask:
    """Read ``dataset.json`` and check the header of every labelled image that it lists.

    Entries named ``._...`` are passed over: macOS leaves such files in archives.

    Raises
    ------
    InputError
        If the file is missing or says something else, lists no labelled volume, a file that is not
        there or outside the folder, or an image that has not the channels it names.
    """
    path = folder / FILE_NAME
    said = _said(path)
    channels, label_names = _names(path, said, "modality"), _names(path, said, "labels")
    if wrong := [value for value in label_names if not 0 <= value < UNSURE]:
        raise InputError(
            f"{path} names a label of value {wrong[0]}; labels go from 0 to {UNSURE - 1}."
        )
    pairs = _pairs(path, said)
    for image, _ in pairs:
        _check_channels(image, channels)
    return DecathlonTask(
        name=str(said.get("name", folder.name)),
        images=tuple(image for image, _ in pairs),
        labels=tuple(label for _, label in pairs),
        channels=tuple(channels.values()),
        label_names=label_names,
    )


def _said(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); name the folder of a Decathlon task, such "
            "as Task04_Hippocampus."
        ) from error
    except ValueError as error:
        raise InputError(f"{path} is no JSON ({error}); unpack the data set again.") from error
    if not isinstance(said, dict):
        raise InputError(f"{path} does not describe a Decathlon task; name the folder of one.")
    return said


def _names(path: Path, said: dict[str, Any], key: str) -> dict[int, str]:
    """Return the names under `key` by their number, ``{"0": "T2", "1": "ADC"}`` in the file."""
    try:
        names = {int(number): str(name) for number, name in said[key].items()}
    except (KeyError, AttributeError, ValueError) as error:
        raise InputError(
            f'{path} has no names by number under "{key}"; the Decathlon\'s own files do.'
        ) from error
    return dict(sorted(names.items()))


def _pairs(path: Path, said: dict[str, Any]) -> list[tuple[Path, Path]]:
    try:
        listed = [(str(case["image"]), str(case["label"])) for case in said["training"]]
    except (KeyError, TypeError) as error:
        raise InputError(
            f'{path} has no list of images and labels under "training"; the Decathlon\'s own '
            "files do."
        ) from error
    wanted = [pair for pair in listed if not PurePosixPath(pair[0]).name.startswith("._")]
    if not wanted:
        raise InputError(f"{path} lists no labelled volumes; unpack the data set again.")
    return [(_inside(path, image), _inside(path, label)) for image, label in wanted]


def _inside(listing: Path, entry: str) -> Path:
    """Return the file that an entry such as ``./imagesTr/case.nii.gz`` means."""
    relative = PurePosixPath(entry)
    if relative.is_absolute() or ".." in relative.parts or "\\" in entry or ":" in entry:
        raise InputError(f"{listing} lists {entry}, which is outside its folder; correct the list.")
    path = listing.parent / relative
    if suffix_of(path) is None:
        raise InputError(f"{listing} lists {entry}, which is no .nii or .nii.gz file.")
    if not path.is_file():
        raise InputError(f"{listing} lists {entry}, which is missing; unpack the data set again.")
    return path


def _check_channels(image: Path, channels: dict[int, str]) -> None:
    found = read_header(image).channels
    if found != len(channels):
        names = ", ".join(channels.values())
        raise InputError(
            f"{image} has {found} channels and {FILE_NAME} names {len(channels)} ({names}); "
            "correct the list or take the original file."
        )
