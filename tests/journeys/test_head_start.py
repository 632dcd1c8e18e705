"""Before anybody labels: the first weights and the first slices come from a pretrained encoder."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_salient.engine.events import Warned
from napari_salient.engine.run import Run, list_runs, read_events
from napari_salient.engine.settings import FitSettings
from napari_salient.pretraining.intake import find_pool
from napari_salient.pretraining.job import pretrain_job
from napari_salient.pretraining.settings import PretrainingSettings
from napari_salient.widgets.pretrain.library_page import LibraryPage

SHIFT = Qt.KeyboardModifier.ShiftModifier
WHERE = "in the features of the pretraining"

pytestmark = [
    pytest.mark.window,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:System theme detection"),
]


@pytest.fixture
def pretrained(make_project):
    """Return a project, on whose own pool an encoder was taught for a few steps."""
    folder = make_project()
    fit = FitSettings(steps=4, save_every=4, threads=1, device="cpu")
    settings = PretrainingSettings(width=4, context=0, batch_size=2, held_out_batches=1, fit=fit)
    run = Run.create(folder / "runs", "pretraining", settings)
    job = pretrain_job(find_pool(folder, 2), run.directory, settings, run.control)
    *_, last = run.record(job)
    assert last.error is None
    return folder


@pytest.fixture
def look_into_library():
    """Return a function that docks the library beside the panel and selects the newest run."""

    def look(annotator: Any, folder: Any) -> LibraryPage:
        page = LibraryPage(annotator.viewer)
        annotator.viewer.window.add_dock_widget(page, name="Library", area="left")
        page.show_runs([folder / "runs"])
        annotator.wait(lambda: any(e.run_dir.parent == folder / "runs" for e in page.table.entries))
        QApplication.processEvents()
        place = page.table.visualRect(page.table.model().index(0, 0)).center()
        left = Qt.MouseButton.LeftButton
        QTest.mouseClick(page.table.viewport(), left, pos=place)
        annotator.wait(page.initialise.isEnabled)
        return page

    return look


def click(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QApplication.processEvents()


def queue_of(annotator):
    return [(p.case_id, p.index) for p in annotator.session.queue]


def test_a_project_begins_with_what_pretraining_taught(
    pretrained, sit_down, settings, look_into_library
):
    annotator = sit_down()
    annotator.open(pretrained, settings(batch=3))
    opened = annotator.desk.here
    page = look_into_library(annotator, pretrained)
    click(page.initialise)
    assert "The first round starts from the encoder that rotation taught on" in (
        annotator.panel.notice.text()
    )
    annotator.press(Qt.Key.Key_F3)
    start = annotator.bench.model_page.start
    assert start.isVisible()
    assert "rotation taught on" in start.text.text()

    click(page.propose)
    annotator.wait(lambda: not annotator.bench.head_start.looking)
    assert annotator.desk.here == opened
    assert queue_of(annotator)[0] == opened
    shown = annotator.bench.label_page.queue.rows
    assert len(shown) == 4
    assert all(WHERE in row[3] or "audit" in row[3] for row in shown[1:])
    assert "are proposed by the pretrained encoder" in annotator.panel.notice.text()

    annotator.press(Qt.Key.Key_F2)
    annotator.label(1)
    assert annotator.desk.here in queue_of(annotator)
    annotator.press(Qt.Key.Key_T, SHIFT)
    annotator.wait(lambda: not annotator.bench.trainer.running and annotator.session.active_round)
    (trained,) = [run for run in list_runs(pretrained / "runs") if run.kind == "segmentation"]
    said = [e.message for _, e in read_events(trained.directory) if isinstance(e, Warned)]
    assert any("40 of 40 encoder tensors transferred (100.0%" in message for message in said)
    assert annotator.session.active_round.metrics["warm_start"] == 1
    assert not start.isVisibleTo(annotator.bench.model_page)
    assert "has a trained model" in page.reason.text()


def test_the_choice_and_the_proposals_are_there_after_a_restart(
    pretrained, sit_down, look_into_library
):
    first = sit_down()
    first.open(pretrained)
    page = look_into_library(first, pretrained)
    click(page.initialise)
    click(page.propose)
    first.wait(lambda: not first.bench.head_start.looking)
    proposed = queue_of(first)
    first.close()

    second = sit_down()
    second.panel.open_project(pretrained)
    second.wait(lambda: second.panel.bench and second.desk.here)
    assert queue_of(second) == proposed
    assert second.session.settings.segmentation.width == 4
    assert second.session.first_weights is not None
    second.press(Qt.Key.Key_F3)
    start = second.bench.model_page.start
    assert "rotation taught on" in start.text.text()
    click(start.random)
    assert second.session.first_weights is None
    assert not start.isVisible()


def test_whether_the_encoder_pays_is_measured_while_the_annotator_goes_on(
    pretrained, sit_down, settings, look_into_library
):
    annotator = sit_down()
    annotator.open(pretrained, settings(batch=3))
    page = look_into_library(annotator, pretrained)
    click(page.compare)
    assert "at least two patients" in annotator.panel.notice.text()
    for case_id in (1, 2):
        annotator.desk.go_to(case_id, 9)
        annotator.wait(lambda case_id=case_id: annotator.desk.here == (case_id, 9))
        annotator.paint_truth()
        annotator.press(Qt.Key.Key_A)
        annotator.wait(lambda: not annotator.desk.busy)
    click(page.compare)
    annotator.label(1)
    annotator.wait(lambda: not annotator.bench.encoder_trial.running)
    assert "Dice points against scratch" in page.worth.text()
    assert "on 2 slices of 2 volumes" in page.worth.text()
    assert annotator.session.active_round is None


def test_a_project_that_closes_while_an_encoder_looks_at_it_ends_that_first(
    pretrained, sit_down, look_into_library
):
    annotator = sit_down()
    annotator.open(pretrained)
    page = look_into_library(annotator, pretrained)
    start = annotator.bench.head_start
    click(page.propose)
    annotator.panel.close_project()
    assert not start.looking
    assert page.reason.isVisible()


def test_an_encoder_that_is_gone_after_a_restart_is_said(pretrained, sit_down, look_into_library):
    first = sit_down()
    first.open(pretrained)
    click(look_into_library(first, pretrained).initialise)
    first.close()
    (run,) = list_runs(pretrained / "runs")
    run.directory.rename(pretrained / "elsewhere")

    second = sit_down()
    second.panel.open_project(pretrained)
    second.wait(lambda: second.panel.bench and second.desk.here)
    assert "is gone" in second.panel.notice.text()
    assert second.session.first_weights is None
