"""Which grey values are drawn black and white: from the volume itself, or a CT window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from napari_salient.data.windows import CT_WINDOWS
from napari_salient.widgets.label_volumes.case_layers import auto_limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Image

AUTOMATIC = "Automatic"


class ContrastChooser(QWidget):
    """A list of windows; the choice stays for the cases to come."""

    def __init__(self, changed: Callable[[], object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._changed = changed
        self.choice = QComboBox()
        self.choice.addItem(AUTOMATIC, None)
        for window in CT_WINDOWS:
            self.choice.addItem(f"CT {window.name}", window.limits)
        self.choice.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.choice.setMinimumContentsLength(6)
        self.choice.setAccessibleName("Contrast")
        self.setToolTip("Contrast: which grey values are drawn black and white  (C, Shift+C)")
        self.choice.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.choice.currentIndexChanged.connect(lambda _index: self._changed())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel("◐"))
        layout.addWidget(self.choice, 1)

    def automatic(self) -> None:
        """Take the limits from the volume again."""
        self.choice.setCurrentIndex(0)
        self._changed()

    def next(self) -> None:
        """Take the next window of the list."""
        self.choice.setCurrentIndex((self.choice.currentIndex() + 1) % self.choice.count())

    def apply(self, images: list[Image]) -> None:
        """Set the contrast of a case's channels; a CT window acts on the first alone."""
        window = self.choice.currentData()
        for number, image in enumerate(images):
            fixed = window is not None and number == 0
            image.contrast_limits = window if fixed else auto_limits(image.data)
