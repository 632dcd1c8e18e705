"""A line for a folder: typed, completed from the disk, or chosen in a dialog."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QDir, Signal
from qtpy.QtWidgets import (
    QCompleter,
    QFileDialog,
    QFileSystemModel,
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QWidget,
)


class FolderField(QWidget):
    """`changed` comes when the text changed, by whatever means."""

    changed = Signal()

    def __init__(self, what: str, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = QLineEdit()
        self.line.setPlaceholderText(hint)
        self.line.setAccessibleName(what)
        self.line.textChanged.connect(lambda _text: self.changed.emit())
        self.browse = QToolButton()
        self.browse.setText("…")
        self.browse.setToolTip(f"Choose {what.lower()}")
        self.browse.setAccessibleName(f"Choose {what.lower()}")
        self.browse.clicked.connect(self._choose)
        self._what = what
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.line, 1)
        layout.addWidget(self.browse)
        self.setFocusProxy(self.line)
        self._complete()

    @property
    def path(self) -> Path | None:
        """The folder, `None` while the line is empty."""
        text = self.line.text().strip()
        return Path(text).expanduser() if text else None

    def set_path(self, path: Path | None) -> None:
        """Show a folder."""
        self.line.setText("" if path is None else str(path))

    def _complete(self) -> None:
        files = QFileSystemModel(self)
        files.setFilter(QDir.Filter.AllDirs | QDir.Filter.NoDotAndDotDot)
        files.setRootPath("")
        self.line.setCompleter(QCompleter(files, self))

    def _choose(self, _checked: bool = False) -> None:
        dialog = QFileDialog(self, f"Choose {self._what.lower()}", self.line.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.line.setText)
        dialog.open()
