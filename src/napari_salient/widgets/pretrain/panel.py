"""The panel itself: its pages, with the run controls below them."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QSizePolicy, QTabWidget, QVBoxLayout, QWidget

from napari_salient.widgets.notice import NoticeLine, ResearchFooter
from napari_salient.widgets.pretrain.run_page import RunPage
from napari_salient.widgets.run_controls import RunControls

WIDTH = 390


class Pretrain(QWidget):
    """Teach an encoder on volumes that nobody has labelled, and start labelling from it.

    Parameters
    ----------
    napari_viewer
        The viewer that shows training examples and features.
    """

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self.notice = NoticeLine()
        self.controls = RunControls("Pretrain")
        self.controls.loss.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.run_page = RunPage(napari_viewer, self.controls)
        self.pages = QTabWidget()
        self.pages.tabBar().setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.pages.addTab(self.run_page, "Run")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 2)
        layout.setSpacing(3)
        for part in (self.pages, self.controls, self.notice, ResearchFooter()):
            layout.addWidget(part, 1 if part is self.pages else 0)
        self.run_page.told.connect(self.tell)

    def sizeHint(self) -> QSize:
        """Return the width that the pages are made for."""
        return QSize(WIDTH, 800)

    def tell(self, text: str, severity: str) -> None:
        """Show a sentence; only what needs attention pops up as well."""
        self.notice.tell(text, severity, popup=severity != "info")  # type: ignore[arg-type]
