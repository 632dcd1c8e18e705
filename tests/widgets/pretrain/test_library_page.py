"""The library of encoders in the panel, and what it offers for the project that is open."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLineEdit, QWidget

from napari_salient.active_learning.session import LabellingSession
from napari_salient.active_learning.settings import LoopSettings, SegmentationSettings
from napari_salient.engine.checkpoint import checkpoint_paths
from napari_salient.engine.fit import fit
from napari_salient.engine.run import Run
from napari_salient.engine.settings import FitSettings
from napari_salient.finetuning.chosen import chosen_encoder
from napari_salient.pretraining.bundle import write_bundle
from napari_salient.pretraining.library import NOTE, set_note
from napari_salient.pretraining.pool import VolumePool
from napari_salient.pretraining.settings import PretrainingSettings
from napari_salient.pretraining.task import PretrainingTask
from napari_salient.project.labels import LabelSchema
from napari_salient.project.project import Project
from napari_salient.project.rounds import Round, Scores
from napari_salient.project.splits import SplitFractions
from napari_salient.widgets.label_volumes.encoder_trial import EncoderTrial
from napari_salient.widgets.label_volumes.head_start import HeadStart
from napari_salient.widgets.label_volumes.trainer import Trainer
from napari_salient.widgets.open_labelling import labelling_in
from napari_salient.widgets.pretrain.library_page import LibraryPage

FIT = FitSettings(steps=2, save_every=2, threads=1, device="cpu")
SIDE = 20
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Return a folder of runs: one that fits, a wider one, and one that was never started."""
    folder = tmp_path_factory.mktemp("library")
    for day, width in ((1, 4), (2, 6)):
        settings = PretrainingSettings(width=width, context=0, batch_size=2, fit=FIT)
        directory = folder / f"pretraining-202603{day:02}T100000-00aa"
        Run.create(folder, "pretraining", settings).directory.rename(directory)
        rng = np.random.default_rng(0)
        images = [rng.normal(size=(1, SIDE, SIDE, SIDE)).astype(np.float32) for _ in range(4)]
        task = PretrainingTask(settings, VolumePool.of_arrays(images[:2]), None)
        run = Run.open(directory)
        list(run.record(fit(task, settings.fit, run.control, directory)))
    settings = PretrainingSettings(task="jigsaw")
    empty = Run.create(folder, "pretraining", settings).directory
    empty.rename(folder / "pretraining-20260303T100000-00aa")
    return folder


@pytest.fixture
def runs(library, tmp_path):
    """Return a copy of the library."""
    return shutil.copytree(library, tmp_path / "runs")


class Bench(QWidget):
    """As much of the workbench as the page needs."""

    def __init__(self, session: LabellingSession) -> None:
        super().__init__()
        self.session = session
        self.trainer = Trainer(session, self)
        self.head_start = HeadStart(session, self.trainer, self)
        self.encoder_trial = EncoderTrial(session, self.trainer, self)
        self.said: list[str] = []
        for part in (self.head_start, self.encoder_trial):
            part.told.connect(lambda text, _severity: self.said.append(text))


@pytest.fixture
def session(tmp_path):
    (tmp_path / "images").mkdir()
    images = [tmp_path / "images" / f"case-{number}.nii" for number in range(3)]
    for number, path in enumerate(images):
        voxels = np.random.default_rng(number).random((SIDE, SIDE, SIDE), np.float32)
        nib.save(nib.Nifti1Image(voxels, np.diag([-1.0, -1.0, -1.0, 1.0])), path)
    schema, everything = LabelSchema.of("block"), SplitFractions(1.0, 0.0, 0.0)
    folder = tmp_path / "project"
    model = SegmentationSettings(width=4, context=0, fit=FIT)
    with Project.create(folder, images, labels=schema, fractions=everything) as project:
        yield LabellingSession(project, LoopSettings(batch=4, audit=0.0, segmentation=model))


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def page(qtbot, viewer, runs):
    """Return the page with the library read."""
    page = LibraryPage(viewer)
    qtbot.addWidget(page)
    page.resize(390, 800)
    page.show_runs([runs])
    page.show()
    qtbot.waitUntil(lambda: len(page.table.rows) == 3, timeout=PATIENCE_MS)
    return page


@pytest.fixture
def open_project(qtbot, viewer, session):
    """Return a function that opens the project in the viewer and returns what stands for it."""

    def make() -> Bench:
        bench = Bench(session)
        qtbot.addWidget(bench)
        labelling_in(viewer).set_bench(bench)
        return bench

    yield make
    labelling_in(viewer).set_bench(None)


def select(qtbot, page, row):
    """Click a row and wait until the encoder was compared."""
    index = page.table.model().index(row, 0)
    place = page.table.visualRect(index).center()
    qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: "being compared" not in page.coverage.why_not, timeout=PATIENCE_MS)


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


FITTING, WIDE, EMPTY = 2, 1, 0


def test_the_newest_run_comes_first_with_task_accuracy_and_state(page):
    started, *columns = zip(*page.table.rows, strict=True)
    assert [text[:10] for text in started] == ["2026-03-03", "2026-03-02", "2026-03-01"]
    assert columns[0] == ("jigsaw", "rotation, 2D", "rotation, 2D")
    assert columns[3] == ("idle", "finished", "finished")


def test_without_a_project_nothing_is_offered_and_the_reason_is_there_to_read(qtbot, page):
    assert page.reason.text() == "Select a pretraining to use its encoder."
    select(qtbot, page, FITTING)
    for button in (page.initialise, page.propose):
        assert not button.isEnabled()
        assert "Open a labelling project" in button.toolTip()
    assert page.reason.isVisibleTo(page)
    assert "Open a labelling project" in page.reason.text()


def test_the_selected_run_is_told_and_described(qtbot, page, runs):
    heard: list[Any] = []
    page.selected.connect(heard.append)
    select(qtbot, page, FITTING)
    assert heard == [runs / "pretraining-20260301T100000-00aa"]
    assert "2D, axial, width 4, 1 channel, 0 neighbouring slices" in page.details.text()
    assert "2 of 2 steps" in page.details.text()


def test_a_fitting_encoder_initialises_the_model_of_the_open_project(
    qtbot, page, open_project, session, runs
):
    bench = open_project()
    select(qtbot, page, FITTING)
    assert page.coverage.summary.text().startswith(
        "40 of 40 tensors of the encoder, 100 % of its weights; the "
    )
    assert "trains all layers from its first step" in page.coverage.summary.text()
    assert page.coverage.table.rows[0][0] == "taken over"
    assert page.coverage.table.rows[-1][0] == "starts at random"
    click(qtbot, page.initialise)
    assert bench.said[-1].startswith(
        "The first round starts from the encoder that rotation taught on 2 volumes"
    )
    assert chosen_encoder(session.project) == runs / "pretraining-20260301T100000-00aa"
    assert session.first_weights is not None


def test_the_encoder_that_was_chosen_is_not_offered_again_and_another_one_is(
    qtbot, page, open_project, viewer
):
    bench = open_project()
    bench.head_start.changed.connect(labelling_in(viewer).changed)
    select(qtbot, page, FITTING)
    click(qtbot, page.initialise)
    assert not page.initialise.isEnabled()
    assert page.reason.text() == "The first round of the open project starts from this encoder."
    bench.head_start.start_at_random()
    assert page.initialise.isEnabled()


def test_an_encoder_that_does_not_fit_says_what_would_have_to_change_and_fits_afterwards(
    qtbot, page, open_project, session, viewer
):
    open_project()
    select(qtbot, page, WIDE)
    assert not page.initialise.isEnabled()
    words = "The encoder does not fit: width would have to be 6 and is 4."
    assert page.reason.text() == page.initialise.toolTip() == words
    assert page.propose.isEnabled()
    model = replace(session.settings.segmentation, width=6)
    session.settings = replace(session.settings, segmentation=model)
    labelling_in(viewer).changed.emit()
    qtbot.waitUntil(page.initialise.isEnabled, timeout=PATIENCE_MS)
    assert not page.reason.isVisibleTo(page)


def test_the_first_slices_are_proposed_into_the_queue_of_the_open_project(
    qtbot, page, open_project, session
):
    bench = open_project()
    select(qtbot, page, FITTING)
    with qtbot.waitSignal(bench.head_start.proposed, timeout=PATIENCE_MS):
        click(qtbot, page.propose)
        assert bench.head_start.looking
        assert page.progress.isVisibleTo(page)
    assert len(session.queue) == 4
    assert all("in the features of the pretraining" in p.reason for p in session.queue)
    assert bench.said[-1] == "4 slices are proposed by the pretrained encoder."
    assert not page.progress.isVisibleTo(page)


def test_looking_at_the_pool_can_be_cancelled(qtbot, page, open_project, session):
    bench = open_project()
    select(qtbot, page, FITTING)
    click(qtbot, page.propose)
    click(qtbot, page.progress.cancel)
    qtbot.waitUntil(lambda: not bench.head_start.looking, timeout=PATIENCE_MS)
    assert session.queue == []
    assert "cancelled" in bench.said[-1]
    assert page.propose.isEnabled()


def test_a_project_with_a_trained_model_is_left_to_it(qtbot, page, open_project, session):
    no_scores = Scores(np.zeros(0, np.int64), np.zeros(0, np.int64), {})
    session.project.catalogue.add_round(Round(1, "run", "strided", 4, {}), no_scores)
    open_project()
    select(qtbot, page, FITTING)
    assert "has a trained model" in page.reason.text()
    assert not page.initialise.isEnabled()
    assert not page.propose.isEnabled()


def accept_slices_of_two_patients(session):
    for case_id in (1, 2):
        session.open(case_id, 8)
        session.case.labels[8, 4:9, 5:12] = 1
        session.accept()


def test_what_the_encoder_is_worth_on_the_labels_so_far_is_measured_and_kept(
    qtbot, page, open_project, session, viewer
):
    bench = open_project()
    bench.encoder_trial.changed.connect(labelling_in(viewer).changed)
    select(qtbot, page, FITTING)
    click(qtbot, page.compare)
    assert "at least two patients" in bench.said[-1]
    assert not page.progress.isVisibleTo(page)
    accept_slices_of_two_patients(session)
    click(qtbot, page.compare)
    assert page.progress.isVisibleTo(page)
    assert not page.compare.isEnabled()
    qtbot.waitUntil(lambda: not bench.encoder_trial.running, timeout=PATIENCE_MS)
    assert "Dice points against scratch" in bench.said[-1]
    assert page.worth.text() == bench.said[-1]
    assert not page.progress.isVisibleTo(page)
    assert page.compare.isEnabled()
    select(qtbot, page, EMPTY)
    assert not page.worth.isVisibleTo(page)
    select(qtbot, page, FITTING)
    assert page.worth.text() == bench.said[-1]


def test_one_encoder_works_on_the_project_at_a_time_also_seen_from_a_panel_opened_later(
    qtbot, page, open_project, session, viewer, runs
):
    accept_slices_of_two_patients(session)
    bench = open_project()
    bench.encoder_trial.changed.connect(labelling_in(viewer).changed)
    select(qtbot, page, FITTING)
    click(qtbot, page.compare)
    assert page.propose.toolTip() == "An encoder is being compared with scratch."
    assert not page.propose.isEnabled()
    later = LibraryPage(viewer)
    qtbot.addWidget(later)
    later.show()
    assert later.progress.isVisibleTo(later)
    click(qtbot, later.progress.cancel)
    qtbot.waitUntil(lambda: not bench.encoder_trial.running, timeout=PATIENCE_MS)
    assert "cancelled" in bench.said[-1]
    assert not later.progress.isVisibleTo(later)
    assert page.propose.isEnabled()


def test_a_comparison_can_be_cancelled_and_leaves_nothing(qtbot, page, open_project, session):
    accept_slices_of_two_patients(session)
    bench = open_project()
    select(qtbot, page, FITTING)
    click(qtbot, page.compare)
    click(qtbot, page.progress.cancel)
    qtbot.waitUntil(lambda: not bench.encoder_trial.running, timeout=PATIENCE_MS)
    assert "cancelled" in bench.said[-1]
    assert not (session.project.folder / "encoder-trials.json").exists()


def test_a_project_that_is_closed_takes_the_offer_back(qtbot, page, open_project, viewer):
    open_project()
    select(qtbot, page, FITTING)
    assert page.initialise.isEnabled()
    labelling_in(viewer).set_bench(None)
    assert not page.initialise.isEnabled()
    assert page.coverage.fit is None


def test_a_run_without_a_checkpoint_has_nothing_to_offer(qtbot, page, open_project):
    open_project()
    select(qtbot, page, EMPTY)
    assert page.reason.text() == "This run has saved no encoder that can be used."
    assert not page.initialise.isEnabled()
    assert not page.resume.isEnabled()


def test_a_damaged_run_says_what_is_wrong(qtbot, page, open_project, runs):
    path = checkpoint_paths(runs / "pretraining-20260301T100000-00aa")[0]
    path.write_bytes(path.read_bytes()[:-40])
    open_project()
    page.show_runs([runs])
    qtbot.waitUntil(lambda: page.table.rows[FITTING][4] == "damaged", timeout=PATIENCE_MS)
    select(qtbot, page, FITTING)
    assert "is cut off" in page.problem.text()
    assert not page.propose.isEnabled()


def test_a_note_is_written_in_place_and_kept_with_the_run(qtbot, page, runs):
    index = page.table.model().index(FITTING, 5)
    place = page.table.visualRect(index).center()
    for press in (qtbot.mouseClick, qtbot.mouseDClick):
        press(page.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    editor = page.table.findChild(QLineEdit)
    qtbot.keyClicks(editor, "for thick slices")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.table.rows[FITTING][5] == "for thick slices", timeout=PATIENCE_MS)
    assert (runs / "pretraining-20260301T100000-00aa" / NOTE).read_text() == "for thick slices"
    assert page.entry.note == "for thick slices"


def test_an_encoder_that_ships_is_offered_below_the_runs_and_takes_no_note(
    qtbot, page, runs, ships, open_project
):
    write_bundle(runs / "pretraining-20260301T100000-00aa", ships / "toy-2d")
    said = []
    page.table.told.connect(lambda text, _severity: said.append(text))
    open_project()
    page.table.refresh()
    qtbot.waitUntil(lambda: len(page.table.rows) == 4, timeout=PATIENCE_MS)
    name, task, *_, state, note, _ = page.table.rows[3]
    assert (name, task, state, note) == ("toy-2d", "rotation, 2D", "shipped", "")
    select(qtbot, page, 3)
    assert page.initialise.isEnabled()
    assert not page.resume.isEnabled()
    page.table.edited.emit(3, "good")
    assert said == ["toy-2d came with the program and takes no notes."]
    assert not (ships / "toy-2d" / NOTE).exists()


def test_the_selected_run_stays_selected_when_another_comes_in(qtbot, page, runs):
    select(qtbot, page, FITTING)
    Run.create(runs, "pretraining", PretrainingSettings())
    set_note(runs / "pretraining-20260302T100000-00aa", "wide")
    page.show_runs([runs])
    qtbot.waitUntil(lambda: len(page.table.rows) == 4, timeout=PATIENCE_MS)
    assert page.entry.run_dir.name == "pretraining-20260301T100000-00aa"
    assert page.table.current_row() == 3


def test_a_stopped_run_can_be_asked_to_go_on(qtbot, page, runs):
    run = Run.open(runs / "pretraining-20260303T100000-00aa")
    list(run.record(iter([])))
    page.show_runs([runs])
    qtbot.waitUntil(lambda: page.table.rows[EMPTY][4] == "failed", timeout=PATIENCE_MS)
    select(qtbot, page, EMPTY)
    with qtbot.waitSignal(page.resume_requested) as heard:
        click(qtbot, page.resume)
    assert heard.args == [run.directory]
    assert not page.follow.isEnabled()
