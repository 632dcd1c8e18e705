"""Radiographs from pictures and DICOM files, as numbers with what is known about them."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.data import pictures
from napari_salient.data.radiograph_dicom import is_dicom, read_dicom, size_of_dicom
from napari_salient.data.volumes import normalise
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "Radiograph",
    "find_radiographs",
    "normalise",
    "read_radiograph",
    "size_of",
    "with_channels",
]

SUFFIXES = (*pictures.SUFFIXES, ".dcm", ".dicom")

SMALLEST = 16
"""Pixels of the shorter side."""

LARGEST = 2**26
"""Pixels in all; the largest detectors have a quarter of it."""

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
DAMAGE = (OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError, IndexError, struct.error)
"""What Pillow and tifffile raise on damaged files."""

WHITE_IS_ZERO = 0
PHOTOMETRIC, BITS = 262, 258
"""Tags of TIFF."""


@dataclass(frozen=True, eq=False)
class Radiograph:
    """A radiograph and what is known about it; nothing that names the patient.

    Attributes
    ----------
    path : Path
        The source file; it is only ever read.
    image : numpy.ndarray, float32, shape (channel, y, x)
        Brighter where more was absorbed. One channel, or three if the file has colours.
    bits : int
        Bits in which a value is stored.
    spacing : tuple of float, optional
        Height and width of a pixel in mm, if the file says so.
    modality : str
        DICOM's word, such as ``IO`` for intra-oral; empty for other files.
    """

    path: Path
    image: NDArray[np.float32]
    bits: int
    spacing: tuple[float, float] | None = None
    modality: str = ""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.image.shape[1], self.image.shape[2]


def find_radiographs(folder: Path) -> list[Path]:
    """Return the pictures and DICOM files in `folder`, sorted; hidden files are passed over."""
    return pictures.find_pictures(folder, SUFFIXES)


def read_radiograph(path: Path) -> Radiograph:
    """Read a PNG, JPEG, TIFF or DICOM file; what it is, its content says.

    Raises
    ------
    InputError
        If the file is missing, damaged or no radiograph: less than 16 pixels wide or high, more
        than 2²⁶ in all, several frames, one grey value alone, values that are no numbers.
    """
    image, known = read_dicom(path, _check_size) if is_dicom(path) else _read_picture(path)
    if not np.isfinite(image).all():
        raise InputError(f"{path} has NaN or infinite values; replace them in a copy of the file.")
    if image.min() == image.max():
        raise InputError(f"{path} has the value {image.flat[0]:g} alone; choose a radiograph.")
    return Radiograph(path, _without_equal_channels(image), **known)


def size_of(path: Path) -> tuple[int, int]:
    """Return rows and columns of a radiograph without reading its values.

    Raises
    ------
    InputError
        If the file is missing or no picture.
    """
    from PIL import Image

    if is_dicom(path):
        return size_of_dicom(path)
    try:
        with Image.open(path) as picture:
            return picture.height, picture.width
    except (*DAMAGE, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(f"{path} cannot be read as a picture; get another copy.") from error


def with_channels(image: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """Return an image ``(channel, y, x)`` with one channel, its luminance, or with three."""
    if len(image) == channels:
        return image
    if channels == 1:
        grey: NDArray[np.float32] = np.tensordot(LUMINANCE, image, 1)[np.newaxis]
        return grey
    return np.repeat(image, channels, axis=0)


def _check_size(path: Path, height: int, width: int) -> None:
    if min(height, width) < SMALLEST:
        raise InputError(f"{path} has {width} × {height} pixels, too few for a radiograph.")
    if height * width > LARGEST:
        raise InputError(
            f"{path} has {width:,} × {height:,} pixels, too many for a radiograph; make it smaller."
        )


def _read_picture(path: Path) -> tuple[NDArray[np.float32], dict[str, Any]]:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            _check_size(path, picture.height, picture.width)
            if getattr(picture, "n_frames", 1) > 1:
                raise InputError(
                    f"{path} has several pictures; save the one that counts by itself."
                )
            values, bits = _values(picture, path)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(
            f"{path} has too many pixels for a radiograph; make it smaller."
        ) from error
    except (*DAMAGE, zlib.error) as error:
        raise InputError(
            f"{path} cannot be read as a picture ({_first_line(error)}); get another copy."
        ) from error
    channels = values[np.newaxis] if values.ndim == 2 else np.moveaxis(values, -1, 0)
    return np.ascontiguousarray(channels, np.float32), {"bits": bits}


def _values(picture: Any, path: Path) -> tuple[np.ndarray, int]:
    """Return the values of an open picture, ``(y, x)`` or ``(y, x, colour)``, and their bits."""
    tags = getattr(picture, "tag_v2", {})
    stored = max(np.atleast_1d(tags.get(BITS, 8)))
    if picture.mode == "RGB" and stored > 8:
        return _deep_colours(path, picture), int(stored)
    if picture.mode in ("1", "L", "LA"):
        return np.asarray(picture.convert("L")), 1 if picture.mode == "1" else 8
    if picture.mode not in ("I;16", "I;16L", "I;16B", "I", "F"):
        return np.asarray(picture.convert("RGB")), 8
    values = np.asarray(picture)
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        values = values.max() - values
    return values, 32 if picture.mode in "IF" else 16


def _deep_colours(path: Path, picture: Any) -> np.ndarray:
    """Return colours of 16 bits, of which Pillow keeps 8."""
    from tifffile import imread

    values = imread(path)
    by_pixel = (
        values
        if values.shape[:2] == (picture.height, picture.width)
        else np.moveaxis(values, 0, -1)
    )
    return np.ascontiguousarray(by_pixel[..., :3])


def _without_equal_channels(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return one channel of an image that is grey though stored in colours."""
    return image[:1] if (image == image[:1]).all() else image


def _first_line(error: BaseException) -> str:
    return str(error).split("\n")[0].rstrip(".")
