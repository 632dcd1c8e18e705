"""The settings of a prompt tool: how far it reaches, or which values it paints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QWidget
from superqt import QDoubleRangeSlider

if TYPE_CHECKING:
    from napari_salient.active_learning.open_case import OpenCase

STEPS_PER_MM = 2
LONGEST_MM = 40
CHANCE = "Probability"
AT_LEAST = 0.5
"""Probability from which the brush paints at first."""
DARKEST, MIDDLE, BRIGHTEST = 0.5, 75, 99.9
"""Percentiles of a volume: the ends of the slider, and where the window begins at first."""
MOST = (5, 95)
"""Percentiles of a class between which the window lies once so many voxels are drawn."""
LEAST_VOXELS = 20


class ReachSlider(QWidget):
    """A length in mm; `chosen` when a person, not the program, set it."""

    chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(1, LONGEST_MM * STEPS_PER_MM)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.slider.setAccessibleName("Reach")
        self.slider.setToolTip("Nothing farther than this from the mouse changes")
        self._words = QLabel()
        self.slider.valueChanged.connect(self._changed)
        layout = _row(self)
        layout.addWidget(QLabel("Reach"))
        layout.addWidget(self.slider, 1)
        layout.addWidget(self._words)

    @property
    def value_mm(self) -> float:
        """How far the tool reaches."""
        return float(self.slider.value() / STEPS_PER_MM)

    def show_mm(self, value: float) -> None:
        """Show a length without calling it chosen."""
        self.slider.blockSignals(True)
        self.slider.setValue(round(value * STEPS_PER_MM))
        self.slider.blockSignals(False)
        self._say()

    def step(self, by: int) -> None:
        """Choose a longer reach (1) or a shorter one (-1), by about a seventh."""
        self.slider.setValue(self.slider.value() + by * max(1, self.slider.value() // 7))

    def _changed(self) -> None:
        self._say()
        self.chosen.emit(self.value_mm)

    def _say(self) -> None:
        self._words.setText(f"{self.value_mm:.1f} mm")


class WindowSlider(QWidget):
    """Which values the threshold brush paints: of a channel, or of the model's probability."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source = QComboBox()
        self.source.setAccessibleName("What the brush goes by")
        self.source.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.slider = QDoubleRangeSlider(Qt.Orientation.Horizontal)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.slider.setAccessibleName("Values that are painted")
        self._words = QLabel()
        self._ranges: list[_Range] = []
        self._value = 0
        self._chosen: dict[tuple[int, int], tuple[float, float]] = {}
        self.source.currentIndexChanged.connect(lambda _index: self._show_source())
        self.slider.valueChanged.connect(self._moved)
        layout = _row(self)
        layout.addWidget(self.source)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self._words)

    @property
    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest value that is painted; an end of the slider is no limit."""
        low, high = self.slider.value()
        at_start, at_end = low <= self.slider.minimum(), high >= self.slider.maximum()
        return (-np.inf if at_start else float(low)), (np.inf if at_end else float(high))

    @property
    def of(self) -> Literal["intensity", "probability"]:
        """What has to lie in the window."""
        return "probability" if self.source.currentText() == CHANCE else "intensity"

    @property
    def channel(self) -> int:
        """The channel of the image whose intensities count."""
        return max(0, self.source.currentIndex()) if self.of == "intensity" else 0

    def suit(self, case: OpenCase, value: int) -> None:
        """Offer the channels of a case and values that suit a class, or those chosen for it."""
        self._value = value
        drawn = case.labels == value
        self._ranges = [_range(channel, drawn) for channel in case.image]
        self._ranges.append(_Range(0.0, 1.0, (AT_LEAST, 1.0)))
        many = len(case.image) > 1
        names = [f"Channel {n}" if many else "Intensity" for n in range(len(case.image))] + [CHANCE]
        if names != [self.source.itemText(row) for row in range(self.source.count())]:
            self.source.blockSignals(True)
            self.source.clear()
            self.source.addItems(names)
            self.source.blockSignals(False)
            self._chosen.clear()
        self._show_source()

    def _show_source(self) -> None:
        number = self.source.currentIndex()
        low, high, window = self._ranges[number]
        chosen = self._chosen.get((number, self._value), window)
        fits = low <= chosen[0] < chosen[1] <= high
        self.slider.blockSignals(True)
        self.slider.setRange(low, high)
        self.slider.setValue(chosen if fits else window)
        self.slider.blockSignals(False)
        self._say()

    def _moved(self) -> None:
        low, high = self.slider.value()
        self._chosen[self.source.currentIndex(), self._value] = float(low), float(high)
        self._say()

    def _say(self) -> None:
        low, high = self.slider.value()
        self._words.setText(f"{low:.3g} – {high:.3g}")


class _Range(NamedTuple):
    """The ends of a slider, and the window that it shows at first."""

    low: float
    high: float
    window: tuple[float, float]


def _range(channel: np.ndarray, drawn: np.ndarray) -> _Range:
    """Return the range of a channel ``(z, y, x)``, its window where most of a class lies."""
    step = max(1, round((channel.size / 100_000) ** (1 / 3)))
    sample = channel[::step, ::step, ::step]
    low, middle, high = (float(v) for v in np.percentile(sample, (DARKEST, MIDDLE, BRIGHTEST)))
    if np.count_nonzero(drawn) >= LEAST_VOXELS:
        begin, end = (float(v) for v in np.percentile(channel[drawn], MOST))
        low, high, middle = min(low, begin), max(high, end), begin
    else:
        end = high
    return (
        _Range(low, high, (middle, end)) if middle < end else _Range(low, low + 1, (low, low + 1))
    )


def _row(widget: QWidget) -> QHBoxLayout:
    layout = QHBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    return layout
