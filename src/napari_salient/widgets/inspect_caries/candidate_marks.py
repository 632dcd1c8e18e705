"""Numbered rings around the candidates, so that the list and the radiograph go together."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Layer

    from napari_salient.caries.candidates import Candidate

NAME = "candidates"
MOST = 20
"""Rings there are. Hiding some is quicker than making a layer of another number of them."""
WIDER = 1.6
"""How many times the size of a candidate its ring is wide."""
COLOR = "#7fffd4"


class CandidateMarks:
    """Keeps a layer of rings over a radiograph."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.layer: Points | None = None

    def show(self, candidates: Sequence[Candidate], image: Layer) -> None:
        """Draw rings around the first candidates of the radiograph in a layer."""
        if self.layer is None:
            self._add(image)
        layer, first = self.layer, candidates[:MOST]
        assert layer is not None
        middle = np.array([0, *image.data.shape[1:]]) // 2
        centres, sizes = np.tile(middle.astype(float), (MOST, 1)), np.ones(MOST)
        for number, candidate in enumerate(first):
            centres[number, 1:] = np.subtract(candidate.centre, 0.5)
            sizes[number] = WIDER * max(candidate.size)
        shown = np.arange(MOST) < len(first)
        if np.array_equal(layer.data, centres) and np.array_equal(layer.shown, shown):
            return
        if tuple(layer.scale) != tuple(image.scale):
            layer.scale = image.scale
        with layer.events.blocker_all():
            layer.size, layer.shown = sizes, shown
        layer.data = centres

    def remove(self) -> None:
        """Take the rings out of the viewer."""
        if self.layer is not None:
            with suppress(ValueError):
                self.viewer.layers.remove(self.layer)
        self.layer = None

    def _add(self, image: Layer) -> None:
        """Put the layer below that which is active, and leave that active."""
        layers = self.viewer.layers
        active = layers.selection.active
        self.layer = Points(
            np.zeros((MOST, 3)),
            name=NAME,
            shown=np.zeros(MOST, bool),
            face_color="transparent",
            border_color=COLOR,
            border_width=0.06,
            features={"number": range(1, MOST + 1)},
            text={"string": "{number}", "color": COLOR, "size": 9, "anchor": "upper_left"},
            scale=image.scale,
            units=image.units,
            axis_labels=image.axis_labels,
        )
        layers.insert(layers.index(active), self.layer)
        layers.selection.active = active
