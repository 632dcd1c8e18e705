"""Editing the label classes: name, colour, key; a class can be added at any time."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QColorDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_salient.errors import InputError
from napari_salient.project.labels import LabelSchema
from napari_salient.widgets.class_bar import swatch

if TYPE_CHECKING:
    from napari_salient.project.labels import LabelClass

TAKEN_KEYS = frozenset("ARUWTNOSQDCEPFLZBMXV")
"""Keys of the panel and of napari's labels layer."""


class SchemaEditor(QWidget):
    """`changed` carries the new schema; what cannot be used is said below the rows, not applied."""

    changed = Signal(object)

    def __init__(self, schema: LabelSchema, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.schema = schema
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setStyleSheet("color: #ff9a8a;")
        self.problem.hide()
        self.add = QPushButton("Add a class")
        self.add.clicked.connect(self._add)
        self.rows: list[ClassRow] = []
        self._grid = QGridLayout()
        self._grid.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._grid)
        layout.addWidget(self.add)
        layout.addWidget(self.problem)
        self._show()

    def set_schema(self, schema: LabelSchema) -> None:
        """Show another schema, without a signal."""
        self.schema = schema
        self._show()

    def _show(self) -> None:
        for row in self.rows:
            row.remove(self._grid)
        self.rows = [ClassRow(label, self._edited) for label in self.schema.active]
        for number, row in enumerate(self.rows):
            row.place(self._grid, number)

    def _add(self, _checked: bool = False) -> None:
        names = set(self.schema.class_names)
        number = next(n for n in range(1, 300) if f"class {n}" not in names)
        self._take(lambda: self.schema.add(f"class {number}"))
        self._show()
        self.rows[-1].name.setFocus()
        self.rows[-1].name.selectAll()

    def _edited(self, row: ClassRow) -> None:
        self._take(lambda: _replaced(self.schema, row.value()))

    def _take(self, make: object) -> None:
        try:
            schema = make()  # type: ignore[operator]
        except InputError as error:
            self.problem.setText(str(error))
            self.problem.show()
            return
        self.problem.hide()
        if schema != self.schema:
            self.schema = schema
            self.changed.emit(schema)


class ClassRow:
    """Colour, name and key of one class."""

    def __init__(self, label: LabelClass, edited: object) -> None:
        self._label = label
        self._edited = edited
        self.color, self.name, self.key = QToolButton(), QLineEdit(label.name), QLineEdit(label.key)
        self.color.setIcon(swatch(label.color, 16))
        self.color.setToolTip("Choose a colour")
        self.color.setAccessibleName(f"Colour of {label.name}")
        self.name.setAccessibleName(f"Name of class {label.value}")
        self.key.setAccessibleName(f"Key of class {label.value}")
        self.key.setMaxLength(1)
        self.key.setFixedWidth(32)
        self.key.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.color.clicked.connect(self._choose_color)
        self.name.editingFinished.connect(self._tell)
        self.key.editingFinished.connect(self._tell)

    def value(self) -> LabelClass:
        """Return the class as it stands in the row.

        Raises
        ------
        InputError
            If the name is empty or the key is taken by the panel or by napari.
        """
        key = self.key.text().strip().upper()
        if key in TAKEN_KEYS and key:
            raise InputError(f"The key {key} does something else already; take a digit.")
        return dataclasses.replace(self._label, name=self.name.text().strip(), key=key)

    def place(self, grid: QGridLayout, number: int) -> None:
        """Put the row into a grid."""
        for column, widget in enumerate((self.color, self.name, self.key)):
            grid.addWidget(widget, number, column)

    def remove(self, grid: QGridLayout) -> None:
        """Take the row out of a grid."""
        for widget in (self.color, self.name, self.key):
            grid.removeWidget(widget)
            widget.deleteLater()

    def _choose_color(self, _checked: bool = False) -> None:
        dialog = QColorDialog(QColor(self._label.color), self.color)
        dialog.colorSelected.connect(self._color_chosen)
        dialog.open()

    def _color_chosen(self, color: QColor) -> None:
        self._label = dataclasses.replace(self._label, color=color.name())
        self.color.setIcon(swatch(color.name(), 16))
        self._tell()

    def _tell(self) -> None:
        self._edited(self)  # type: ignore[operator]


def _replaced(schema: LabelSchema, label: LabelClass) -> LabelSchema:
    others = [c for c in schema.active if c.value != label.value]
    twin = next((c for c in others if label.key and c.key == label.key), None)
    if twin is not None:
        raise InputError(f"The key {label.key} paints {twin.name} already; take another.")
    return LabelSchema(tuple(label if c.value == label.value else c for c in schema.classes))
