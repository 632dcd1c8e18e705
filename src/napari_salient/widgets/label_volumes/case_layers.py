"""The open case as layers of the viewer: its channels, its labels, and how unsure the model is."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from napari.layers import Image, Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_salient.data.label_values import UNSURE
from napari_salient.widgets.map_layer import show_map

if TYPE_CHECKING:
    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_salient.data.volumes import VolumeHeader
    from napari_salient.project.catalogue import Case
    from napari_salient.project.labels import LabelSchema

UNSURE_COLOR = "#ff00ff"
LABEL_OPACITY = 0.55
BRUSH_SHARE = 16
"""The brush starts this many times smaller than the volume."""
DARKEST, BRIGHTEST = 0.5, 99.8
"""Percentiles of a volume that are drawn black and white."""


class ShownCase(Protocol):
    """A case in memory as the viewer shows it."""

    @property
    def case(self) -> Case:
        """Who it is."""

    @property
    def header(self) -> VolumeHeader:
        """Its grid."""

    @property
    def image(self) -> NDArray[np.float32]:
        """Intensities ``(channel, z, y, x)``."""

    @property
    def labels(self) -> NDArray[np.uint8]:
        """The live labels ``(z, y, x)``."""

    @property
    def uncertainty(self) -> NDArray[np.float32] | None:
        """How unsure a model is ``(z, y, x)``."""


class CaseLayers:
    """Puts a case into the viewer and takes it out again.

    The labels layer shows the session's own array, so that strokes change it in place. Making
    layers takes napari half a second each, so the next case is put into those that are there.
    """

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.images: list[Image] = []
        self.labels: Labels | None = None
        self.map: Image | None = None
        self.map_wanted = False
        self._case: ShownCase | None = None
        _take_box_off_brush(viewer)

    @property
    def all(self) -> list[Layer]:
        """The layers of the case."""
        return [layer for layer in (*self.images, self.map, self.labels) if layer is not None]

    @property
    def complete(self) -> bool:
        """Whether everything that was put into the viewer is still there."""
        return self.labels is not None and all(layer in self.viewer.layers for layer in self.all)

    def show(self, case: ShownCase, schema: LabelSchema) -> Labels:
        """Show a case in place of the one before, and return the labels layer."""
        self._case = case
        if self.labels is None or not self.complete or len(self.images) != len(case.image):
            self.remove()
            self._case = case
            self.labels = self._add(schema)
        else:
            self._refill(self.labels)
        self.viewer.layers.selection.active = self.labels
        return self.labels

    def remove(self) -> None:
        """Take the case out of the viewer."""
        for layer in self.all:
            with suppress(ValueError):
                self.viewer.layers.remove(layer)
        self.images, self.labels, self.map, self._case = [], None, None, None

    def set_schema(self, schema: LabelSchema) -> None:
        """Draw the labels in the colours of another schema."""
        if self.labels is not None:
            self.labels.colormap = label_colors(schema)
            retired = [label.value for label in schema.classes if not label.active]
            if self.labels.selected_label in retired:
                self.labels.selected_label = schema.active[0].value

    def refresh_map(self, what: str) -> None:
        """Show how unsure the model is about the case; `what` says which model, in the name."""
        if self._case is None or not self.images:
            return
        values = self._case.uncertainty
        if self.map is None and values is not None:
            self.map = show_map(self.viewer, values, self.images[0], "uncertainty")
            self.map.visible = False
            self.map.events.visible.connect(self._fill_map)
        if self.map is not None:
            self.map.name = f"uncertainty {what}".strip()
            self.map.visible = self.map_wanted and values is not None
            self._fill_map()

    def toggle_map(self) -> None:
        """Show or hide the uncertainty; stays so for the next cases."""
        self.map_wanted = not self.map_wanted
        if self.map is not None and self._case is not None:
            self.map.visible = self.map_wanted and self._case.uncertainty is not None

    def _fill_map(self, _event: Any = None) -> None:
        """Put the case's values into the map if it can be seen; nothing is drawn without any.

        A map that is hidden takes on the size of the case as well: the viewer's slider would go on
        to the last slice of the largest layer.
        """
        if self.map is None or self._case is None:
            return
        shape = self._case.labels.shape
        values = self._case.uncertainty if self.map.visible else None
        if values is None and (self.map.visible or self.map.data.shape != shape):
            values = np.broadcast_to(np.float32(0), shape)
        if values is not None and self.map.data is not values:
            self.map.data = values
        _rescale(self.map, self._case.header.spacing)

    def _names(self, case: ShownCase) -> list[str]:
        if len(case.image) == 1:
            return [case.case.name]
        return [f"{case.case.name} [{channel}]" for channel in range(len(case.image))]

    def _add(self, schema: LabelSchema) -> Labels:
        assert self._case is not None
        case = self._case
        placement: dict[str, Any] = {
            "scale": case.header.spacing,
            "units": ("mm",) * 3,
            "axis_labels": ("z", "y", "x"),
        }
        for channel, (name, voxels) in enumerate(zip(self._names(case), case.image, strict=True)):
            image = Image(
                voxels,
                name=name,
                contrast_limits=auto_limits(voxels),
                colormap="gray",
                blending="additive" if channel else "translucent_no_depth",
                interpolation2d="linear",
                **placement,
            )
            self.images.append(self.viewer.add_layer(image))
        layer = Labels(
            case.labels,
            name=f"labels of {case.case.name}",
            colormap=label_colors(schema),
            opacity=LABEL_OPACITY,
            **placement,
        )
        self.viewer.add_layer(layer)
        layer.brush_size = max(2, max(case.labels.shape) // BRUSH_SHARE)
        layer.selected_label = schema.active[0].value if schema.active else 0
        layer.mode = "paint"
        return layer

    def _refill(self, labels: Labels) -> None:
        """Put the case into the layers that are there.

        A labels layer that is not editable forgets its undo stack, which would otherwise write
        pixels of the old case into the new one.
        """
        assert self._case is not None
        case, mode = self._case, labels.mode
        for image, name, voxels in zip(self.images, self._names(case), case.image, strict=True):
            image.data, image.name = voxels, name
            _rescale(image, case.header.spacing)
        labels.editable = False
        labels.data, labels.name = case.labels, f"labels of {case.case.name}"
        _rescale(labels, case.header.spacing)
        labels.editable = True
        labels.mode = mode


def _take_box_off_brush(viewer: Any) -> None:
    """Have the brush's circle drawn without the empty box behind it, which napari 0.9 never hides.

    The box alone in the canvas, once all layers are gone, crashes Mesa's OpenGL at the next frame.
    """
    viewer.canvas.overlays["_brush_circle"].box = False


def _rescale(layer: Layer, spacing: tuple[float, ...]) -> None:
    """Set a layer's scale where it is another one: even the same one costs napari 20 ms.

    Of a hidden layer with data of another size it is set again, as napari measures the layer only
    then.
    """
    last_voxel = np.asarray(layer.data.shape) - 1
    measured = np.array_equal(layer.extent.data[1], last_voxel)
    if not measured or tuple(layer.scale) != tuple(spacing):
        layer.scale = spacing


def label_colors(schema: LabelSchema) -> DirectLabelColormap:
    """Return the colour of each label value; background is clear, unknown values are grey."""
    colors: dict[int | None, str] = {None: "#808080", 0: "#00000000", UNSURE: UNSURE_COLOR}
    colors |= {label.value: label.color for label in schema.classes}
    return DirectLabelColormap(color_dict=colors)


def auto_limits(voxels: np.ndarray) -> tuple[float, float]:
    """Return intensities to draw black and white, estimated from about 100,000 voxels."""
    step = max(1, round((voxels.size / 100_000) ** (1 / 3)))
    sample = voxels[::step, ::step, ::step]
    finite = sample[np.isfinite(sample)]
    if not finite.size:
        return 0.0, 1.0
    low, high = (float(limit) for limit in np.percentile(finite, (DARKEST, BRIGHTEST)))
    return (low, high) if high > low else (low, low + 1.0)
