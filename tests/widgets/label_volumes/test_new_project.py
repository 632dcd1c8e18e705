from __future__ import annotations

import shutil

import nibabel as nib
import numpy as np
import pytest

from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason, Warned
from napari_salient.errors import InputError
from napari_salient.project.labels import LabelSchema
from napari_salient.project.project import Project
from napari_salient.project.splits import SPLITS
from napari_salient.project.states import SliceState
from napari_salient.widgets.label_volumes.new_project import NewProject, new_project_job

SCHEMA = LabelSchema.of("object")


@pytest.fixture
def label_folder(tmp_path, volumes):
    """Labels of all volumes; those of case-1 do not fit."""
    folder = tmp_path / "labels"
    folder.mkdir()
    for number, path in enumerate(volumes):
        image = nib.load(path)
        shape = (2, 2, 2) if number == 1 else image.shape
        nib.save(nib.Nifti1Image(np.ones(shape, np.uint8), image.affine), folder / path.name)
    return folder


def labelled(project):
    return {record.case_id for record in project.journal.slice_states(state=SliceState.ACCEPTED)}


def make(tmp_path, volumes, **changes):
    wanted = {"images": (volumes[0].parent,), "folder": tmp_path / "p", "schema": SCHEMA}
    *events, finished = new_project_job(NewProject(**{**wanted, **changes}), Control())
    return finished, [event.message for event in events if isinstance(event, Warned)]


def test_a_project_is_made_of_a_folder(tmp_path, volumes):
    finished, warnings = make(tmp_path, volumes, plane="coronal", held_out=0.3)
    assert (finished.reason, warnings) == (FinishReason.COMPLETED, [])
    with Project.open(finished.result) as project:
        assert project.settings.plane == "coronal"
        assert {project.catalogue.count(split) for split in SPLITS} == {1}


def test_labels_that_do_not_fit_are_told_and_the_others_imported(tmp_path, volumes, label_folder):
    finished, warnings = make(tmp_path, volumes, labels=label_folder)
    assert finished.reason is FinishReason.COMPLETED
    assert len(warnings) == 1
    assert "case-1" in warnings[0]
    with Project.open(finished.result) as project:
        accepted = labelled(project)
        assert {project.catalogue.case(case).name for case in accepted} == {"case-0", "case-2"}


def test_labels_can_be_taken_for_held_out_volumes_alone(tmp_path, volumes, label_folder):
    shutil.copy(label_folder / "case-0.nii", label_folder / "case-1.nii")
    finished, _ = make(tmp_path, volumes, labels=label_folder, only_held_out=True, held_out=0.3)
    with Project.open(finished.result) as project:
        accepted = labelled(project)
        assert accepted == project.catalogue.ids_in("validation") | project.catalogue.ids_in("test")


def test_a_broken_volume_is_told_and_left_out(tmp_path, volumes):
    volumes[1].write_bytes(volumes[1].read_bytes()[:100])
    finished, warnings = make(tmp_path, volumes)
    assert finished.reason is FinishReason.COMPLETED
    assert "case-1.nii" in warnings[0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"images": ()}, "Choose a folder of volumes"),
        ({"schema": LabelSchema(())}, "at least one label class"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_made(tmp_path, volumes, changes, sentence):
    finished, _ = make(tmp_path, volumes, **changes)
    assert finished.reason is FinishReason.ERRORED
    assert isinstance(finished.error, InputError)
    assert sentence in finished.message
    assert not (tmp_path / "p").exists()


def test_missing_folders_are_named(tmp_path, volumes):
    for changes in ({"images": (tmp_path / "nowhere",)}, {"labels": tmp_path / "nowhere"}):
        finished, _ = make(tmp_path, volumes, **changes)
        assert str(tmp_path / "nowhere") in finished.message


def test_a_cancelled_set_up_leaves_nothing(tmp_path, volumes):
    control = Control()
    control.cancel()
    wanted = NewProject(images=(volumes[0].parent,), folder=tmp_path / "p", schema=SCHEMA)
    *_, finished = new_project_job(wanted, control)
    assert finished.reason is FinishReason.CANCELLED
    assert not (tmp_path / "p" / "project.toml").exists()
