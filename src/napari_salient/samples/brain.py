"""Brain volumes with known tissue, made from the MNI152 template that ships in nilearn.

Each case is the template after a random smooth deformation, seen by another scanner: contrast, coil
sensitivity, noise, voxel size and field of view differ. The truth is exact, nothing is downloaded,
and no patient is shown.

The template is ICBM 2009c nonlinear symmetric: Fonov et al., NeuroImage 54(1):313-327, 2011.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.data.geometry import from_display, to_display
from napari_salient.data.labels import write_labels
from napari_salient.data.nifti import read_nifti_header
from napari_salient.data.volumes import read_header
from napari_salient.engine.atomic import write_atomically
from napari_salient.errors import InputError
from napari_salient.samples.brain_variation import (
    TISSUES,
    BrainTemplate,
    BrainVariation,
    apply_variation,
    draw_variation,
)

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (68, 84, 72)
SIGNATURE = b"napari-salient sample"


@dataclass(frozen=True)
class SampleFolder:
    """Where sample data lie.

    Attributes
    ----------
    images, labels : Path
        Folders with files of equal names.
    class_names : tuple of str
        Names of the label values 1, 2, ...
    """

    images: Path
    labels: Path
    class_names: tuple[str, ...]


def make_brain_pool(
    folder: Path, cases: int = 8, seed: int = 0, shape: tuple[int, int, int] = SHAPE
) -> SampleFolder:
    """Write ``images/brain-01.nii.gz`` ... and ``labels/`` of the same names into `folder`.

    Parameters
    ----------
    folder : Path
        Is made if it does not exist.
    cases : int
        How many; the first ones do not depend on their number.
    seed : int
        Seed of all that is random.
    shape : tuple of int
        Voxels along ``(z, y, x)``, from which each case differs by up to three. Voxels have edges
        of 2.4 to 2.9 mm, so that a brain needs about ``(56, 72, 58)``.

    Raises
    ------
    InputError
        If a number is out of range, or a file that is no sample would be replaced.
    """
    if cases < 1 or min(shape) < 8:
        raise InputError("A pool needs at least one case, and 8 voxels along each axis.")
    made = SampleFolder(folder / "images", folder / "labels", TISSUES)
    paths = [made.images / f"brain-{number:02}.nii.gz" for number in range(1, cases + 1)]
    for path in paths:
        _refuse_to_replace(path)
    template = load_template()
    made.images.mkdir(parents=True, exist_ok=True)
    made.labels.mkdir(exist_ok=True)
    for number, path in enumerate(paths):
        variation = draw_variation(np.random.default_rng([seed, number]), shape)
        image, labels = apply_variation(template, variation)
        _write_image(path, image, variation)
        write_labels(made.labels / path.name, labels, read_header(path))
    return made


def open_sample() -> list[tuple[np.ndarray, dict[str, Any], str]]:
    """Return a brain and its tissues as napari layers; File > Open Sample calls this."""
    variation = draw_variation(np.random.default_rng([0, 0]), SHAPE)
    image, labels = apply_variation(load_template(), variation)
    place = {"scale": variation.spacing, "axis_labels": ("z", "y", "x"), "units": ("mm",) * 3}
    return [
        (image, {"name": "brain T1", "colormap": "gray", **place}, "image"),
        (labels, {"name": "brain tissues", "opacity": 0.4, **place}, "labels"),
    ]


@cache
def load_template() -> BrainTemplate:
    """Load the template and its tissue maps at 2 mm; takes seconds the first time.

    CSF is what the brain's mask holds besides grey and white matter.
    """
    from nilearn import datasets

    mask, *others = (
        load(resolution=2)
        for load in (
            datasets.load_mni152_brain_mask,
            datasets.load_mni152_template,
            datasets.load_mni152_gm_template,
            datasets.load_mni152_wm_template,
        )
    )
    t1, grey, white = (np.asarray(part.dataobj, np.float32) for part in others)
    csf = np.clip(np.asarray(mask.dataobj, np.float32) - grey - white, 0, 1)
    maps = np.stack([t1, grey, white, csf])
    shown = np.stack([to_display(part, mask.affine) for part in maps])
    shown.setflags(write=False)
    return BrainTemplate(shown, (2.0, 2.0, 2.0))


def _refuse_to_replace(path: Path) -> None:
    if path.exists() and not bytes(read_nifti_header(path)["descrip"]).startswith(SIGNATURE):
        raise InputError(f"{path} exists and is no sample, so it is kept; choose another folder.")


def _write_image(path: Path, image: np.ndarray, variation: BrainVariation) -> None:
    from nibabel import Nifti1Image

    affine = _affine(variation)
    nifti = Nifti1Image(from_display(image, affine), affine)
    nifti.set_sform(affine, "scanner")
    nifti.set_qform(affine, "scanner")
    nifti.header.set_xyzt_units("mm")
    nifti.header["descrip"] = SIGNATURE
    write_atomically(path, gzip.compress(nifti.to_bytes(), mtime=0))


def _affine(variation: BrainVariation) -> np.ndarray:
    """Return the affine of a file with these axes whose world origin is the volume's middle."""
    towards = {"R": 1, "A": 1, "S": 1, "L": -1, "P": -1, "I": -1}
    edges = np.array([towards[axis] for axis in variation.axes]) * variation.spacing[::-1]
    middle = (np.array(variation.shape[::-1]) - 1) / 2
    affine = np.diag([*edges, 1.0])
    affine[:3, 3] = -edges * middle
    return affine
