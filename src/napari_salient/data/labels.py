"""Labels from files and back to files, on the very grid of their image."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.data.geometry import on_grid
from napari_salient.data.label_values import UNSURE
from napari_salient.data.nifti import (
    HEADER_BYTES,
    SPACE_UNIT,
    read_nifti_header,
    read_voxels,
    suffix_of,
)
from napari_salient.engine.atomic import write_atomically
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.data.volumes import VolumeHeader

SIGNATURE = b"napari-salient labels"
"""What our files say in their header: only such a file may be replaced."""

ROUNDING = 1e-3
"""Distance from a whole number that is taken for rounding by a program that scales labels."""

LABEL_INTENT = 1002
GRID_FIELDS = (
    "qform_code", "sform_code", "quatern_b", "quatern_c", "quatern_d",
    "qoffset_x", "qoffset_y", "qoffset_z", "srow_x", "srow_y", "srow_z",
)  # fmt: skip


def read_labels(path: Path, header: VolumeHeader) -> np.ndarray:
    """Read the labels of an image: uint8 ``(z, y, x)`` in display orientation.

    The file may store its axes in another order than the image, as long as its voxels are the same.

    Raises
    ------
    InputError
        If the file is no intact NIfTI volume, lies on another grid than the image, or holds values
        that are no labels.
    """
    nifti = read_nifti_header(path)
    _check_shape(path, nifti.get_data_shape(), header)
    voxels = read_voxels(path, nifti)
    if voxels.ndim == 4:
        voxels = voxels[..., 0]
    values = _as_labels(path, voxels, written_by_us=_is_ours(nifti))
    aligned = on_grid(values, nifti.get_best_affine(), header.source_shape[:3], header.affine)
    if aligned is None:
        raise InputError(
            f"{path} lies on another grid than {header.path.name} (their affines differ); resample "
            "the labels to the image."
        )
    return np.ascontiguousarray(header.order.to_display(aligned))


def write_labels(path: Path, labels: np.ndarray, header: VolumeHeader) -> None:
    """Write labels ``(z, y, x)`` as uint8 NIfTI on the image's grid, in the image's axis order.

    The file is on disk when this returns. It takes the codes, quaternion, rows and unit of the
    image's header and nothing else: no free text of it goes along.

    Raises
    ------
    InputError
        If `path` is the image itself, a file that was not written by this function, or has a wrong
        suffix; if `labels` has another shape than the image or values outside 0..255.
    OSError
        If the disk is full or the folder cannot be written; `path` is then as it was.
    """
    _check_target(path, header)
    content = _encode(header.order.from_display(_checked(labels, header)), header)
    if path.name.lower().endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    write_atomically(path, content)


def _check_shape(path: Path, shape: tuple[int, ...], header: VolumeHeader) -> None:
    if len(shape) == 4 and shape[3] != 1:
        raise InputError(f"{path} has {shape[3]} channels; labels have one.")
    if sorted(shape[:3]) != sorted(header.shape):
        shown, expected = (" × ".join(map(str, s)) for s in (shape[:3], header.source_shape[:3]))
        raise InputError(
            f"{path} has {shown} voxels but {header.path.name} has {expected}; choose the labels "
            "of this image."
        )


def _as_labels(path: Path, voxels: np.ndarray, *, written_by_us: bool) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        values: np.ndarray = voxels.astype(np.uint8)
    if not np.array_equal(values, voxels):
        values = _rounded(path, voxels)
    if (
        values.max() == UNSURE
        and not written_by_us
        and not ((values > 0) & (values < UNSURE)).any()
    ):
        raise InputError(
            f"{path} holds 0 and {UNSURE} alone, and {UNSURE} means unsure; if it is a mask, give "
            "its class a value from 1 to 254."
        )
    return values


def _rounded(path: Path, voxels: np.ndarray) -> np.ndarray:
    """Return the whole numbers that voxels are up to rounding, as uint8."""
    with np.errstate(invalid="ignore"):
        whole = np.rint(voxels)
        strange = ~(np.abs(voxels - whole) <= ROUNDING)
    if strange.any():
        example = voxels[strange].flat[0]
        raise InputError(f"{path} has the value {example:g}, which is no whole number; labels are.")
    low, high = whole.min(), whole.max()
    if low < 0 or high > UNSURE:
        example = low if low < 0 else high
        raise InputError(f"{path} has the value {example:.0f}; labels go from 0 to {UNSURE - 1}.")
    return np.asarray(whole, np.uint8)


def _check_target(path: Path, header: VolumeHeader) -> None:
    if suffix_of(path) is None:
        raise InputError(f"{path} does not end in .nii or .nii.gz; labels are written as NIfTI.")
    if not path.parent.is_dir():
        raise InputError(f"{path.parent} is not a folder; make it first.")
    if path.is_dir():
        raise InputError(f"{path} is a folder; choose another name.")
    if not path.exists():
        return
    if header.nifti and header.path.exists() and path.samefile(header.path):
        raise InputError(f"{path} is the image itself; choose another place for the labels.")
    if not _is_our_file(path):
        raise InputError(
            f"{path} exists and was not written by napari-salient, so it is kept; choose another "
            "place or move it away."
        )


def _is_our_file(path: Path) -> bool:
    try:
        return _is_ours(read_nifti_header(path))
    except InputError:
        return False


def _is_ours(nifti: Any) -> bool:
    return bytes(nifti["descrip"]).startswith(SIGNATURE)


def _checked(labels: np.ndarray, header: VolumeHeader) -> np.ndarray:
    if labels.shape != header.shape:
        raise InputError(
            f"Labels of shape {labels.shape} do not fit {header.path.name} with {header.shape}."
        )
    if labels.dtype.kind not in "iub" or labels.min() < 0 or labels.max() > UNSURE:
        raise InputError(f"Labels of {header.path.name} are not whole numbers from 0 to {UNSURE}.")
    return labels.astype(np.uint8)


def _encode(voxels: np.ndarray, image: VolumeHeader) -> bytes:
    """Return an uncompressed NIfTI file of ``(i, j, k)``, of the same version as the image's."""
    header = _grid_of(image)
    header.set_data_dtype(np.uint8)
    header.set_slope_inter(1, 0)
    header["intent_code"], header["descrip"] = LABEL_INTENT, SIGNATURE
    header["vox_offset"] = start = HEADER_BYTES[int(header["sizeof_hdr"])]
    return bytes(header.binaryblock.ljust(start, b"\0") + voxels.tobytes(order="F"))


def _grid_of(image: VolumeHeader) -> Any:
    """Return a new header that says where the image's voxels are, and nothing else."""
    source = image.nifti or _scanner_header(image.affine)
    header = type(source)()
    header.set_data_shape(image.source_shape[:3])
    for name in GRID_FIELDS:
        header[name] = source[name]
    header["pixdim"][:4] = source["pixdim"][:4]
    header["xyzt_units"] = source["xyzt_units"] & SPACE_UNIT
    return header


def _scanner_header(affine: np.ndarray) -> Any:
    from nibabel import Nifti1Header

    header = Nifti1Header()
    header.set_data_shape((1, 1, 1))
    header.set_sform(affine, "scanner")
    header.set_qform(affine, "scanner")
    header.set_xyzt_units("mm")
    return header
