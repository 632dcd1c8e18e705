from __future__ import annotations

import dataclasses

import pytest
from qtpy.QtCore import Qt

from napari_salient.project.splits import SplitFractions
from napari_salient.widgets.label_volumes import stop_words

SHIFT = Qt.KeyboardModifier.ShiftModifier
VALIDATED = SplitFractions(0.6, 0.4, 0.0)

pytestmark = [
    pytest.mark.window,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]


def work_a_round(annotator, slices):
    number = annotator.session.active_round.number if annotator.session.active_round else 0
    annotator.label(slices)
    annotator.press(Qt.Key.Key_T, SHIFT)
    annotator.wait(lambda: not annotator.bench.trainer.running)
    annotator.wait(lambda: annotator.session.active_round.number == number + 1)


def learn_no_more(session):
    """Let later rounds start from the last weights and leave them as they are."""
    segmentation = session.settings.segmentation
    fit = dataclasses.replace(segmentation.fit, steps=1, learning_rate=1e-9)
    segmentation = dataclasses.replace(segmentation, fit=fit)
    session.settings = dataclasses.replace(session.settings, segmentation=segmentation)


def label_a_validation_slice(annotator):
    case = next(iter(annotator.session.project.catalogue.cases("validation")))
    annotator.desk.go_to(case.id, 12)
    annotator.wait(lambda: annotator.desk.here == (case.id, 12))
    annotator.label(1)
    annotator.desk.step(1)
    annotator.wait(lambda: not annotator.desk.busy and annotator.desk.here[0] != case.id)


def test_the_signals_come_with_the_rounds_and_the_advice_is_heeded(
    make_project, sit_down, settings
):
    annotator = sit_down()
    annotator.open(make_project(5, VALIDATED), settings(batch=2, steps=60))
    label_a_validation_slice(annotator)
    annotator.press(Qt.Key.Key_F3)
    part = annotator.bench.model_page.stop
    assert "there are 0" in part.signals["Next batch"].text()
    for _ in range(4):
        work_a_round(annotator, 2)
        learn_no_more(annotator.session)
    assert "Dice points" in part.signals["Next batch"].text()
    assert "validation volumes" in part.signals["Next batch"].text()
    assert "from round to round" in part.signals["Steadiness"].text()
    assert "of 10 needed" in part.signals["Agreement"].text()
    assert part.verdict.text() == stop_words.WITHHELD

    part.proven = True
    part.show_advice()
    assert part.verdict.text().startswith("You may stop here")
    assert "Not enough audit slices (" in part.verdict.text()
    accepted = annotator.session.progress().accepted
    assert part.finish.isVisible()
    part.finish.click()
    assert annotator.bench.pages.currentWidget() is annotator.bench.export_page
    annotator.press(Qt.Key.Key_F2)
    annotator.paint_truth()
    annotator.press(Qt.Key.Key_A)
    annotator.wait(lambda: annotator.session.progress().accepted == accepted + 1)
    assert not annotator.bench.trainer.running
    assert annotator.session.queue == []
    assert "You finished here" in annotator.panel.notice.text()

    annotator.press(Qt.Key.Key_F3)
    assert part.verdict.text().startswith(f"You finished here, with {accepted + 1} slices")
    part.go_on.click()
    assert len(annotator.session.queue) == 2
