"""One sentence for the user: as napari's notification, and in a line that stays in the panel."""

from __future__ import annotations

import logging
from typing import Literal

from napari.utils.notifications import show_error, show_info, show_warning
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

from napari_salient.errors import SalientError

RESEARCH_USE_ONLY = "Research use only. Not a medical device."

Severity = Literal["info", "warning", "error"]

_SHOW = {"info": show_info, "warning": show_warning, "error": show_error}
_MARK = {"info": "", "warning": "Note: ", "error": "Error: "}
_COLOR = {"info": "#9fd3ff", "warning": "#ffcf66", "error": "#ff9a8a"}

logger = logging.getLogger(__name__)


def sentence_of(error: BaseException) -> str:
    """Return what to tell the user about an error.

    Errors raised on purpose carry their sentence; of anything else the kind is named, since its
    text alone (``'3'`` for a missing key) says nothing.
    """
    if isinstance(error, SalientError):
        return str(error)
    return (
        f"Something unexpected happened ({type(error).__name__}: {error}). The log has the details."
    )


class NoticeLine(QLabel):
    """The last notice, readable after napari's notification has faded."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setAccessibleName("Last notice")
        self.hide()

    def tell(self, text: str, severity: Severity = "info", *, popup: bool = True) -> None:
        """Show one sentence; `popup` also raises napari's notification."""
        self.setText(_MARK[severity] + text)
        self.setStyleSheet(f"color: {_COLOR[severity]};")
        self.show()
        if popup:
            _SHOW[severity](text)

    def tell_error(self, error: BaseException) -> None:
        """Show what went wrong; the traceback goes to the log."""
        logger.error("Shown to the user", exc_info=error)
        self.tell(sentence_of(error), "error")

    def forget(self) -> None:
        """Clear the line, when what it said no longer holds."""
        self.clear()
        self.hide()


class ResearchFooter(QLabel):
    """The line under every panel that says what the software is for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(RESEARCH_USE_ONLY, parent)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.setStyleSheet("color: #a0a4ab; font-size: 8pt;")
