from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication

from napari_salient.active_learning.settings import LoopSettings, SimulationSettings
from napari_salient.engine.bounds import Bounded, Bounds, Count, Positive
from napari_salient.engine.settings import FitSettings
from napari_salient.pretraining.settings import PretrainingSettings
from napari_salient.widgets.field_editors import FloatEditor, float_text
from napari_salient.widgets.settings_form import SettingsForm, label_of, parameter_help


@dataclass(frozen=True)
class Inner(Bounded):
    """A part.

    Parameters
    ----------
    rate
        How fast, in mm
        per second.
    """

    rate: Positive = 1e-4


@dataclass(frozen=True)
class Outer(Bounded):
    """All types that a form knows.

    Parameters
    ----------
    steps
        How many steps.
    """

    steps: int = 123_456
    decay: float = 1e-7
    augment: bool = True
    name: str = "T1"
    schedule: Literal["constant", "one_cycle"] = "one_cycle"
    folder: Path = Path("/data")
    seed: int | None = None
    limit: float | None = 2.5
    width: Count = 8
    gap: Count | None = None
    inner: Inner = field(default_factory=Inner)


CHANGED = Outer(
    steps=-5,
    decay=3.3e-21,
    augment=False,
    name="",
    schedule="constant",
    folder=Path("/data/a.nii"),
    seed=7,
    limit=None,
    inner=Inner(rate=0.25),
)


@pytest.fixture
def form(qtbot):
    form = SettingsForm(Outer)
    qtbot.addWidget(form)
    form.show()
    return form


@pytest.mark.parametrize("settings_class", [Outer, FitSettings, LoopSettings, SimulationSettings])
def test_an_untouched_form_gives_the_defaults(qtbot, settings_class):
    form = SettingsForm(settings_class)
    qtbot.addWidget(form)
    assert form.value() == settings_class()


def test_a_form_gives_back_what_it_was_given(form):
    form.set_value(CHANGED)
    assert form.value() == CHANGED
    form.set_value(Outer())
    assert form.value() == Outer()


def test_small_numbers_are_shown_as_they_are(form):
    assert form.editor("inner.rate").native.text() == "0.0001"
    assert form.editor("decay").native.text() == "1e-07"


def test_typing_changes_the_settings_and_says_so(qtbot, form):
    line = form.editor("inner.rate").native
    line.selectAll()
    with qtbot.waitSignal(form.changed) as changed:
        qtbot.keyClicks(line, "5e-3")
    assert form.value().inner.rate == 0.005
    assert isinstance(changed.args[0], Outer)


@pytest.mark.parametrize("text", ["abc", "", "nan", "inf", "1e"])
def test_text_that_is_no_number_is_marked_and_taken_back(qtbot, form, text):
    line = form.editor("decay").native
    line.setFocus()
    line.setText(text)
    assert line.styleSheet()
    assert form.value().decay == 1e-7
    line.editingFinished.emit()
    assert float(line.text()) == form.value().decay
    assert not line.styleSheet()


@pytest.mark.parametrize("text", ["0", "-1"])
def test_a_number_out_of_its_bounds_is_marked_and_taken_back(qtbot, form, text):
    line = form.editor("inner.rate").native
    line.setText(text)
    assert line.styleSheet()
    assert form.value() == Outer()
    line.editingFinished.emit()
    assert line.text() == "0.0001"


def test_a_whole_number_stops_at_its_bounds(form):
    spin = form.editor("width").native
    spin.setValue(-5)
    assert form.value().width == 1


def test_an_optional_number_starts_within_its_bounds(form):
    form.editor("gap")._tick.click()
    assert form.value().gap == 1


def test_integers_are_not_stopped_at_999(qtbot, form):
    form.set_value(replace(Outer(), steps=2_000_000))
    assert form.value().steps == 2_000_000


def test_an_optional_value_is_switched_by_its_tick(qtbot, form):
    editor = form.editor("seed")
    assert form.value().seed is None
    with qtbot.waitSignal(form.changed):
        editor._tick.click()
    assert form.value().seed == 0
    editor._tick.click()
    assert form.value().seed is None


def test_setting_a_value_is_one_change_and_none_if_nothing_differs(form):
    seen = []
    form.changed.connect(seen.append)
    form.set_value(CHANGED)
    assert seen == [CHANGED]
    form.set_value(CHANGED)
    assert seen == [CHANGED]


def test_the_docstring_is_the_tooltip(form):
    assert form.editor("steps").native.toolTip() == "<qt>How many steps.</qt>"
    assert form.editor("inner.rate").native.toolTip() == "<qt>How fast, in mm per second.</qt>"
    assert parameter_help(FitSettings)["clip_norm"].endswith("0 turns clipping off.")
    assert parameter_help(int) == {}
    assert (
        parameter_help(PretrainingSettings)["cpc"] == parameter_help(PretrainingSettings)["jigsaw"]
    )


def test_hidden_fields_keep_the_value_they_were_given(qtbot):
    form = SettingsForm(Outer, hidden=("name", "inner"))
    qtbot.addWidget(form)
    form.set_value(CHANGED)
    form.editor("steps").value = 9
    assert form.value() == replace(CHANGED, steps=9)


def test_a_dot_hides_a_field_of_a_group(qtbot):
    form = SettingsForm(Outer, hidden=("inner.rate",))
    qtbot.addWidget(form)
    form.set_value(CHANGED)
    with pytest.raises(KeyError):
        form.editor("inner.rate")
    assert form.value() == CHANGED


def test_a_group_that_does_not_apply_is_out_of_sight_and_keeps_its_values(form):
    form.set_value(CHANGED)
    form.show_group("inner", False)
    assert not form.editor("inner.rate").native.isVisible()
    assert form.value() == CHANGED


def test_the_wheel_scrolls_past_a_number_without_focus(form):
    spin = form.editor("steps").native
    form.editor("name").native.setFocus()
    here = QPointF(spin.rect().center())
    wheel = QWheelEvent(
        here,
        QPointF(spin.mapToGlobal(here.toPoint())),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(spin, wheel)
    assert form.value().steps == 123_456


def test_a_type_without_a_field_is_named(qtbot):
    @dataclass(frozen=True)
    class Odd:
        callback: complex = 1j

    with pytest.raises(TypeError, match="complex"):
        SettingsForm(Odd)


def test_labels_read_as_words():
    assert label_of("learning_rate") == "Learning rate"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_reads_back_exactly(value):
    assert float(float_text(value)) == value


def test_a_float_editor_keeps_all_digits(qtbot):
    editor = FloatEditor(0.1 + 0.2, Bounds(0))
    assert float(editor.native.text()) == 0.1 + 0.2
