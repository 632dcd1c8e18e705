"""The keys of the panel on the viewer and on the labels layer, and the list of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QScrollArea, QWidget

from napari_salient.widgets.keys import CheatSheet, KeyTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Labels

    from napari_salient.widgets.keys import Key


class Keyboard(QScrollArea):
    """Binds keys, and shows them in groups; bound on the layer too, whose own keys come first."""

    def __init__(self, viewer: Any, groups: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer, self._groups = viewer, tuple(groups)
        self._table = KeyTable(())
        self._layer: Labels | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def bind(self, keys: Sequence[Key]) -> None:
        """Bind these keys in place of those bound before."""
        self._table.unbind()
        self._table = KeyTable(sorted(keys, key=lambda key: self._groups.index(key.group)))
        self._table.bind(self._viewer)
        if self._layer is not None:
            self._table.bind(self._layer)
        sheet = CheatSheet(self._table)
        sheet.show()
        self.setWidget(sheet)

    def follow(self, layer: Labels | None) -> None:
        """Bind the keys on another labels layer as well, and on no other any more."""
        if layer is self._layer:
            return
        if self._layer is not None:
            self._table.unbind(self._layer)
        self._layer = layer
        if layer is not None:
            self._table.bind(layer)

    def unbind(self) -> None:
        """Give all keys back."""
        self._table.unbind()
        self._layer = None
