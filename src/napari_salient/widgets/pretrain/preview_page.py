"""Training examples before anything is trained, as the network sees them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_salient.engine.control import Control
from napari_salient.errors import SalientError
from napari_salient.widgets.closing import on_closed
from napari_salient.widgets.keys import Key, KeyTable, key_text
from napari_salient.widgets.notice import NoticeLine
from napari_salient.widgets.pretrain.example_drawing import PADDING_COLOR, ROLE_COLORS, role_colors
from napari_salient.widgets.pretrain.example_layers import ExampleLayers
from napari_salient.widgets.worker import start_job

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qtpy.QtGui import QHideEvent, QShowEvent

    from napari_salient.engine.events import Finished
    from napari_salient.pretraining.preview import Preview
    from napari_salient.pretraining.preview_layout import Layout
    from napari_salient.pretraining.settings import PretrainingSettings

PREVIOUS_KEY, NEXT_KEY = "Alt-Left", "Alt-Right"
NOTHING_YET = "Ask for a preview to see the examples that the network would learn from."
PREPARING = "Reading volumes and cutting examples out of them."
IN_SPACE = (
    "The cubes are seen from above, from the front and the left of the patient before any turn. "
    "Ctrl+Y shows their slices."
)


class PreviewPage(QWidget):
    """Draws the first examples of a pretraining in the viewer, one at a time.

    Its layers are there while the page can be seen; all others come back afterwards as they were.
    `shown` says that an example is complete.

    Parameters
    ----------
    napari_viewer
        The viewer to draw in.
    """

    shown = Signal()

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self.preview: Preview | None = None
        self.number = 0
        self._viewer, self._wanted = napari_viewer, Control()
        self.layers = ExampleLayers(napari_viewer, self)
        self.layers.drawn.connect(self.shown)
        self._keys = KeyTable(
            [
                Key(PREVIOUS_KEY, "Previous example", lambda: self.step(-1)),
                Key(NEXT_KEY, "Next example", lambda: self.step(1)),
            ]
        )
        self._build()
        self._describe()
        on_closed(self, self._leave)

    def show_pool(self, source: Path, held_out_every: int, settings: PretrainingSettings) -> None:
        """Show the examples that a pretraining with these settings begins with.

        Parameters
        ----------
        source
            Folder of volumes or pictures, or of a labelling project.
        held_out_every
            Every n-th patient is not learned from.
        settings
            Of the pretraining.
        """
        from napari_salient.pretraining.preview import preview_of

        self._leave()
        self.preview, self._wanted = None, Control()
        wanted = self._wanted
        self.notice.tell(PREPARING, popup=False)
        self._describe()
        start_job(
            lambda: preview_of(source, held_out_every, settings),
            wanted,
            on_finished=lambda finished: self._prepared(finished, wanted),
            name="Preparing a preview",
            owner=self,
        )

    def step(self, by: int) -> None:
        """Show another example, after the last one the first."""
        if self.preview is not None:
            self.number = (self.number + by) % len(self.preview.examples)
            self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw the example again."""
        super().showEvent(event)
        if not event.spontaneous():
            self._draw()

    def hideEvent(self, event: QHideEvent) -> None:
        """Give the viewer back."""
        super().hideEvent(event)
        if not event.spontaneous():
            self._leave()

    def _prepared(self, finished: Finished, wanted: Control) -> None:
        if wanted is not self._wanted:
            return
        self.notice.forget()
        if finished.result is None:
            self.notice.tell_error(finished.error or SalientError(finished.message))
            return
        self.preview, self.number = finished.result, 0
        self._offer_channels(finished.result)
        self._draw()

    def _offer_channels(self, preview: Preview) -> None:
        self.channel.clear()
        if not preview.in_colour:
            self.channel.addItems(preview.inputs)
            self.channel.setCurrentIndex(preview.depth // 2)

    def _draw(self) -> None:
        """Describe the example, and draw it while the page can be seen."""
        from napari_salient.pretraining.preview_layout import lay_out

        self._describe()
        if self.preview is None or not self.isVisible():
            return
        layout = lay_out(self.preview, self.number)
        channel = None if self.preview.in_colour else self.channel.currentIndex()
        self._describe_pictures(layout)
        self.layers.show(layout, self.preview.axes_shown, channel)
        self._keys.unbind()
        self._keys.bind(self._viewer)

    def _leave(self) -> None:
        self._keys.unbind()
        self.layers.remove()

    def _describe(self) -> None:
        preview = self.preview
        self.previous.setEnabled(preview is not None)
        self.next.setEnabled(preview is not None)
        self.channel_row.setVisible(self.channel.count() > 1 and preview is not None)
        self.warnings.forget()
        if preview is None:
            self.sentence.setText(NOTHING_YET)
            for label in (self.facts, self.counter, self.words):
                label.clear()
            return
        self.counter.setText(f"Example {self.number + 1} of {len(preview.examples)}")
        self.sentence.setText(preview.sentence(self.number))
        hint = IN_SPACE if len(preview.sides) == 3 else ""
        self.facts.setText(f"{preview.facts()} {hint}".strip())
        if preview.notes:
            self.warnings.tell(" ".join(preview.notes), "warning", popup=False)

    def _describe_pictures(self, layout: Layout) -> None:
        """Name the pictures in the colours of their frames, and say what violet is."""
        colors = dict(zip(layout.words, role_colors(layout.words), strict=True))
        squares = len(colors) <= len(ROLE_COLORS)
        named = [
            (_square(colors[words]) if squares else "") + words + _times(count)
            for words, count in Counter(layout.words).items()
        ]
        if layout.padded and self.preview is not None and not self.preview.in_colour:
            named.append(f"{_square(PADDING_COLOR)}padding or air, up to {layout.padded:.0%}")
        self.words.setText(" · ".join(named))

    def _build(self) -> None:
        self.sentence, self.facts, self.words = (_text() for _ in range(3))
        self.sentence.setStyleSheet("font-weight: bold;")
        self.counter = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self.previous = _button("Previous", PREVIOUS_KEY, lambda: self.step(-1))
        self.next = _button("Next", NEXT_KEY, lambda: self.step(1))
        self.channel = QComboBox()
        self.channel.setAccessibleName("What is drawn of each input")
        self.channel.activated.connect(lambda _index: self._draw())
        self.channel_row = _row(QLabel("Drawn"), self.channel)
        self.warnings, self.notice = NoticeLine(), NoticeLine()
        layout = QVBoxLayout(self)
        steps = _row(self.previous, self.counter, self.next)
        for part in (steps, self.sentence, self.words, self.channel_row, self.facts):
            layout.addWidget(part)
        layout.addWidget(self.warnings)
        layout.addWidget(self.notice)
        layout.addStretch(1)


def _square(color: str) -> str:
    return f'<span style="color:{color}">■</span>&nbsp;'


def _times(count: int) -> str:
    return f" ({count})" if count > 1 else ""


def _text() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _button(text: str, key: str, action: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(key_text(key))
    button.clicked.connect(lambda _checked=False: action())
    return button


def _row(*widgets: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget, 1)
    return row
