"""The page on which the label classes are changed, at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_salient.errors import SalientError
from napari_salient.widgets.label_volumes.retirement import Retirement
from napari_salient.widgets.label_volumes.schema_editor import SchemaEditor

if TYPE_CHECKING:
    from collections.abc import Callable

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
        self.session = session
        self.editor = SchemaEditor(session.project.schema)
        self.editor.changed.connect(self._edited)
        self.retirement = Retirement(self._spread)
        self.retirement.show_schema(session.project.schema)
        self.retirement.retire_requested.connect(self._retire)
        self.retirement.restore_requested.connect(self._restore)
        self.setFocusProxy(self.editor.add)
        what = QLabel(WHAT)
        what.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 6, 4, 2)
        layout.addWidget(what)
        layout.addWidget(self.editor)
        layout.addWidget(self.retirement)
        layout.addStretch(1)

    def _edited(self, schema: LabelSchema) -> None:
        if not self._change(lambda: schema):
            self.editor.set_schema(self.session.project.schema)

    def _retire(self, value: int, into: int) -> None:
        schema = self.session.project.schema
        name = schema.name_of(value)
        if self._change(lambda: schema.retire(value, into)):
            self.told.emit(f"{name} counts as {schema.name_of(into)} from now on.", "info")
            self._show()

    def _restore(self, value: int) -> None:
        if self._change(lambda: self.session.project.schema.restore(value)):
            name = self.session.project.schema.name_of(value)
            self.told.emit(f"{name} is in use again.", "info")
            self._show()

    def _show(self) -> None:
        self.editor.set_schema(self.session.project.schema)
        self.retirement.which.setFocus()

    def _change(self, make: Callable[[], LabelSchema]) -> bool:
        """Change the classes of the project; return whether that was possible."""
        try:
            self.session.set_schema(make())
        except SalientError as error:
            self.told.emit(str(error), "error")
            return False
        self.retirement.show_schema(self.session.project.schema)
        self.changed.emit()
        return True

    def _spread(self, value: int) -> str:
        found = self.session.labelled_with(value)
        if found is None:
            return ""
        name = self.session.project.schema.name_of(value)
        return f"{found[0]} of the {found[1]} slices that the model learnt from show {name}."
