"""Outlines above the labels of what could be on the slices between two labelled ones."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_salient.widgets.label_volumes.case_layers import label_colors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.project.labels import LabelSchema

NAME = "interpolated"
OPACITY = 0.75
WIDTH = 1
"""Of the outlines, in voxels."""
PALENESS = 0.55
"""How far the colours of the classes are mixed with white, so that nobody takes them for labels."""
NOTHING = np.zeros((1, 1, 1), np.uint8)


class Ghost:
    """A layer as small as what it shows: while it is hidden it costs a step nothing."""

    def __init__(self, viewer: Any) -> None:
        self.layer: Labels | None = None
        self._viewer = viewer
        self._schema: LabelSchema | None = None

    @property
    def visible(self) -> bool:
        """Whether the outlines can be seen."""
        return self.layer is not None and self.layer in self._viewer.layers and self.layer.visible

    def show(
        self, block: NDArray[np.uint8], start: int, axis: int, like: Labels, schema: LabelSchema
    ) -> None:
        """Show neighbouring slices as outlines.

        Parameters
        ----------
        block : uint8 array, shape (slice, row, column)
            Label values.
        start, axis
            Where the first of them lies in the volume, and along which axis.
        like
            The labels layer of the case.
        schema
            The classes, for their colours.
        """
        layer = self._ready(like)
        self._colour(layer, schema)
        _place(layer, np.moveaxis(block, 0, axis).copy(), like, start, axis)
        layer.visible = True
        layer.editable = False

    def hide(self) -> None:
        """Show nothing."""
        if self.layer is not None:
            self.layer.visible = False

    def leave(self, like: Labels) -> None:
        """Forget what was shown of another case, of which no slice may keep the slider longer."""
        if self.layer is not None and self.layer in self._viewer.layers:
            self.layer.visible = False
            _place(self.layer, NOTHING, like, 0, 0)

    def remove(self) -> None:
        """Take the layer out of the viewer."""
        with suppress(ValueError):
            self._viewer.layers.remove(self.layer)
        self.layer = None

    def _ready(self, like: Labels) -> Labels:
        """Return the layer, made anew if somebody deleted it; the selected one stays selected."""
        if self.layer is None or self.layer not in self._viewer.layers:
            active, self._schema = self._viewer.layers.selection.active, None
            self.layer = Labels(
                NOTHING,
                name=NAME,
                opacity=OPACITY,
                visible=False,
                scale=like.scale,
                units=like.units,
                axis_labels=like.axis_labels,
            )
            self.layer.contour = WIDTH
            self._viewer.add_layer(self.layer)
            self._viewer.layers.selection.active = active
        return self.layer

    def _colour(self, layer: Labels, schema: LabelSchema) -> None:
        if schema is not self._schema:
            layer.colormap, self._schema = pale_colors(schema), schema


def pale_colors(schema: LabelSchema) -> DirectLabelColormap:
    """Return the colours of the classes, mixed with white."""
    colors = {
        value: np.append((1 - PALENESS) * color[:3] + PALENESS, color[3])
        for value, color in label_colors(schema).color_dict.items()
    }
    return DirectLabelColormap(color_dict=colors)


def _place(layer: Labels, data: NDArray[np.uint8], like: Labels, start: int, axis: int) -> None:
    offset = np.zeros(3)
    offset[axis] = start * like.scale[axis]
    layer.data = data
    if not np.array_equal(layer.scale, like.scale):
        layer.scale = like.scale
    layer.translate = offset
