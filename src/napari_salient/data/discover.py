"""Finding volumes and labels in folders, and telling files, cases and patients apart."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

from napari_salient.data.nifti import SUFFIXES, suffix_of
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

BIDS_SUBJECT = re.compile(r"(?:^|_)(sub-[0-9A-Za-z]+)(?=_|$)")


def find_volumes(folder: Path) -> list[Path]:
    """Return the NIfTI volumes in `folder`, sorted; if it has none itself, those anywhere below.

    Hidden files and folders are passed over. Nothing is opened.

    Raises
    ------
    InputError
        If `folder` is no folder, cannot be read, or has no volumes.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; choose one that holds .nii or .nii.gz files.")
    found = _volumes_of(folder, _listed(folder)[1]) or list(_below(folder))
    if not found:
        raise InputError(f"{folder} holds no .nii or .nii.gz files; choose another folder.")
    return sorted(found)


def has_volumes(folder: Path) -> bool:
    """Return whether there is any NIfTI volume in a folder or anywhere below."""
    return bool(_volumes_of(folder, _listed(folder)[1])) or any(_below(folder))


def case_name(path: Path) -> str:
    """Return the file's name without ``.nii`` or ``.nii.gz``."""
    suffix = suffix_of(path)
    return path.name.removesuffix(suffix) if suffix else path.stem


def pair_labels(images: Sequence[Path], label_folder: Path) -> dict[str, Path]:
    """Return for the names of `images` the label files of the same name, where there are any.

    Raises
    ------
    InputError
        If two label files have the same name, or a label file is the image itself.
    """
    wanted = {case_name(path): path for path in images}
    pairs: dict[str, Path] = {}
    for path in find_volumes(label_folder):
        name = case_name(path)
        if name not in wanted:
            continue
        if name in pairs:
            raise InputError(f"{pairs[name]} and {path} have the same name; keep one of them.")
        if path.samefile(wanted[name]):
            raise InputError(f"{path} is an image; choose the folder that holds the labels.")
        pairs[name] = path
    return pairs


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal; it knows a file that was moved.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def name_digests(paths: Iterable[Path]) -> list[str]:
    """Return eight digits for each file, by its name and size; they know a file that was moved.

    Whoever has the files can tell them by it at once; a name cannot be read from it.

    Raises
    ------
    OSError
        If a file is not there.
    """
    described = (f"{path.name}/{path.stat().st_size}".encode() for path in paths)
    return [hashlib.blake2b(words, digest_size=4).hexdigest() for words in described]


def patient_of(path: Path) -> str:
    """Return whose volume it is: the ``sub-`` label of a BIDS name, else the case's own name.

    See the Brain Imaging Data Structure, "Entities": ``sub-01_ses-2_T1w.nii.gz`` is of ``sub-01``.
    """
    name = case_name(path)
    subject = BIDS_SUBJECT.search(name)
    return subject[1] if subject else name


def _below(folder: Path) -> Iterator[Path]:
    for inner in _listed(folder)[0]:
        below = folder / inner
        yield from _volumes_of(below, _listed(below)[1])
        yield from _below(below)


def _listed(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names of a folder's visible folders (links aside) and files."""
    try:
        with os.scandir(folder) as entries:
            visible = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise InputError(f"{folder} cannot be listed ({error.strerror}); check it.") from error
    folders = [entry.name for entry in visible if entry.is_dir(follow_symlinks=False)]
    return sorted(folders), [entry.name for entry in visible if not entry.is_dir()]


def _volumes_of(folder: Path, names: Sequence[str]) -> list[Path]:
    return [folder / name for name in names if name.lower().endswith(SUFFIXES)]
