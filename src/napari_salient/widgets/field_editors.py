"""An editor for each type of a settings field, on magicgui's widgets.

magicgui alone shows 1e-4 as 0.0, stops integers at 999, and has neither optional values nor nested
dataclasses.
"""

from __future__ import annotations

import math
import types
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, Union, get_args, get_origin

from magicgui.widgets import CheckBox, ComboBox, FileEdit, LineEdit, SpinBox
from psygnal import Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from napari_salient.engine.bounds import Bounds, bounds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from psygnal import SignalInstance

INTEGERS = Bounds(-(2**31), 2**31 - 1)
"""What a spin box can hold."""


class Editor(Protocol):
    """Shows one value and lets it be changed."""

    value: Any

    @property
    def native(self) -> QWidget:
        """The Qt widget to lay out."""

    @property
    def changed(self) -> SignalInstance:
        """Emitted with the new value."""


def editor_for(annotation: Any, value: Any) -> Editor:
    """Return an editor for a type, showing `value`.

    Raises
    ------
    TypeError
        If the type is none of int, float, bool, str, `Path`, `Literal`, or one of these or `None`.
    """
    inner = _without_none(annotation)
    if inner is not None:
        return OptionalEditor(inner, value)
    if get_origin(annotation) is Literal:
        editor: Editor = ComboBox(value=value, choices=get_args(annotation))
        return editor
    kind, bounds = _kind_of(annotation), bounds_of(annotation)
    if kind in _NUMBER_EDITORS:
        return _NUMBER_EDITORS[kind](value, bounds or Bounds(-math.inf))
    if kind not in _EDITORS:
        raise TypeError(f"There is no form field for the type {annotation!r}.")
    return _EDITORS[kind](value)


def blank_of(annotation: Any) -> Any:
    """Return the value that a field starts from when nothing is known about it."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)[0]
    bounds = bounds_of(annotation)
    blank = _kind_of(annotation)()
    return blank if bounds is None or blank in bounds else type(blank)(bounds.low)


class FloatEditor:
    """A number typed as text, so that 1e-4 is 0.0001 and keeps all its digits."""

    changed = Signal(float)

    def __init__(self, value: float, bounds: Bounds) -> None:
        self._bounds = bounds
        self._line = LineEdit(value=float_text(value))
        self._value = float(value)
        self._line.changed.connect(self._typed)
        self.native.editingFinished.connect(self._tidy)

    @property
    def native(self) -> QWidget:
        """The line edit."""
        return self._line.native

    @property
    def value(self) -> float:
        """The last number within the bounds that was typed; other text does not count."""
        return self._value

    @value.setter
    def value(self, value: float) -> None:
        self._line.value = float_text(value)

    def _typed(self, text: str) -> None:
        number = self._number(text)
        self.native.setStyleSheet("" if number is not None else "border: 1px solid #ff9a8a;")
        if number is not None and number != self._value:
            self._value = number
            self.changed.emit(number)

    def _tidy(self) -> None:
        self._line.value = float_text(self._value)

    def _number(self, text: str) -> float | None:
        try:
            number = float(text)
        except ValueError:
            return None
        return number if number in self._bounds else None


class OptionalEditor:
    """A tick in front of another editor; without it the value is `None`."""

    changed = Signal(object)

    def __init__(self, annotation: Any, value: Any) -> None:
        self._inner = editor_for(annotation, blank_of(annotation) if value is None else value)
        self._tick = QCheckBox()
        self._tick.setAccessibleName("Use a value")
        self.native = QWidget()
        row = QHBoxLayout(self.native)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._tick)
        row.addWidget(self._inner.native, 1)
        self.value = value
        self._inner.native.setEnabled(value is not None)
        self._tick.toggled.connect(self._ticked)
        self._inner.changed.connect(lambda _: self.changed.emit(self.value))

    @property
    def value(self) -> Any:
        """The inner value, or `None`."""
        return self._inner.value if self._tick.isChecked() else None

    @value.setter
    def value(self, value: Any) -> None:
        if value is not None:
            self._inner.value = value
        self._tick.setChecked(value is not None)

    def _ticked(self, on: bool) -> None:
        self._inner.native.setEnabled(on)
        self.changed.emit(self.value)


def _integer_editor(value: int, bounds: Bounds) -> Editor:
    limits = {"min": max(INTEGERS.low, bounds.low), "max": min(INTEGERS.high, bounds.high)}
    editor: Editor = SpinBox(value=value, **limits)
    return editor


_NUMBER_EDITORS: dict[Any, Callable[[Any, Bounds], Editor]] = {
    int: _integer_editor,
    float: FloatEditor,
}

_EDITORS: dict[Any, Callable[[Any], Editor]] = {
    bool: lambda value: CheckBox(value=value),
    str: lambda value: LineEdit(value=value),
    Path: lambda value: FileEdit(value=value),
}


def float_text(value: float) -> str:
    """Return the shortest text that reads back as `value`: ``0.0001``, ``1e-05``, ``300``."""
    short = f"{value:g}"
    return short if float(short) == value else repr(float(value))


def _kind_of(annotation: Any) -> Any:
    """Return the type that is annotated with bounds, or the annotation itself."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _without_none(annotation: Any) -> Any:
    """Return ``X`` for ``X | None`` and `None` for everything else."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return None
    inner = [part for part in get_args(annotation) if part is not type(None)]
    return inner[0] if len(inner) == 1 else None
