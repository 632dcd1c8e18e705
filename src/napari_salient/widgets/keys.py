"""One table of keys: what they do, where they are bound, and the cheat sheet made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari.utils.key_bindings import coerce_keybinding
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class Key:
    """One key, in napari's notation (``A``, ``Control-Z``, ``F1``), and the words for what it does.

    Keys of one `group` stand together in the cheat sheet; two keys with the same text share a line.
    """

    key: str
    text: str
    action: Callable[[], object]
    group: str = ""


class KeyTable:
    """Keys bound on the viewer, or on a layer, while a widget is open.

    A key on the viewer yields to one that the selected layer's class has (``Control-Z`` of Labels),
    a key on a layer does not: bind the table on both. What was bound before comes back with
    `unbind`.
    """

    def __init__(self, keys: Sequence[Key]) -> None:
        self.keys = tuple(keys)
        self._bound: list[tuple[Any, dict[Any, Callable[..., object]]]] = []

    def bind(self, target: Any) -> None:
        """Bind all keys on a viewer or layer."""
        before = {}
        for key in self.keys:
            name = coerce_keybinding(key.key)
            if name in target.keymap:
                before[name] = target.keymap[name]
            target.bind_key(key.key, _as_handler(key.action), overwrite=True)
        self._bound.append((target, before))

    def unbind(self, target: Any = None) -> None:
        """Give the keys back, on `target` or everywhere."""
        kept = []
        for bound, before in reversed(self._bound):
            if target is not None and bound is not target:
                kept.append((bound, before))
                continue
            for key in self.keys:
                bound.bind_key(key.key, before.get(coerce_keybinding(key.key)), overwrite=True)
        self._bound = kept[::-1]


def _as_handler(action: Callable[[], object]) -> Callable[[Any], None]:
    def handle(_parent: Any) -> None:
        action()

    return handle


def key_text(key: str) -> str:
    """Return a key as the platform writes it: ``Ctrl+Z``, on macOS ``⌘Z``."""
    portable = key.replace("Control-", "Ctrl+").replace("Shift-", "Shift+").replace("Alt-", "Alt+")
    return QKeySequence(portable).toString(QKeySequence.SequenceFormat.NativeText) or key


class CheatSheet(QWidget):
    """The key table as the user reads it; hidden until toggled."""

    def __init__(self, table: KeyTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Keyboard shortcuts")
        layout = QGridLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setVerticalSpacing(1)
        layout.setColumnStretch(1, 1)
        group = ""
        for line in _lines(table.keys):
            if line[0].group != group:
                group = line[0].group
                layout.addWidget(QLabel(f"<b>{group}</b>"), layout.rowCount(), 0, 1, 2)
            row = layout.rowCount()
            keys = QLabel(" or ".join(key_text(key.key) for key in line))
            keys.setStyleSheet("font-family: monospace;")
            keys.setAlignment(Qt.AlignmentFlag.AlignTop)
            text = QLabel(line[0].text)
            text.setWordWrap(True)
            layout.addWidget(keys, row, 0)
            layout.addWidget(text, row, 1)
        self.hide()

    def toggle(self) -> None:
        """Show the sheet, or hide it."""
        self.setVisible(not self.isVisible())


def _lines(keys: Sequence[Key]) -> list[list[Key]]:
    lines: dict[tuple[str, str], list[Key]] = {}
    for key in keys:
        lines.setdefault((key.group, key.text), []).append(key)
    return list(lines.values())
