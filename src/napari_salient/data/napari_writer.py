"""Labels layers as NIfTI files, for napari's File > Save. Nothing here imports napari."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.errors import InputError

if TYPE_CHECKING:
    from napari_salient.data.volumes import VolumeHeader


def write_labels_layer(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Write a labels layer in display orientation and return the path written.

    A layer whose metadata name its volume (``source``) is written on that volume's grid; any other
    one on a grid of its own, whose voxel size is the layer's scale in mm.

    Raises
    ------
    InputError
        If the layer is no volume, has values that labels cannot have, or does not fit its volume.
    """
    labels = _as_labels(np.asarray(data))
    source = attributes.get("metadata", {}).get("source")
    header = _source_header(source, labels) if source else _own_header(path, labels, attributes)
    from napari_salient.data.labels import write_labels

    write_labels(Path(path), labels, header)
    return [path]


def _as_labels(data: np.ndarray) -> np.ndarray:
    if data.ndim != 3:
        raise InputError(f"The layer has {data.ndim} axes; only volumes with three can be written.")
    if data.size and not 0 <= data.min() <= data.max() <= 255:
        raise InputError("The layer has labels below 0 or above 255; renumber them first.")
    return data.astype(np.uint8)


def _source_header(source: str, labels: np.ndarray) -> VolumeHeader:
    from napari_salient.data.volumes import read_header

    header = read_header(Path(source))
    if header.shape != labels.shape:
        raise InputError(
            f"The layer has the shape {labels.shape} and its volume {source} {header.shape}; "
            "save the labels of this volume instead."
        )
    return header


def _own_header(path: str, labels: np.ndarray, attributes: dict[str, Any]) -> VolumeHeader:
    from napari_salient.data.volumes import VolumeHeader

    z_mm, y_mm, x_mm = (float(edge) for edge in attributes.get("scale", (1, 1, 1)))
    depth, height, width = labels.shape
    return VolumeHeader(
        path=Path(path),
        shape=(depth, height, width),
        channels=1,
        spacing=(z_mm, y_mm, x_mm),
        dtype="uint8",
        axes="LPI",
        affine=np.diag([-x_mm, -y_mm, -z_mm, 1.0]),
        source_shape=(width, height, depth),
    )
