"""A form made from a settings dataclass: its fields, defaults, types and docstring."""

from __future__ import annotations

import dataclasses
from typing import Any

import docstring_parser
from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtWidgets import QAbstractSpinBox, QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_salient.engine.bounds import annotations_of
from napari_salient.widgets.field_editors import Editor, editor_for


class SettingsForm(QWidget):
    """Edit an instance of a frozen dataclass.

    A nested dataclass is a group that can be folded; what the docstring's Parameters section says
    about a field is its tooltip.

    Parameters
    ----------
    settings_class
        The dataclass. Its fields are int, float, bool, str, `Path`, `Literal`, one of these or
        `None`, or another dataclass.
    hidden
        Names of fields that the form leaves at the value it was given; a dot leads into a group.
    """

    changed = Signal(object)
    """Emitted with the new instance."""

    def __init__(
        self,
        settings_class: type,
        hidden: tuple[str, ...] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._class = settings_class
        self._kept: Any = settings_class()
        self._editors: dict[str, Editor] = {}
        self._groups: dict[str, SettingsForm] = {}
        self._folds: dict[str, QCollapsible] = {}
        self._quiet = False
        self._rows = QFormLayout()
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._rows.setContentsMargins(0, 0, 0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._rows)
        self._build(hidden)

    def value(self) -> Any:
        """Return the settings as they stand in the form."""
        edited = {name: editor.value for name, editor in self._editors.items()}
        nested = {name: group.value() for name, group in self._groups.items()}
        return dataclasses.replace(self._kept, **edited, **nested)

    def set_value(self, settings: Any) -> None:
        """Show an instance; `changed` comes once, if it differs."""
        before = self.value()
        self._kept, self._quiet = settings, True
        for name, editor in self._editors.items():
            editor.value = getattr(settings, name)
        for name, group in self._groups.items():
            group.set_value(getattr(settings, name))
        self._quiet = False
        if self.value() != before:
            self.changed.emit(self.value())

    def editor(self, name: str) -> Editor:
        """Return the editor of a field; a dot leads into a group (``fit.steps``)."""
        first, _, rest = name.partition(".")
        return self._groups[first].editor(rest) if rest else self._editors[first]

    def show_group(self, name: str, shown: bool) -> None:
        """Show the group of a nested dataclass, or hide one that does not apply; it is kept."""
        self._folds[name].setVisible(shown)

    def _build(self, hidden: tuple[str, ...]) -> None:
        types, help_of = annotations_of(self._class), parameter_help(self._class)
        for field in dataclasses.fields(self._class):
            if field.name in hidden:
                continue
            if dataclasses.is_dataclass(types[field.name]):
                inside = _inside(field.name, hidden)
                self._add_group(field.name, types[field.name], inside, help_of.get(field.name, ""))
            else:
                self._add_row(field.name, types[field.name], help_of.get(field.name, ""))

    def _add_row(self, name: str, annotation: Any, tooltip: str) -> None:
        editor = editor_for(annotation, getattr(self._kept, name))
        editor.changed.connect(self._edited)
        editor.native.setAccessibleName(label_of(name))
        editor.native.setAccessibleDescription(tooltip)
        _scroll_past(editor.native, self)
        label = QLabel(label_of(name))
        label.setBuddy(editor.native)
        for widget in (label, editor.native):
            widget.setToolTip(_wrapped(tooltip))
        self._rows.addRow(label, editor.native)
        self._editors[name] = editor

    def _add_group(
        self, name: str, settings_class: type, hidden: tuple[str, ...], tooltip: str
    ) -> None:
        group = SettingsForm(settings_class, hidden)
        group.set_value(getattr(self._kept, name))
        group.changed.connect(self._edited)
        fold = QCollapsible(label_of(name))
        fold.setDuration(0)
        fold.addWidget(group)
        fold.setToolTip(_wrapped(tooltip))
        self.layout().addWidget(fold)
        self._groups[name], self._folds[name] = group, fold

    def _edited(self, _value: Any = None) -> None:
        if not self._quiet:
            self.changed.emit(self.value())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the wheel scroll the panel instead of changing a number that it passes."""
        if event.type() == QEvent.Type.Wheel and not watched.hasFocus():
            event.ignore()
            return True
        return bool(super().eventFilter(watched, event))


def parameter_help(documented: type) -> dict[str, str]:
    """Return what the Parameters section of a class's docstring says about each name."""
    parsed = docstring_parser.parse(
        documented.__doc__ or "", style=docstring_parser.DocstringStyle.NUMPYDOC
    )
    return {
        name: " ".join((item.description or "").split())
        for item in parsed.params
        for name in item.arg_name.split(", ")
    }


def _inside(group: str, names: tuple[str, ...]) -> tuple[str, ...]:
    prefix = f"{group}."
    return tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix))


def label_of(name: str) -> str:
    """Return a field's name as a label: ``learning_rate`` is "Learning rate"."""
    return name.replace("_", " ").capitalize()


def _wrapped(text: str) -> str:
    """Return a tooltip that Qt breaks into lines, which it does with rich text alone."""
    return f"<qt>{text}</qt>" if text else ""


def _scroll_past(widget: QWidget, watcher: QObject) -> None:
    for child in [widget, *widget.findChildren(QWidget)]:
        if isinstance(child, (QAbstractSpinBox, QComboBox)):
            child.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            child.installEventFilter(watcher)
