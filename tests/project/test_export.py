from __future__ import annotations

import json
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np
import pytest

from napari_salient.data.labels import read_labels
from napari_salient.engine.writing import Written
from napari_salient.errors import ProjectError
from napari_salient.project.states import SliceState

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.project.project import Project

ACCEPTED, DRAFT = (SliceState.ACCEPTED, "edited"), (SliceState.DRAFT, "prediction")


@pytest.fixture
def labelled(project: Project) -> Project:
    """Return the project with an accepted slice 1 and a drafted slice 2 in its first case."""
    project.journal.annotator = "ann"
    for index, mark in ((1, ACCEPTED), (2, DRAFT)):
        before, after = np.zeros((1, 4, 5), np.uint8), np.full((1, 4, 5), index, np.uint8)
        box = (index, index + 1, 0, 4, 0, 5)
        project.journal.record(1, "stroke", box, before, after, {("axial", index): mark})
    return project


def test_accepted_slices_are_exported_and_all_others_say_unsure(
    labelled: Project, tmp_path: Path
) -> None:
    (path,) = labelled.export(tmp_path / "out").files
    exported = read_labels(path, labelled.header(1))
    assert path.name == "sub-00_T1.nii.gz"
    assert [np.unique(part).tolist() for part in exported] == [[255], [1], [255]]


def test_drafts_are_exported_when_asked_for(labelled: Project, tmp_path: Path) -> None:
    states = SliceState.ACCEPTED, SliceState.DRAFT
    (path,) = labelled.export(tmp_path / "out", states).files
    exported = read_labels(path, labelled.header(1))
    assert [np.unique(part).tolist() for part in exported] == [[255], [1], [2]]


def test_exports_lie_where_their_image_lies(labelled: Project, tmp_path: Path) -> None:
    (path,) = labelled.export(tmp_path / "out").files
    image = nib.load(labelled.header(1).path)
    assert np.allclose(nib.load(path).affine, image.affine)
    assert nib.load(path).shape == image.shape


def test_each_slice_has_its_provenance(labelled: Project, tmp_path: Path) -> None:
    (path,) = labelled.export(tmp_path / "out").files
    provenance = json.loads((path.parent / "sub-00_T1.json").read_text())
    (entry,) = provenance["slices"]
    assert provenance["notice"] == "Research use only."
    assert provenance["labels"] == {"anterior": 1, "posterior": 2}
    assert provenance["image"]["content_hash"] == labelled.catalogue.case(1).content_hash
    assert (entry["plane"], entry["index"], entry["state"]) == ("axial", 1, "accepted")
    assert (entry["annotator"], entry["edit"]) == ("ann", {"id": 1, "kind": "stroke"})
    assert entry["pseudo_label"] is False


def test_retired_classes_are_exported_as_what_they_became(
    labelled: Project, tmp_path: Path
) -> None:
    labelled.set_schema(labelled.schema.retire(1, into=2))
    (path,) = labelled.export(tmp_path / "out").files
    assert read_labels(path, labelled.header(1))[1].max() == 2


def test_a_project_without_labels_exports_nothing(project: Project, tmp_path: Path) -> None:
    assert project.export(tmp_path / "out") == Written((), {})


def test_a_missing_image_is_told_and_the_other_cases_are_exported(
    labelled: Project, tmp_path: Path
) -> None:
    box, label = (0, 1, 0, 4, 0, 5), np.ones((1, 4, 5), np.uint8)
    labelled.journal.record(2, "stroke", box, 0 * label, label, {("axial", 0): ACCEPTED})
    labelled.header(1).path.unlink()
    written = labelled.export(tmp_path / "out")
    assert [path.name for path in written.files] == ["sub-00_T2.nii.gz"]
    assert list(written.left_out) == ["sub-00_T1"]
    assert "sub-00_T1" in written.left_out["sub-00_T1"]


def test_a_folder_that_cannot_be_made_is_a_sentence(labelled: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="choose another folder to export to"):
        labelled.export(tmp_path / "file" / "out")
