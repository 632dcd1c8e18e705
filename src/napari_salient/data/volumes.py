"""Volumes from files: the header at once, voxels when they are needed, in display orientation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.data.geometry import AxisOrder, display_spacing
from napari_salient.data.nifti import SPACE_UNIT, is_compressed, read_nifti_header, read_voxels
from napari_salient.data.planes import Plane, axis_of, slice_of
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MILLIMETRES = {1: 1000.0, 2: 1.0, 3: 0.001}
"""Length of the units of NIfTI (metre, mm, micron)."""

CLIP_PERCENTILES = (0.5, 99.5)


@dataclass(frozen=True, eq=False)
class VolumeHeader:
    """What is known of a volume without reading its voxels.

    Attributes
    ----------
    path : Path
        The source file; it is only ever read.
    shape : tuple of int
        Voxels along ``(z, y, x)`` in display orientation.
    channels : int
        1 for a 3D file.
    spacing : tuple of float
        Edges of a voxel along ``(z, y, x)``, in mm.
    dtype : str
        Type of the stored voxels, such as ``int16``.
    axes : str
        Directions in which the file's own axes run, such as ``RAS``.
    affine : numpy.ndarray, shape (4, 4)
        From the file's voxel indices to its world coordinates.
    source_shape : tuple of int
        Shape as stored: ``(i, j, k)`` or ``(i, j, k, channel)``.
    nifti : nibabel.Nifti1Header, optional
        The file's own header, from which labels take codes, quaternion and unit; None for a grid
        that comes from no file.
    """

    path: Path
    shape: tuple[int, int, int]
    channels: int
    spacing: tuple[float, float, float]
    dtype: str
    axes: str
    affine: np.ndarray
    source_shape: tuple[int, ...]
    nifti: Any = field(default=None, repr=False)

    @property
    def order(self) -> AxisOrder:
        """Return how the file's axes become those of the display."""
        return AxisOrder.of(self.affine)


def read_header(path: Path) -> VolumeHeader:
    """Read and check the header of a NIfTI volume.

    Raises
    ------
    InputError
        If the file is missing, no volume of 3 or 4 axes, truncated, or without valid geometry.
    """
    from nibabel.orientations import aff2axcodes

    nifti = read_nifti_header(path)
    affine = np.array(nifti.get_best_affine(), float)
    affine.setflags(write=False)
    source_shape = tuple(int(length) for length in nifti.get_data_shape())
    if min(source_shape[:3]) == 1:
        shown = " × ".join(map(str, source_shape))
        raise InputError(f"{path} is a single slice ({shown}), not a volume; choose another file.")
    z, y, x = (edge * _millimetres(nifti) for edge in display_spacing(affine))
    return VolumeHeader(
        path=path,
        shape=AxisOrder.of(affine).shape(source_shape),
        channels=source_shape[3] if len(source_shape) == 4 else 1,
        spacing=(z, y, x),
        dtype=nifti.get_data_dtype().name,
        axes="".join(aff2axcodes(affine)),
        affine=affine,
        source_shape=source_shape,
        nifti=nifti,
    )


def load_image(header: VolumeHeader) -> np.ndarray:
    """Read all voxels: float32 ``(channel, z, y, x)`` in display orientation.

    Raises
    ------
    InputError
        If the file is damaged or changed, has NaN or infinite voxels, or does not fit into memory.
    """
    voxels = read_voxels(header.path, header.nifti)
    return _finite(header, _with_channels(header.order.to_display(voxels), voxels.ndim))


def load_slice(header: VolumeHeader, plane: Plane, index: int) -> np.ndarray:
    """Read one slice: float32 ``(channel, row, column)`` in display orientation.

    Of an uncompressed file only this slice is read; a compressed one has to be unpacked.

    Raises
    ------
    InputError
        If there is no such slice, and as `load_image` does.
    """
    axis = axis_of(plane)
    length = header.shape[axis]
    if not 0 <= index < length:
        raise InputError(f"{header.path} has {length} {plane} slices; there is no slice {index}.")
    order = header.order
    voxels = read_voxels(header.path, header.nifti, order.source_slice(axis, index, length))
    thin = _with_channels(order.to_display(voxels), voxels.ndim)
    return _finite(header, thin.squeeze(axis + 1))


def load_slices(header: VolumeHeader, plane: Plane, indices: Sequence[int]) -> list[np.ndarray]:
    """Read some slices, each as `load_slice` does; a compressed file is unpacked only once."""
    if is_compressed(header.path) and len(indices) > 1:
        image = load_image(header)
        return [slice_of(image, plane, index) for index in indices]
    return [load_slice(header, plane, index) for index in indices]


def normalise(image: np.ndarray) -> np.ndarray:
    """Bring each channel to zero mean and unit standard deviation, its outliers clipped.

    Parameters
    ----------
    image : numpy.ndarray, shape (channel, ...)
        Finite values of any scale: scanners differ by factors of ten thousand.

    Returns
    -------
    numpy.ndarray, float32, same shape
        Values beyond the 0.5th and 99.5th percentile are clipped first. A constant channel becomes
        zeros.
    """
    return np.stack([_normalise_channel(channel) for channel in image])


def _normalise_channel(channel: np.ndarray) -> np.ndarray:
    low, high = np.percentile(channel, CLIP_PERCENTILES)
    clipped = np.clip(channel, low, high, dtype=np.float64) if low < high else channel
    centred = clipped - clipped.mean(dtype=np.float64)
    spread = float(centred.std(dtype=np.float64))
    flat = spread <= 1e-6 * float(np.abs(clipped).max())
    return np.zeros(channel.shape, np.float32) if flat else (centred / spread).astype(np.float32)


def _with_channels(voxels: np.ndarray, source_axes: int) -> np.ndarray:
    return voxels if source_axes == 4 else voxels[np.newaxis]


def _finite(header: VolumeHeader, voxels: np.ndarray) -> np.ndarray:
    bad = int(np.count_nonzero(~np.isfinite(voxels)))
    if bad:
        raise InputError(
            f"{header.path} has NaN or infinite voxels ({bad:,} of {voxels.size:,}); replace them "
            "by numbers in a copy of the file."
        )
    return np.ascontiguousarray(voxels)


def _millimetres(nifti: Any) -> float:
    """Return the length of the header's unit; files without a unit are taken as mm."""
    return MILLIMETRES.get(int(nifti["xyzt_units"]) & SPACE_UNIT, 1.0)
