"""Data sets in the layout of BraTS 2018: a folder for each case with four images and a mask.

See Menze et al., "The Multimodal Brain Tumor Image Segmentation Benchmark (BRATS)", 2015.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.data.discover import case_name
from napari_salient.data.nifti import SUFFIXES, read_nifti_header, read_voxels, suffix_of
from napari_salient.engine.atomic import atomic_target, write_atomically
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHANNELS = ("t1", "t1ce", "t2", "flair")
MASK = "seg"


@dataclass(frozen=True)
class BratsCase:
    """One patient: the images in the order of `CHANNELS`, and the mask."""

    name: str
    images: tuple[Path, ...]
    mask: Path


def read_brats(folder: Path) -> list[BratsCase]:
    """Return the labelled cases anywhere below a folder, sorted by name.

    ``HGG/Brats18_1/Brats18_1_t1.nii.gz`` and its like: a case is what has a mask.

    Raises
    ------
    InputError
        If there is none, or one lacks an image.
    """
    masks = sorted(path for path in folder.rglob(f"*_{MASK}.nii*") if path.name.endswith(SUFFIXES))
    if not masks:
        raise InputError(f"{folder} holds no *_{MASK}.nii.gz; name the folder of a BraTS data set.")
    cases = [_case(mask) for mask in masks]
    return sorted(cases, key=lambda case: case.name)


def stack_cases(cases: list[BratsCase], folder: Path) -> Iterator[str]:
    """Write each case as one volume of four channels in ``images`` and its mask in ``labels``.

    What is there already is left as it is. Yields the name of each case that is done.

    Raises
    ------
    InputError
        If the images of a case are of different grids.
    """
    images, labels = folder / "images", folder / "labels"
    for inner in (images, labels):
        inner.mkdir(parents=True, exist_ok=True)
    for case in cases:
        image, label = images / f"{case.name}.nii", labels / f"{case.name}{suffix_of(case.mask)}"
        if not image.exists():
            write_atomically(image, _stacked(case))
        if not label.exists():
            with atomic_target(label) as temporary:
                shutil.copyfile(case.mask, temporary)
        yield case.name


def _case(mask: Path) -> BratsCase:
    name = case_name(mask).removesuffix(f"_{MASK}")
    images = []
    for channel in CHANNELS:
        found = [mask.with_name(f"{name}_{channel}{suffix}") for suffix in SUFFIXES]
        there = [path for path in found if path.is_file()]
        if not there:
            raise InputError(f"{mask.parent} lacks {name}_{channel}.nii.gz; unpack the data again.")
        images.append(there[0])
    return BratsCase(name, tuple(images), mask)


def _stacked(case: BratsCase) -> bytes:
    from nibabel.nifti1 import Nifti1Image

    headers = [read_nifti_header(path) for path in case.images]
    first = headers[0]
    for path, header in zip(case.images, headers, strict=True):
        same_shape = header.get_data_shape() == first.get_data_shape()
        if not same_shape or not np.allclose(header.get_best_affine(), first.get_best_affine()):
            raise InputError(f"{path} is of another grid than {case.images[0]}; align them.")
    voxels = [read_voxels(*pair) for pair in zip(case.images, headers, strict=True)]
    image = Nifti1Image(np.stack(voxels, -1).astype(np.float32), first.get_best_affine())
    image.header.set_xyzt_units("mm")
    stored: bytes = image.to_bytes()
    return stored
