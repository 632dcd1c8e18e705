"""The first page: which radiographs are read, with which model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_salient.widgets.label_volumes.folder_field import FolderField

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = (
    "The score of a radiograph is the weighted mean of what its patches show, so the map is the "
    "computation itself. Paint where the model should look and where it should not: the score "
    "follows at once. A patch sees a little beyond its border, so what is excluded may still "
    "colour its neighbours."
)


class SetUpPage(QWidget):
    """`open_requested` carries the folder, and the model or `None`."""

    open_requested = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.folder = FolderField("Radiographs or project", "a folder of PNG, JPEG, TIFF or DICOM")
        self.model = FolderField("Model", "optional: a run's folder, or a checkpoint")
        self.open = QPushButton("Open")
        self.open.setAutoDefault(True)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setStyleSheet("color: #ff9a8a;")
        self.problem.setAccessibleName("What is wrong")
        about = QLabel(ABOUT)
        about.setWordWrap(True)
        self.open.clicked.connect(self._open)
        self.folder.line.returnPressed.connect(self._open)
        rows = QFormLayout()
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapAllRows)
        rows.addRow("Radiographs, or a project of them", self.folder)
        rows.addRow("Model", self.model)
        layout = QVBoxLayout(self)
        layout.addLayout(rows)
        for part in (self.open, self.problem, about):
            layout.addWidget(part)
        layout.addStretch(1)
        self.setFocusProxy(self.folder)

    def suggest(self, folder: Path, model: Path | None) -> None:
        """Fill in what is opened."""
        self.folder.set_path(folder)
        self.model.set_path(model)

    def _open(self, _checked: bool = False) -> None:
        if self.folder.path is None:
            self.problem.setText("Choose a folder of radiographs first.")
            return
        self.problem.clear()
        self.open_requested.emit(self.folder.path, self.model.path)
