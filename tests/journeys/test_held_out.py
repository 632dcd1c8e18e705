from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from napari_salient.project.splits import SplitFractions

pytestmark = [
    pytest.mark.window,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]

MIDDLE = 12


def test_a_validation_volume_is_opened_from_the_map_labelled_and_measured(make_project, sit_down):
    folder = make_project(cases=6, fractions=SplitFractions(0.5, 0.25, 0.25))
    annotator = sit_down()
    annotator.open(folder)
    session, page = annotator.session, annotator.bench.label_page
    [held_out, *_] = sorted(session.project.catalogue.ids_in("validation"))
    page.map.strips.setFocus()
    while page.map.cells.case_ids[page.map.strips.cursor[0]] != held_out:
        annotator.press(Qt.Key.Key_Down, on=page.map.strips)
    while page.map.strips.cursor[1] != MIDDLE:
        annotator.press(Qt.Key.Key_Left, on=page.map.strips)
    annotator.press(Qt.Key.Key_Return, on=page.map.strips)
    annotator.wait(lambda: annotator.desk.here == (held_out, MIDDLE))
    assert page.card.reason.text().startswith("Validation: measures")

    annotator.paint_truth()
    annotator.decide(Qt.Key.Key_A)
    assert annotator.desk.here == (held_out, MIDDLE + 1)
    assert held_out not in {p.case_id for p in session.queue}
    annotator.decide(Qt.Key.Key_N)
    assert session.case.case.split == "pool"
    assert page.card.reason.text().startswith("Why:")
    annotator.label(2)
    annotator.press(Qt.Key.Key_T, Qt.KeyboardModifier.ShiftModifier)
    annotator.wait(lambda: not annotator.bench.trainer.running)
    [point] = session.curve()
    assert point.labelled == 2
    assert 0 <= point.dice <= 1
    assert "of 2 volumes" in page.counts.text()
