"""The three maps of an examination as layers over the radiograph."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from napari_salient.widgets.map_layer import show_map

if TYPE_CHECKING:
    import numpy as np
    from napari.layers import Image, Layer
    from numpy.typing import NDArray

    from napari_salient.caries.evidence import Evidence
    from napari_salient.caries.session import ReadingSession

PROBABILITY, ATTENTION, CONTRIBUTION = "probability", "attention", "contribution"
MAPS = (ATTENTION, CONTRIBUTION, PROBABILITY)
STEERED = (ATTENTION, CONTRIBUTION)
"""Those that change when the reader steers; what patches show never does."""


class MapLayers:
    """Shows one map at a time, all on a scale from 0 to 1."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        self.layers: dict[str, Image] = {}
        self.wanted: str | None = MAPS[0]

    def show(self, session: ReadingSession, image: Layer) -> None:
        """Show the maps of the radiograph that is open, over its layer."""
        evidence = session.evidence
        if evidence is None or session.case is None or session.examiner is None:
            self.remove()
            return
        bound = {"image": session.case.case.content_hash, "model": session.examiner.digest}
        for name in reversed(MAPS):
            layer = show_map(self.viewer, _spread(session, evidence, name), image, name)
            layer.metadata |= bound
            self.layers[name] = layer
        self.choose(self.wanted)

    def refresh(self, session: ReadingSession, evidence: Evidence) -> None:
        """Show what steering changed in the map that can be seen."""
        layer = self.layers.get(self.wanted or "")
        if layer is not None and layer.visible and self.wanted in STEERED:
            layer.data = _spread(session, evidence, layer.name)

    def choose(self, name: str | None) -> None:
        """Show one map, or none; stays so for the next radiographs."""
        self.wanted = name
        for shown, layer in self.layers.items():
            layer.visible = shown == name

    def remove(self) -> None:
        """Take the maps out of the viewer."""
        for layer in self.layers.values():
            with suppress(ValueError):
                self.viewer.layers.remove(layer)
        self.layers = {}


def _spread(session: ReadingSession, evidence: Evidence, name: str) -> NDArray[np.float32]:
    """Return a map of the radiograph in pixels ``(1, row, column)``."""
    assert session.grid is not None
    shown: dict[str, NDArray[np.floating]] = {
        PROBABILITY: evidence.probability[:, session.class_index],
        ATTENTION: evidence.weight,
        CONTRIBUTION: evidence.contributions[:, session.class_index],
    }
    return session.grid.spread(shown[name])[None]
