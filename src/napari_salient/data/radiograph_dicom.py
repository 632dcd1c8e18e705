"""Radiographs from DICOM: brightness as the file's own tables and windows want it.

See DICOM PS3.3, C.7.6.3 (image pixels), C.11.1 and C.11.2 (lookup tables), 10.7.1.3 (spacing).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

MARK_AT, MARK = 128, b"DICM"

SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
"""Distances in the patient if the file knows them, else at the detector or on the film."""

TAGS = (
    "Modality", "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation",
    "PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "VOILUTSequence", "VOILUTFunction",
    "WindowCenter", "WindowWidth", "PixelData", *SPACINGS,
    "RedPaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableDescriptor", "BluePaletteColorLookupTableData",
)  # fmt: skip
"""All that is read of a file: nothing that names a patient."""

DAMAGE = (
    OSError, ValueError, RuntimeError, AttributeError, NotImplementedError, KeyError, TypeError,
    IndexError, EOFError, OverflowError, struct.error,
)  # fmt: skip
"""What pydicom raises on damaged files; its words may quote what names the patient."""


def is_dicom(path: Path) -> bool:
    """Return whether a file is DICOM by its content.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(MARK_AT + len(MARK))[MARK_AT:] == MARK
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; check the name.") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder; choose a file.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the file.") from error


def read_dicom(
    path: Path, check_size: Callable[[Path, int, int], None]
) -> tuple[NDArray[np.float32], dict[str, Any]]:
    """Read a DICOM file of one frame.

    Parameters
    ----------
    check_size
        Is called with the path, rows and columns before there is any memory taken for them.

    Returns
    -------
    image
        float32 ``(channel, y, x)``, after modality and VOI table or window; bright is dense.
    known
        ``bits``, ``spacing`` (mm along y and x, or `None`) and ``modality``.

    Raises
    ------
    InputError
        If the file holds no picture or several, is damaged, or compressed in a way that cannot be
        decoded here.
    """
    import pydicom
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        stored = pydicom.dcmread(path, specific_tags=list(TAGS))
        if "PixelData" not in stored:
            raise InputError(f"{path} is DICOM without a picture; choose a radiograph.")
        check_size(path, int(stored.Rows), int(stored.Columns))
        frames = int(stored.get("NumberOfFrames") or 1)
        if frames > 1:
            raise InputError(f"{path} has {frames} frames; export the one that counts by itself.")
        image = _presented(path, stored)
        known = {
            "bits": int(stored.BitsStored),
            "spacing": _spacing(stored),
            "modality": str(stored.get("Modality", "")),
        }
    except (*DAMAGE, BytesLengthException, InvalidDicomError) as error:
        raise InputError(f"{path} is damaged DICOM; get another copy.") from error
    return image, known


def size_of_dicom(path: Path) -> tuple[int, int]:
    """Return rows and columns of a DICOM file.

    Raises
    ------
    InputError
        If it is damaged or holds no picture.
    """
    import pydicom
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        stored = pydicom.dcmread(path, specific_tags=["Rows", "Columns"], stop_before_pixels=True)
        return int(stored.Rows), int(stored.Columns)
    except (*DAMAGE, BytesLengthException, InvalidDicomError) as error:
        raise InputError(f"{path} is DICOM without a picture; choose a radiograph.") from error


def _presented(path: Path, stored: Any) -> NDArray[np.float32]:
    from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut

    values = _decoded(path, stored)
    colours = str(stored.PhotometricInterpretation)
    if colours == "PALETTE COLOR":
        values = apply_color_lut(values, stored)
    if values.ndim == 3:
        return np.ascontiguousarray(np.moveaxis(values, -1, 0), np.float32)
    shown = np.asarray(apply_voi_lut(apply_modality_lut(values, stored), stored), np.float32)
    return (shown.max() + shown.min() - shown if colours == "MONOCHROME1" else shown)[np.newaxis]


def _decoded(path: Path, stored: Any) -> np.ndarray:
    from pydicom.pixels import pixel_array

    try:
        decoded: np.ndarray = pixel_array(stored)
    except (RuntimeError, NotImplementedError) as error:
        syntax = stored.file_meta.TransferSyntaxUID
        if not syntax.is_compressed:
            raise
        raise InputError(
            f"{path} is compressed ({syntax.name}) and cannot be decoded here; export it without "
            "compression, or install python-gdcm."
        ) from error
    return decoded


def _spacing(stored: Any) -> tuple[float, float] | None:
    for name in SPACINGS:
        if said := stored.get(name):
            height, width = (float(value) for value in said)
            return (height, width) if min(height, width) > 0 else None
    return None
