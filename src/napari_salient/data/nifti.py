"""NIfTI files byte by byte: what is read is checked first, and every fault is one sentence.

nibabel understands headers and voxels; this module decides what it may read. A header is judged
before any voxel is allocated, extensions are never parsed, and no file stays open.
"""

from __future__ import annotations

import gzip
import logging
import math
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from napari_salient.data.geometry import is_singular
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIXES = (".nii.gz", ".nii")
HEADER_BYTES = {348: 352, 540: 544}
"""First word of a NIfTI-1 or NIfTI-2 header, and where voxels can start at the earliest."""

SPACE_UNIT = 0b111
"""The bits of ``xyzt_units`` that name the unit of lengths."""

GZIP_START = b"\x1f\x8b"
BEST_DEFLATE = 1032
"""No gzip stream unpacks to more than this many times its length."""

WORKING_BYTES = 16
"""Bytes a voxel needs while it is scaled, turned and made float32, beside those it was read as."""

READ_AHEAD = 1 << 20

REFUSE_AT = 40
"""From this level on a fault of the header is an error; nibabel repairs lesser ones as it loads."""

_REPAIRS = logging.getLogger(f"{__name__}.repairs")
_REPAIRS.addHandler(logging.NullHandler())
_REPAIRS.propagate = False


def suffix_of(path: Path) -> str | None:
    """Return ``.nii`` or ``.nii.gz`` as `path` spells it, None if it ends otherwise."""
    name = path.name.lower()
    return next((path.name[-len(end) :] for end in SUFFIXES if name.endswith(end)), None)


def read_nifti_header(path: Path) -> Any:
    """Return nibabel's header of a volume, checked; no voxel is read.

    Raises
    ------
    InputError
        If the file is no readable NIfTI volume, or too short for what its header promises.
    """
    _check_path(path)
    with _stream(path) as stream:
        start = stream.read(max(HEADER_BYTES.values()))
    header = _parse(path, start)
    _check_shape(path, header.get_data_shape())
    _check_type(path, header.get_data_dtype())
    if is_singular(header.get_best_affine()):
        raise InputError(
            f"{path} has an affine that gives its voxels no volume; repair the header."
        )
    _check_length(path, header)
    return header


def read_voxels(path: Path, header: Any, selection: tuple[slice | int, ...] = ()) -> np.ndarray:
    """Return voxels ``(i, j, k[, channel])`` of a file as scaled float32.

    Parameters
    ----------
    path, header
        What `read_nifti_header` was given and returned.
    selection
        The part to read. Only this part is read of an uncompressed file.

    Raises
    ------
    InputError
        If the file is damaged, was changed meanwhile, or does not fit into memory.
    """
    from nibabel.arrayproxy import ArrayProxy

    if read_nifti_header(path).binaryblock != header.binaryblock:
        raise InputError(f"{path} has changed since it was opened; open it again.")
    whole = is_compressed(path) or not selection
    if whole:
        _check_memory(path, header)
    with _stream(path) as stream:
        proxy = ArrayProxy(stream, header, mmap=False)
        with np.errstate(over="ignore"):
            voxels = np.asarray(proxy if whole else proxy[selection], np.float32)
        if is_compressed(path):
            _check_rest(stream)
    return voxels[selection] if whole else voxels


def _check_path(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path} is a folder; choose a .nii or .nii.gz file.")
    if suffix_of(path) is None:
        raise InputError(f"{path} does not end in .nii or .nii.gz; only such volumes are read.")
    if not path.exists():
        raise InputError(f"{path} does not exist; check the name.")


def _parse(path: Path, start: bytes) -> Any:
    from nibabel import Nifti1Header, Nifti2Header
    from nibabel.spatialimages import HeaderDataError

    if start.startswith(GZIP_START):
        raise InputError(f"{path} is gzip-compressed; give it a name that ends in .nii.gz.")
    size = next((size for size in HEADER_BYTES if start[:4] in _words(size)), None)
    if len(start) < HEADER_BYTES[size or 348]:
        raise InputError(f"{path} ends within its header; get a complete copy.")
    if size is None:
        raise InputError(f"{path} is not a NIfTI volume; convert it to NIfTI first.")
    kind = Nifti1Header if size == 348 else Nifti2Header
    try:
        with np.errstate(all="ignore"):
            header = kind(start[:size], check=False)
            header.check_fix(_REPAIRS, REFUSE_AT)
            header.get_best_affine(), header.get_slope_inter(), header.get_data_dtype()
    except (HeaderDataError, ValueError, KeyError, OverflowError) as error:
        raise InputError(f"{path} has a damaged header ({error}); get another copy.") from error
    if not bytes(header["magic"]).startswith(b"n+"):
        raise InputError(f"{path} is the header of a .hdr/.img pair; convert it to one .nii file.")
    return header


def _words(size: int) -> tuple[bytes, bytes]:
    return size.to_bytes(4, "little"), size.to_bytes(4, "big")


def _check_shape(path: Path, shape: tuple[int, ...]) -> None:
    shown = " × ".join(map(str, shape))
    if len(shape) not in (3, 4):
        raise InputError(
            f"{path} has {len(shape)} axes ({shown}); only volumes (3) and volumes with channels "
            "(4) are read."
        )
    if min(shape) < 1:
        raise InputError(f"{path} has no voxels ({shown}); choose another file.")


def _check_type(path: Path, dtype: np.dtype[Any]) -> None:
    if dtype.kind in "iufb":
        return
    name = "colour" if dtype.fields else "complex" if dtype.kind == "c" else str(dtype)
    raise InputError(f"{path} holds {name} voxels; convert it to one number a voxel and channel.")


def _check_length(path: Path, header: Any) -> None:
    """Refuse a file that is too short for its voxels, as far as that shows without reading them."""
    start = float(header["vox_offset"])
    if not HEADER_BYTES[int(header["sizeof_hdr"])] <= start < math.inf:
        raise InputError(f"{path} has a damaged header (vox_offset {start}); get another copy.")
    promised = int(start) + _voxel_bytes(header)
    length = path.stat().st_size
    if promised > length * (BEST_DEFLATE if is_compressed(path) else 1):
        raise InputError(
            f"{path} is truncated: its header promises {promised:,} bytes, which {length:,} bytes "
            "on disk cannot hold; get a complete copy."
        )


def _check_memory(path: Path, header: Any) -> None:
    import psutil

    needed = _voxel_bytes(header) + WORKING_BYTES * math.prod(header.get_data_shape())
    free = psutil.virtual_memory().available
    if needed > free:
        raise InputError(
            f"{path} needs {needed / 1e9:.1f} GB of memory and {free / 1e9:.1f} GB are free; close "
            "other programs or crop the volume."
        )


def _voxel_bytes(header: Any) -> int:
    voxels: int = math.prod(header.get_data_shape())
    return voxels * int(header.get_data_dtype().itemsize)


def _check_rest(stream: BinaryIO) -> None:
    """Read to the end, where gzip compares its checksum."""
    while stream.read(READ_AHEAD):
        pass


def is_compressed(path: Path) -> bool:
    """Whether a file's name says that it is gzip-compressed."""
    return path.name.lower().endswith(".gz")


@contextmanager
def _stream(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, unpacked; say in a sentence what goes wrong while it is read."""
    try:
        with gzip.open(path, "rb") if is_compressed(path) else path.open("rb") as stream:
            yield cast("BinaryIO", stream)
    except EOFError as error:
        raise InputError(f"{path} is truncated; get a complete copy.") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        reason = str(error).partition(" (")[0]
        raise InputError(
            f"{path} is not intact gzip ({reason}); get another copy, or name it .nii if it is not "
            "compressed."
        ) from error
    except OSError as error:
        if error.errno is None:  # nibabel found fewer voxels than promised
            raise InputError(f"{path} is truncated; get a complete copy.") from error
        raise InputError(f"{path} cannot be read ({error.strerror}); check the file.") from error
