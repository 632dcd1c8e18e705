"""What the viewer shows, put aside for a while and brought back as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.layers import Layer

CAMERA = ("angles", "perspective", "center", "zoom")


class ViewerState:
    """Hides all layers when it is made, and with `restore` shows again what was shown.

    The camera, the sliders, the axes with their order and names, and the selected layer come back
    as well.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._visible: dict[Layer, bool] = {layer: layer.visible for layer in viewer.layers}
        self._active = viewer.layers.selection.active
        self._axes = viewer.canvas.overlays["axes"].visible
        self._dims = viewer.dims.ndisplay, tuple(viewer.dims.order), tuple(viewer.dims.point)
        self._labels = tuple(viewer.dims.axis_labels)
        self._camera = {name: getattr(viewer.scene.camera, name) for name in CAMERA}
        # The empty box behind the brush's circle, alone in the canvas, crashes Mesa's OpenGL.
        viewer.canvas.overlays["_brush_circle"].box = False
        for layer in viewer.layers:
            layer.visible = False

    def restore(self) -> None:
        """Bring everything back; layers that were removed or added meanwhile are left alone."""
        viewer, (ndisplay, order, point) = self._viewer, self._dims
        viewer.canvas.overlays["axes"].visible = self._axes
        # Before anything is visible: napari paints amid this, which has crashed Mesa's OpenGL.
        viewer.dims.ndisplay = ndisplay
        if viewer.dims.ndim == len(order):
            viewer.dims.order, viewer.dims.axis_labels = order, self._labels
            viewer.dims.set_point(range(len(point)), point)
        for layer, visible in self._visible.items():
            if layer in viewer.layers:
                layer.visible = visible
        if self._active in viewer.layers:
            viewer.layers.selection.active = self._active
        for name, value in self._camera.items():
            setattr(viewer.scene.camera, name, value)
