"""Taking a label class out of use, and back in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_salient.data.label_values import BACKGROUND
from napari_salient.widgets.class_bar import swatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari_salient.project.labels import LabelClass, LabelSchema

KEPT = "Nothing is erased: the class can be used again at any time."


class Retirement(QGroupBox):
    """Asks which class to retire and what its voxels count as; lists the retired ones.

    `retire_requested` carries two label values, `restore_requested` one.

    Parameters
    ----------
    spread
        Says in words how much is labelled with the class of a value.
    """

    retire_requested = Signal(int, int)
    restore_requested = Signal(int)

    def __init__(self, spread: Callable[[int], str], parent: QWidget | None = None) -> None:
        super().__init__("Retire a class", parent)
        self._spread = spread
        self.which, self.into = QComboBox(), QComboBox()
        self.which.setAccessibleName("Class to retire")
        self.into.setAccessibleName("What its voxels count as")
        self.what = QLabel()
        self.what.setWordWrap(True)
        self.retire = QPushButton("Retire")
        self.retired = QVBoxLayout()
        self._lay_out()
        self.which.currentIndexChanged.connect(self._which_changed)
        self.retire.clicked.connect(self._retire)

    def show_schema(self, schema: LabelSchema) -> None:
        """Offer the classes of a schema."""
        self._schema = schema
        _fill(self.which, schema.active, "choose a class", None)
        self._which_changed()
        while self.retired.count():
            self.retired.takeAt(0).widget().deleteLater()
        for label in schema.classes:
            if not label.active:
                self.retired.addWidget(self._row(label))

    def _which_changed(self, _index: int = -1) -> None:
        value = self.which.currentData()
        others = [label for label in self._schema.active if label.value != value]
        _fill(self.into, others, "background", BACKGROUND)
        possible = value is not None and bool(others)
        self.into.setEnabled(possible)
        self.retire.setEnabled(possible)
        self.what.setText(f"{self._spread(value)} {KEPT}".strip() if possible else KEPT)

    def _retire(self, _checked: bool = False) -> None:
        self.retire_requested.emit(self.which.currentData(), self.into.currentData())

    def _row(self, label: LabelClass) -> QWidget:
        row = QWidget()
        back = QPushButton("Use again")
        back.setAccessibleName(f"Use {label.name} again")
        back.clicked.connect(lambda _checked=False: self.restore_requested.emit(label.value))
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        target = self._schema.name_of(label.value)
        layout.addWidget(QLabel(f"{label.name} counts as {target}"), 1)
        layout.addWidget(back)
        return row

    def _lay_out(self) -> None:
        grid = QGridLayout()
        for row, (text, box) in enumerate((("Retire", self.which), ("Counts as", self.into))):
            box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            name = QLabel(text)
            name.setBuddy(box)
            grid.addWidget(name, row, 0)
            grid.addWidget(box, row, 1)
        grid.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(grid)
        layout.addWidget(self.what)
        layout.addWidget(self.retire)
        layout.addLayout(self.retired)


def _fill(box: QComboBox, labels: Iterable[LabelClass], first: str, data: int | None) -> None:
    blocked = box.blockSignals(True)
    box.clear()
    box.addItem(first, data)
    for label in labels:
        box.addItem(swatch(label.color), label.name, label.value)
    box.blockSignals(blocked)
