"""The page on which the label classes are changed, at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_salient.errors import SalientError
from napari_salient.widgets.label_volumes.schema_editor import SchemaEditor

if TYPE_CHECKING:
    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.project.labels import LabelSchema

WHAT = (
    "Colour, name and key of each class. What is painted stays as it is; a class that is added now "
    "is learnt in the next round."
)


class ClassesPage(QWidget):
    """`changed` comes when the project has other classes."""

    changed = Signal()
    told = Signal(str, str)
    """A sentence for the annotator, and its severity."""

    def __init__(self, session: LabellingSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.project = session.project
        self.editor = SchemaEditor(self.project.schema)
        self.editor.changed.connect(self._edited)
        self.setFocusProxy(self.editor.add)
        what = QLabel(WHAT)
        what.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 6, 4, 2)
        layout.addWidget(what)
        layout.addWidget(self.editor)
        layout.addStretch(1)

    def _edited(self, schema: LabelSchema) -> None:
        try:
            self.project.set_schema(schema)
        except SalientError as error:
            self.editor.set_schema(self.project.schema)
            self.told.emit(str(error), "error")
        else:
            self.changed.emit()
