from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest

from napari_salient.errors import InputError, ProjectError
from napari_salient.project.labels import LabelSchema
from napari_salient.project.project import Project
from napari_salient.project.states import SliceState

if TYPE_CHECKING:
    from pathlib import Path

SHAPE = (3, 4, 5)
ACCEPTED = (SliceState.ACCEPTED, "edited")


def paint(project: Project, case_id: int, value: int, index: int = 1) -> np.ndarray:
    """Fill an axial slice with `value` and record it; return the case's labels."""
    before = project.label_array(case_id)
    after = before.copy()
    after[index] = value
    box = project.journal.diff_box(before, after)
    window = np.s_[box[0] : box[1], box[2] : box[3], box[4] : box[5]]
    states = {("axial", index): ACCEPTED}
    project.journal.record(case_id, "stroke", box, before[window], after[window], states)
    return after


def label_file(tmp_path: Path, labels: np.ndarray) -> Path:
    path = tmp_path / "labels.nii.gz"
    nib.save(nib.Nifti1Image(labels[::-1, ::-1, ::-1].T, np.diag([1.0, 1.0, 2.0, 1.0])), path)
    return path


def test_a_case_starts_without_labels(project: Project) -> None:
    labels = project.label_array(1)
    assert (labels.shape, labels.dtype, labels.max()) == (SHAPE, np.uint8, 0)


def test_labels_are_there_after_reopening(project: Project) -> None:
    painted = paint(project, 1, 2)
    project.close()
    with Project.open(project.folder) as reopened:
        assert np.array_equal(reopened.label_array(1), painted)
        assert reopened.journal.slice_state(1, "axial", 1).state == SliceState.ACCEPTED


def test_settings_are_there_after_reopening(project: Project) -> None:
    project.close()
    with Project.open(project.folder) as reopened:
        assert reopened.settings == project.settings
        assert reopened.settings.name == "project"
        assert reopened.schema.class_names == ("anterior", "posterior")


def test_the_schema_changes_and_stored_voxels_stay(project: Project) -> None:
    paint(project, 1, 2)
    project.set_schema(project.schema.rename(1, "head").retire(2, into=1).add("cyst"))
    assert project.label_array(1).max() == 1
    (edit,) = project.journal.edits(1)
    assert edit.after.max() == 2
    project.close()
    with Project.open(project.folder) as reopened:
        assert reopened.schema.class_names == ("head", "cyst")


def test_a_class_that_voxels_may_have_is_not_taken_out(project: Project) -> None:
    with pytest.raises(InputError, match="Label class 2 cannot be taken out"):
        project.set_schema(LabelSchema.of("anterior"))
    assert project.schema.class_names == ("anterior", "posterior")


def test_imported_labels_are_one_edit_that_can_be_undone(project: Project, tmp_path: Path) -> None:
    labels = np.random.default_rng(0).integers(0, 3, SHAPE, np.uint8)
    project.import_labels(1, label_file(tmp_path, labels))
    assert np.array_equal(project.label_array(1), labels)
    records = list(project.journal.slice_states(1))
    assert [(r.plane, r.state, r.note) for r in records] == [
        ("axial", SliceState.ACCEPTED, "imported")
    ] * SHAPE[0]
    project.journal.undo(1)
    assert project.label_array(1).max() == 0


def test_imported_labels_need_classes_of_the_project(project: Project, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has the label value 7"):
        project.import_labels(1, label_file(tmp_path, np.full(SHAPE, 7, np.uint8)))
    assert project.journal.last_edit(1) == 0


def test_imported_labels_must_fit_the_image(project: Project, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        project.import_labels(1, label_file(tmp_path, np.zeros((3, 4, 6), np.uint8)))
    assert project.journal.last_edit(1) == 0


def test_a_held_out_slice_is_never_proposed(project: Project) -> None:
    held_out = next(project.catalogue.cases("test"))
    with pytest.raises(ProjectError, match="held out for test and cannot be proposed"):
        project.set_states(held_out.id, {("axial", 0): (SliceState.PROPOSED, "")}, "propose")
    assert list(project.journal.slice_states()) == []


def test_a_held_out_case_may_be_labelled(project: Project) -> None:
    held_out = next(project.catalogue.cases("validation"))
    project.set_states(held_out.id, {("axial", 0): ACCEPTED}, "accept")
    assert project.journal.undo(held_out.id) is not None


def test_what_the_queue_does_is_not_the_annotators_to_undo(project: Project) -> None:
    case = next(project.catalogue.cases("pool"))
    project.set_states(case.id, {("axial", 0): (SliceState.PROPOSED, "")}, "propose")
    project.set_states(case.id, {("axial", 0): (SliceState.UNLABELLED, "")}, "withdraw")
    assert project.journal.undo(case.id) is None
    project.set_states(case.id, {("axial", 0): (SliceState.UNLABELLED, "rejected")}, "reject")
    assert project.journal.undo(case.id) is not None


def test_a_reader_sees_what_a_writer_records_and_may_not_write(project: Project) -> None:
    painted = paint(project, 1, 2)
    with Project.open(project.folder, read_only=True) as reader:
        assert np.array_equal(reader.label_array(1), painted)
        for change in (
            lambda: reader.compact(1),
            lambda: reader.set_schema(project.schema.add("cyst")),
            lambda: reader.set_states(1, {("axial", 0): ACCEPTED}, "accept"),
            lambda: reader.catalogue.activate_round(0),
            lambda: reader.journal.undo(1),
        ):
            with pytest.raises(ProjectError, match="read-only"):
                change()


def test_a_folder_without_a_project_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="is no labelling project"):
        Project.open(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_folders_that_were_lost_are_made_again(project: Project) -> None:
    project.close()
    for name in ("labels", "runs", "exports"):
        (project.folder / name).rmdir()
    with Project.open(project.folder) as reopened:
        reopened.compact(1)
        assert reopened.runs_dir.is_dir()


def test_opening_a_project_loads_no_torch_and_no_window() -> None:
    code = (
        "import sys, napari_salient.project.project; "
        "print([m for m in ('torch', 'qtpy', 'napari', 'nibabel') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
