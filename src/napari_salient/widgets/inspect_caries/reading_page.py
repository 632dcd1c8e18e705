"""The page on which a radiograph is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_salient.widgets.class_bar import ClassBar
from napari_salient.widgets.decision_buttons import DecisionButtons
from napari_salient.widgets.inspect_caries.brightness import Brightness
from napari_salient.widgets.inspect_caries.key_bindings import BUTTONS, reading_keys
from napari_salient.widgets.inspect_caries.map_layers import MAPS
from napari_salient.widgets.inspect_caries.score_card import UNSAVED, ScoreCard
from napari_salient.widgets.inspect_caries.words import MODES, place_text, size_text
from napari_salient.widgets.table import Table

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_salient.widgets.inspect_caries.desk import ReadingDesk

COLUMNS = ("No.", "Share", "Size", "At (x, y)", "State")
NO_MAP = "No map"


class ReadingPage(QWidget):
    """Score, maps, candidates and the tools to steer the attention with."""

    def __init__(self, desk: ReadingDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self.card, self.brightness = ScoreCard(), Brightness()
        self.maps, self.modes, self.classes = QComboBox(), QComboBox(), QComboBox()
        self.brushes = ClassBar()
        self.examined = QCheckBox("All of it is examined")
        self.table = Table(COLUMNS)
        self._layer: Labels | None = None
        self.decisions = DecisionButtons(reading_keys(desk, self), BUTTONS)
        self._fill()
        self._connect()
        self._lay_out()

    def next_map(self) -> None:
        """Show the next map, or none after the last."""
        self.maps.setCurrentIndex((self.maps.currentIndex() + 1) % self.maps.count())

    def next_mode(self) -> None:
        """Let included regions do something else."""
        self.modes.setCurrentIndex((self.modes.currentIndex() + 1) % self.modes.count())

    def show_case(self) -> None:
        """Show what belongs to another radiograph."""
        session, layers = self.desk.session, self.desk.layers
        assert session.case is not None
        assert layers.labels is not None
        ids = [case.id for case in session.cases]
        case = session.case.case
        self.card.show_place(case.name, ids.index(case.id) + 1, len(ids))
        self.brightness.follow(layers.images[0])
        if layers.labels is not self._layer:
            self._layer = layers.labels
            self._layer.events.selected_label.connect(self._class_selected)
        self._class_selected()

    def show_work(self) -> None:
        """Show score, candidates and state as they are now."""
        desk, session = self.desk, self.desk.session
        evidence = desk.evidence
        verdict = session.verdict(evidence, desk.candidates) if evidence else None
        self.card.show_verdict(verdict)
        self.examined.setChecked(session.examined)
        spacing = session.case.spacing if session.case else None
        self.table.set_rows(
            [
                (
                    number,
                    f"{candidate.share:.0%}",
                    size_text(candidate, spacing),
                    place_text(candidate),
                    "accepted" if session.is_accepted(candidate) else "",
                )
                for number, candidate in enumerate(desk.candidates, start=1)
            ]
        )
        if desk.candidate is not None:
            self.table.choose(desk.chosen)

    def _class_selected(self, _event: object = None) -> None:
        layer = self.desk.layers.labels
        if layer is not None:
            self.brushes.set_selected(layer.selected_label)

    def _map_chosen(self, _index: int) -> None:
        self.desk.maps.choose(self.maps.currentData())
        if self.desk.evidence is not None:
            self.desk.maps.refresh(self.desk.session, self.desk.evidence)

    def _mode_chosen(self, _index: int) -> None:
        self.desk.session.mode = self.modes.currentData()
        self.desk.refresh()

    def _class_chosen(self, _index: int) -> None:
        self.desk.explain(self.classes.currentData())

    def _examined_clicked(self, examined: bool) -> None:
        self.desk.edit(lambda: self.desk.session.set_examined(examined))

    def _fill(self) -> None:
        for name in MAPS:
            self.maps.addItem(f"Map: {name}", name)
        self.maps.addItem(NO_MAP, None)
        for mode, words in MODES.items():
            self.modes.addItem(words, mode)
        examiner = self.desk.session.examiner
        for index in examiner.lesions if examiner else ():
            self.classes.addItem(examiner.class_names[index] if examiner else "", index)
        self.classes.setVisible(self.classes.count() > 1)
        self.brushes.set_schema(self.desk.session.project.schema)
        for box, name in ((self.maps, "Map"), (self.modes, "Mode"), (self.classes, "Class")):
            box.setAccessibleName(name)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            box.setMinimumContentsLength(6)
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.maps.setToolTip("What the coloured map over the radiograph shows, from 0 to 1  (D)")
        self.modes.setToolTip(
            "What included regions do to the score; excluded ones are never attended to  (T)"
        )
        self.examined.setToolTip("What is not included shows no lesion, on all of it  (W)")
        self.examined.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.table.setAccessibleName("Candidate lesions")
        self.table.setToolTip("Where the score comes from, the weightiest first; click to see it")

    def _connect(self) -> None:
        desk = self.desk
        desk.shown.connect(self.show_case)
        desk.changed.connect(self.show_work)
        desk.opening.connect(self.card.show_opening)
        desk.recorder.unsaved.connect(lambda: self.card.show_saved(UNSAVED))
        desk.recorder.saved.connect(lambda: self.card.show_saved("saved"))
        self.maps.currentIndexChanged.connect(self._map_chosen)
        self.modes.currentIndexChanged.connect(self._mode_chosen)
        self.classes.currentIndexChanged.connect(self._class_chosen)
        self.brushes.chosen.connect(desk.select_class)
        self.examined.clicked.connect(self._examined_clicked)
        self.table.row_chosen.connect(desk.choose)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 6, 4, 2)
        layout.setSpacing(5)
        row = QHBoxLayout()
        for box in (self.maps, self.modes, self.classes):
            row.addWidget(box, 1)
        layout.addWidget(self.card)
        layout.addLayout(row)
        layout.addWidget(self.brushes)
        layout.addWidget(self.examined)
        layout.addWidget(self.decisions)
        layout.addWidget(QLabel("Candidate lesions"))
        layout.addWidget(self.table, 1)
        layout.addWidget(self.brightness)
