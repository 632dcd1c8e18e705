"""The form: what it finds, derives and refuses before anything is started."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest
from napari.components import ViewerModel
from PIL import Image
from qtpy.QtCore import Qt

from napari_salient.active_learning.session import LabellingSession
from napari_salient.active_learning.settings import LoopSettings, SegmentationSettings
from napari_salient.errors import InputError
from napari_salient.pretraining.presets import published
from napari_salient.pretraining.settings import PoolTraining, PretrainingSettings
from napari_salient.project.labels import LabelSchema
from napari_salient.project.project import Project
from napari_salient.widgets.pretrain.run_page import RunPage
from napari_salient.widgets.run_controls import RunControls

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_MS = 300_000


@pytest.fixture
def page(qtbot):
    controls = RunControls("Pretrain")
    page = RunPage(ViewerModel(), controls)
    for widget in (controls, page):
        qtbot.addWidget(widget)
        widget.show()
    return page


@pytest.fixture
def settle(qtbot, page):
    """Return a function that waits until the page has looked at the pool."""

    def wait() -> None:
        qtbot.waitUntil(lambda: not page.surveyor.busy, timeout=PATIENCE_MS)

    return wait


def test_without_a_pool_there_is_nothing_to_start(page):
    assert not page.controls.start.isEnabled()
    assert "Choose a folder" in page.controls.start.toolTip()
    with pytest.raises(InputError, match="Choose a folder"):
        page.set_up.training()


def test_a_pool_is_described_and_sizes_are_explained(page, pool, settle):
    page.set_up.pool.set_path(pool)
    settle()
    said = "6 volumes of 6 patients, 1 channel, 1 × 1 × 1 mm; 2 held out."
    assert page.set_up.found.text() == said
    assert "views of 24 × 24 voxels on 3 axial slices" in page.set_up.sizes.text()
    assert page.set_up.runs.path == pool.parent / "pool-runs"
    assert page.controls.start.isEnabled()


def test_what_cannot_work_is_a_sentence_before_anything_starts(page, pool, settle, tmp_path):
    (tmp_path / "empty").mkdir()
    page.set_up.pool.set_path(tmp_path / "empty")
    settle()
    assert "holds no .nii or .nii.gz files" in page.set_up.problem.text()
    assert not page.controls.start.isEnabled()
    page.set_up.pool.set_path(pool)
    page.set_up.task.setCurrentIndex(page.set_up.task.findData("jigsaw"))
    page.set_up.form.editor("crop").value = 12
    settle()
    assert "jigsaw takes at least" in page.set_up.problem.text()
    page.set_up.form.editor("crop").value = 96
    settle()
    assert not page.set_up.problem.isVisible()
    assert page.controls.start.isEnabled()


def test_mixed_channels_and_thick_slices_are_told(page, pool, settle):
    thick = nib.Nifti1Image(np.zeros((24, 24, 24), np.float32), np.diag([1, 1, 4, 1]))
    nib.save(thick, pool / "case-6.nii")
    page.set_up.network.setCurrentIndex(page.set_up.network.findData(3))
    page.set_up.pool.set_path(pool)
    settle()
    assert "only 6 of 10 rotations" in page.set_up.notes.text()
    nib.save(nib.Nifti1Image(np.zeros((24, 24, 24, 2), np.float32), np.eye(4)), pool / "case-7.nii")
    page.set_up.held_out.setValue(4)
    settle()
    assert "channels" in page.set_up.problem.text()


def test_the_form_is_what_the_run_keeps(page, pool, tiny):
    wanted = tiny(steps=70, task="cpc", spatial_dims=3, held_out_every=3, plane="coronal")
    page.set_up.show_settings(wanted)
    assert page.set_up.training() == wanted


def test_only_the_options_of_the_task_are_shown(qtbot, page):
    form = page.set_up.form
    rotation, cpc = (page.set_up.task.findData(name) for name in ("rotation", "cpc"))
    page.set_up.task.setCurrentIndex(cpc)
    assert not form.editor("cpc.code").native.isHidden()
    assert form._folds["jigsaw"].isHidden()
    page.set_up.task.setCurrentIndex(rotation)
    assert form._folds["cpc"].isHidden()


@pytest.fixture
def choose(qtbot, page):
    """Return a function that goes down a list by keyboard until it shows what is wanted."""

    def choose(box, wanted):
        box.setFocus()
        qtbot.keyClick(box, Qt.Key.Key_Home)
        while box.currentData() != wanted:
            qtbot.keyClick(box, Qt.Key.Key_Down)

    return choose


def test_the_published_settings_of_a_task_fill_the_form_in(qtbot, page, pool, settle, choose):
    set_up = page.set_up
    assert not set_up.presets.published.isEnabled()
    assert "Name a pool first" in set_up.presets.published.toolTip()
    set_up.pool.set_path(pool)
    settle()
    assert "made for large volumes on a GPU" in set_up.presets.published.toolTip()
    for task, dims, examples in (("jigsaw", 3, 4), ("cpc", 2, 4 * 24), ("rotation", 2, 4 * 24)):
        choose(set_up.task, task)
        choose(set_up.network, dims)
        qtbot.mouseClick(set_up.presets.published, Qt.MouseButton.LeftButton)
        wanted, filled = published(task, dims, examples), set_up.training()
        every = wanted.fit.steps // 10
        assert filled == PoolTraining(
            **{**vars(wanted), "fit": replace(wanted.fit, evaluate_every=every), "pool": pool}
        )
        assert set_up.budget.number.value() == wanted.fit.steps
    set_up.form.editor("batch_size").native.setFocus()
    qtbot.keyClick(set_up.form.editor("batch_size").native, Qt.Key.Key_Up)
    assert set_up.training().batch_size == wanted.batch_size + 1


def test_the_tool_s_own_settings_come_back_for_the_task_that_is_chosen(
    qtbot, page, pool, settle, choose
):
    set_up = page.set_up
    set_up.pool.set_path(pool)
    settle()
    choose(set_up.task, "exemplar")
    set_up.form.editor("plane").value = "coronal"
    qtbot.keyClick(set_up.presets.published, Qt.Key.Key_Space)
    assert set_up.training().exemplar.distance == "sigmoid"
    qtbot.keyClick(set_up.presets.defaults, Qt.Key.Key_Space)
    own = PretrainingSettings(task="exemplar", plane="coronal")
    assert set_up.form.value() == own
    assert set_up.training().task == "exemplar"
    assert set_up.budget.unit.currentText() == "minutes"
    assert set_up.budget.number.value() == 30


def test_masked_reconstruction_was_not_published_and_others_held_out_are_counted_again(
    page, pool, settle, choose
):
    set_up = page.set_up
    set_up.pool.set_path(pool)
    settle()
    choose(set_up.task, "masked")
    assert not set_up.presets.published.isEnabled()
    assert "no published settings for this task" in set_up.presets.published.toolTip()
    choose(set_up.task, "rotation")
    assert set_up.presets.published.isEnabled()
    set_up.held_out.setValue(2)
    assert not set_up.presets.published.isEnabled()
    settle()
    assert set_up.presets.published.isEnabled()


def test_the_tool_s_own_settings_fit_the_model_of_the_project(qtbot, page, project, settle):
    set_up = page.set_up
    set_up.pool.set_path(project)
    settle()
    qtbot.mouseClick(set_up.presets.published, Qt.MouseButton.LeftButton)
    assert (set_up.training().plane, set_up.training().width) == ("coronal", 16)
    assert "will not fit" in set_up.fits.text()
    qtbot.mouseClick(set_up.presets.defaults, Qt.MouseButton.LeftButton)
    assert "are those of the project's model" in set_up.fits.text()


def test_pictures_are_seen_without_neighbours_as_on_the_command_line(page, settle, tmp_path):
    (tmp_path / "pictures").mkdir()
    for number in range(3):
        colours = np.random.default_rng(number).integers(0, 255, (40, 40, 3), np.uint8)
        Image.fromarray(colours).save(tmp_path / "pictures" / f"eye-{number}.png")
    page.set_up.pool.set_path(tmp_path / "pictures")
    settle()
    assert page.set_up.training().context == 0
    assert page.controls.start.isEnabled()


def test_a_run_is_measured_now_and_then_where_nothing_else_is_wanted(page, pool):
    page.set_up.pool.set_path(pool)
    page.set_up.budget.set_steps(500)
    assert page.set_up.training().fit.evaluate_every == 50
    page.set_up.form.editor("fit.evaluate_every").value = 7
    assert page.set_up.training().fit.evaluate_every == 7


def test_minutes_become_steps_once_five_were_timed(qtbot, page, tiny, settle):
    page.set_up.show_settings(tiny())
    page.set_up.budget.unit.setCurrentText("minutes")
    page.set_up.budget.number.setValue(2)
    settle()
    assert page.set_up.budget.steps is None
    qtbot.keyClick(page.set_up.budget.ask, Qt.Key.Key_Space)
    assert page.controls.running
    settle()
    steps = page.set_up.budget.steps
    assert steps > 100
    assert f"{steps:,} steps in " in page.set_up.budget.estimate.text()
    assert "of memory" in page.set_up.budget.estimate.text()
    page.set_up.budget.number.setValue(4)
    assert page.set_up.budget.steps >= 2 * steps
    page.set_up.network.setCurrentIndex(page.set_up.network.findData(3))
    assert page.set_up.budget.steps is None


def test_a_timing_can_be_cancelled(qtbot, page, tiny, settle):
    page.set_up.show_settings(tiny())
    settle()
    page.estimate()
    page.controls.cancel_run()
    qtbot.waitUntil(lambda: not page.controls.running, timeout=PATIENCE_MS)
    assert page.controls.state.text() == "Idle"
    assert page.set_up.isEnabled()
    assert page.controls.start.isEnabled()


def test_runs_go_where_they_can_be_written(page, pool, tmp_path):
    page.set_up.pool.set_path(pool)
    assert page.set_up.runs_dir() == pool.parent / "pool-runs"
    (tmp_path / "file").touch()
    page.set_up.runs.set_path(tmp_path / "file" / "runs")
    with pytest.raises(InputError, match="cannot be written"):
        page.set_up.runs_dir()
    page.set_up.runs.set_path(tmp_path / "mine")
    page.set_up.pool.set_path(pool.parent)
    assert page.set_up.runs_dir() == tmp_path / "mine"


@pytest.fixture
def project(tmp_path: Path, pool: Path) -> Path:
    images = sorted(pool.iterdir())
    Project.create(
        tmp_path / "project", images, labels=LabelSchema.of("organ"), plane="coronal"
    ).close()
    return tmp_path / "project"


def test_an_encoder_for_a_project_fits_its_model(page, project):
    page.set_up.pool.set_path(project)
    training = page.set_up.training()
    assert (training.plane, training.context, training.width) == ("coronal", 1, 8)
    assert page.set_up.runs_dir() == project / "runs"
    assert "are those of the project's model" in page.set_up.fits.text()
    page.set_up.form.editor("width").value = 16
    assert "will not fit" in page.set_up.fits.text()
    assert "width 8" in page.set_up.fits.text()


class Bench:
    """As much of the open panel as others see."""

    def __init__(self, session):
        self.session = session


def test_the_project_that_is_open_is_taken_with_its_settings(page, project, pool):
    model = SegmentationSettings(context=0, width=4)
    with Project.open(project) as opened:
        session = LabellingSession(opened, LoopSettings(segmentation=model))
        page.set_up._labelling.set_bench(Bench(session))
        assert page.set_up.pool.path == project
        assert page.set_up.training().width == 4
        assert page.set_up.take_open.isHidden()
        page.set_up.pool.set_path(pool)
        assert not page.set_up.take_open.isHidden()
        page.set_up.take_open.click()
        assert page.set_up.pool.path == project
        page.set_up._labelling.set_bench(None)


def test_a_folder_that_cannot_be_written_starts_nothing(page, tiny, tmp_path, qtbot, settle):
    page.set_up.show_settings(tiny())
    (tmp_path / "file").touch()
    page.set_up.runs.set_path(tmp_path / "file")
    settle()
    with qtbot.waitSignal(page.told) as told:
        page.start()
    assert told.args[1] == "error"
    assert not page.trainer.following


def test_settings_of_a_run_are_filled_in_again(page, tiny):
    training = tiny()
    page.set_up.show_settings(replace(training, task="masked"))
    assert page.set_up.task.currentData() == "masked"
    assert isinstance(page.set_up.training(), PoolTraining)
