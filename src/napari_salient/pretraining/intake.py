"""Which volumes or pictures a pretraining learns from, and on which it is only measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_salient.data.discover import case_name, find_volumes, has_volumes, patient_of
from napari_salient.data.pictures import SUFFIXES, find_pictures
from napari_salient.errors import InputError
from napari_salient.project.layout import is_project

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DECATHLON_IMAGES = "imagesTr"
BRATS_ENDINGS = ("_seg", "_t1ce")
"""Of files that no other data set has."""


@dataclass(frozen=True)
class PoolFiles:
    """Files of volumes or of pictures, none of a patient on both sides.

    Parameters
    ----------
    learn
        What is learned from.
    held_out
        What is only measured on; empty where there is but one patient.
    patients
        How many there are on both sides; 0 where nobody counted.
    """

    learn: tuple[Path, ...]
    held_out: tuple[Path, ...]
    patients: int = 0

    @property
    def are_pictures(self) -> bool:
        """Whether they are pictures, not volumes."""
        return all(path.suffix.lower() in SUFFIXES for path in self.learn)


def find_pool(source: Path, held_out_every: int) -> PoolFiles:
    """Return the volumes or the pictures of a folder, or the volumes in the pool of a project.

    Every n-th patient in sorted order is held out, from the first on: in a folder the same ones on
    which a segmentation model that is trained there is tested. A project's own validation and test
    cases take no part.

    Raises
    ------
    InputError
        If there is no volume, there are pictures or labels beside the volumes, two have the same
        name, or one of a project is gone.
    ProjectError
        If the project cannot be opened.
    """
    from napari_salient.project.intake import refuse_equal_names

    if is_project(source):
        return _of_project(source, held_out_every)
    files = _files_in(source)
    refuse_equal_names(files)
    return split(files, [patient_of(path) for path in files], held_out_every)


def split(files: Sequence[Path], patients: Sequence[str], every: int) -> PoolFiles:
    """Hold out every n-th patient; `patients` says whose file each is."""
    names = sorted(set(patients))
    tested = set(names[::every]) if len(names) > 1 else set()
    sides = list(zip(files, patients, strict=True))
    return PoolFiles(
        learn=tuple(path for path, patient in sides if patient not in tested),
        held_out=tuple(path for path, patient in sides if patient in tested),
        patients=len(names),
    )


def _files_in(source: Path) -> list[Path]:
    """Return the pictures or the volumes of a folder, and no labels."""
    pictures = find_pictures(source)
    if pictures and has_volumes(source):
        raise InputError(
            f"{source} holds volumes and also pictures, {pictures[0].name} among them; choose a "
            "folder that holds one or the other."
        )
    if (source / DECATHLON_IMAGES).is_dir():
        raise InputError(
            f"{source} holds images and labels; choose the folder {DECATHLON_IMAGES} in it."
        )
    files = pictures or find_volumes(source)
    if parts := [path for path in files if case_name(path).endswith(BRATS_ENDINGS)]:
        raise InputError(
            f"{parts[0]} is one file of a BraTS case, which has one for each channel and a mask; "
            "choose a folder of volumes that have all channels, such as out.json.volumes/images, "
            "which compare pretraining --recipe brats writes."
        )
    return files


def _of_project(folder: Path, held_out_every: int) -> PoolFiles:
    from napari_salient.project.project import Project

    with Project.open(folder, read_only=True) as project:
        cases = list(project.catalogue.cases("pool"))
        files = [project.image_path(case) for case in cases]
    return split(files, [case.patient for case in cases], held_out_every)
