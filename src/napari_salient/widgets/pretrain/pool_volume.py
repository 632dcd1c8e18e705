"""One volume of a pool in the viewer, at a slice."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.data.napari_reader import read
from napari_salient.data.pictures import SUFFIXES, load_picture
from napari_salient.engine.control import Control
from napari_salient.errors import SalientError
from napari_salient.widgets.jump import show_slice
from napari_salient.widgets.label_volumes.case_layers import auto_limits
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari.layers import Image
    from qtpy.QtWidgets import QWidget

    from napari_salient.data.planes import Plane
    from napari_salient.engine.events import Finished

PICTURE_SIDE = 512


class PoolVolume:
    """Shows one volume or picture at a time, in ordinary image layers that the next one replaces.

    Parameters
    ----------
    viewer
        napari's viewer.
    owner
        The panel; once it is closed nothing is shown any more.
    failed
        Called with the error of a file that cannot be read.
    """

    def __init__(
        self, viewer: Any, owner: QWidget, failed: Callable[[BaseException], object]
    ) -> None:
        self.viewer = viewer
        self.layers: list[Image] = []
        self.path: Path | None = None
        self._owner, self._failed = owner, failed
        self._wanted: tuple[Path, Plane, int] | None = None

    def show(self, path: Path, plane: Plane, index: int) -> None:
        """Bring a slice of a file into sight, once it is read if another one is shown."""
        self._wanted = wanted = (path, plane, index)
        if (
            path == self.path
            and self.layers
            and all(one in self.viewer.layers for one in self.layers)
        ):
            self._jump(plane, index)
            return
        start_job(
            lambda: _read(path),
            Control(),
            on_finished=lambda finished: self._arrived(finished, wanted),
            name="Reading a volume",
            owner=self._owner,
        )

    def _arrived(self, finished: Finished, wanted: tuple[Path, Plane, int]) -> None:
        if wanted is not self._wanted:
            return
        if finished.result is None:
            self._failed(finished.error or SalientError(finished.message))
            return
        path, plane, index = wanted
        self._put(finished.result)
        self.path = path
        self._jump(plane, index)
        self.viewer.reset_view()

    def _put(self, parts: list[tuple[Any, dict[str, Any]]]) -> None:
        """Put the channels of a volume into the layers that are there, or make layers."""
        shown = [layer for layer in self.layers if layer in self.viewer.layers]
        alike = [(layer.ndim, layer.rgb) for layer in shown] == [_kind(*part) for part in parts]
        if not alike:
            self._remove()
            self.layers = [self.viewer.add_image(voxels, **look) for voxels, look in parts]
            return
        for layer, (voxels, look) in zip(shown, parts, strict=True):
            layer.data, layer.name = voxels, look["name"]
            layer.metadata = look["metadata"]
            if not layer.rgb:
                layer.scale, layer.contrast_limits = look["scale"], look["contrast_limits"]

    def _remove(self) -> None:
        for layer in self.layers:
            with suppress(ValueError):
                self.viewer.layers.remove(layer)
        self.layers, self.path = [], None

    def _jump(self, plane: Plane, index: int) -> None:
        layer = self.layers[0]
        layer.visible = True
        if layer.ndim == 3:
            show_slice(self.viewer, layer, plane, index)


def _kind(voxels: Any, look: dict[str, Any]) -> tuple[int, bool]:
    rgb = bool(look.get("rgb"))
    return voxels.ndim - rgb, rgb


def _read(path: Path) -> list[tuple[Any, dict[str, Any]]]:
    """Return image and looks of each channel of a file, a picture's in one."""
    metadata = {"source": str(path)}
    if path.suffix.lower() in SUFFIXES:
        colours = np.moveaxis(load_picture(path, PICTURE_SIDE), 0, -1)
        return [(colours, {"name": path.stem, "rgb": True, "metadata": metadata})]
    ((voxels, look, _kind_of_layer),) = read(str(path))
    if look.pop("channel_axis", None) is None:
        return [(voxels, {**look, "contrast_limits": auto_limits(voxels)})]
    names = look.pop("name")
    own = {"blending": "additive"}
    return [
        (channel, {**look, **own, "name": name, "contrast_limits": auto_limits(channel)})
        for name, channel in zip(names, voxels, strict=True)
    ]
