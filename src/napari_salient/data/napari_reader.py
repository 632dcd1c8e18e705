"""NIfTI volumes as layers, for napari's File > Open. Nothing here imports napari."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

LayerData = tuple[Any, dict[str, Any], str]
Paths = str | Sequence[str]

SUFFIXES = (".nii", ".nii.gz")


def get_reader(path: Paths) -> Callable[[Paths], list[LayerData]] | None:
    """Return `read` if all paths name NIfTI files, else `None`; napari asks before it opens."""
    names = [str(one).lower() for one in _listed(path)]
    return read if names and all(name.endswith(SUFFIXES) for name in names) else None


def read(path: Paths) -> list[LayerData]:
    """Return one image for each volume, in display orientation, split by channel.

    Raises
    ------
    InputError
        If a file cannot be used.
    """
    return [_read_one(Path(one)) for one in _listed(path)]


def _read_one(path: Path) -> LayerData:
    from napari_salient.data.discover import case_name
    from napari_salient.data.volumes import load_image, read_header

    header = read_header(path)
    image, name = load_image(header), case_name(path)
    placement = {
        "scale": header.spacing,
        "units": ("mm",) * 3,
        "axis_labels": ("z", "y", "x"),
        "metadata": {"source": str(path)},
    }
    if len(image) == 1:
        return image[0], {"name": name, **placement}, "image"
    names = [f"{name} [{channel}]" for channel in range(len(image))]
    return image, {"name": names, "channel_axis": 0, **placement}, "image"


def _listed(path: Paths) -> Sequence[str]:
    return [path] if isinstance(path, (str, Path)) else path
