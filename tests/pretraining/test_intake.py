"""Which volumes are learned from: never one of a held-out patient, and a project's pool alone."""

from __future__ import annotations

import numpy as np
import pytest

from napari_salient.active_learning.simulation.cohort import split_cases
from napari_salient.errors import InputError
from napari_salient.pretraining.intake import find_pool, split
from napari_salient.project.labels import LabelSchema
from napari_salient.project.project import Project


def test_in_a_folder_those_patients_are_held_out_on_which_a_segmentation_is_tested(write_volume):
    paths = [write_volume(f"in/sub-{n:02}_ses-{s}_T1w.nii.gz") for n in range(7) for s in (1, 2)]
    files = find_pool(paths[0].parent, 3)
    _, _, tested = split_cases(paths, [f"sub-{n:02}" for n in range(7)], 3)
    assert files.held_out == tuple(paths[case] for case in tested)
    assert sorted(files.learn + files.held_out) == paths


def test_of_one_patient_nothing_is_held_out(write_volume):
    paths = [write_volume(f"sub-1_ses-{session}_T1w.nii.gz") for session in (1, 2)]
    assert split(paths, ["sub-1", "sub-1"], 5).learn == tuple(paths)


def test_of_a_project_only_the_pool_takes_part(write_volume, tmp_path):
    paths = [
        write_volume(f"in/case-{number}.nii.gz", np.full((5, 4, 3), number, np.int16))
        for number in range(12)
    ]
    with Project.create(tmp_path / "project", paths, labels=LabelSchema.of("organ")) as project:
        pool = {project.image_path(case) for case in project.catalogue.cases("pool")}
        assert len(pool) < len(paths)
    files = find_pool(tmp_path / "project", 4)
    assert set(files.learn) | set(files.held_out) == pool
    assert files.held_out


def test_folders_without_volumes_or_with_two_of_one_name_are_refused(write_volume, tmp_path):
    with pytest.raises(InputError, match=r"holds no .nii"):
        find_pool(tmp_path, 5)
    write_volume("images/case-1.nii.gz")
    write_volume("labels/case-1.nii.gz")
    with pytest.raises(InputError, match="'case-1'"):
        find_pool(tmp_path, 5)


def test_a_stray_picture_does_not_take_the_place_of_the_volumes(write_volume, tmp_path):
    write_volume("scans/case-1.nii.gz")
    (tmp_path / "screenshot.png").touch()
    with pytest.raises(InputError, match=r"volumes and also pictures, screenshot.png among them"):
        find_pool(tmp_path, 5)


def test_what_is_labelled_does_not_become_an_image(write_volume, tmp_path):
    for channel in ("t1", "t1ce", "t2", "flair", "seg"):
        write_volume(f"brats/HGG/Brats18_1/Brats18_1_{channel}.nii.gz")
    with pytest.raises(InputError, match=r"is one file of a BraTS case"):
        find_pool(tmp_path / "brats", 5)
    write_volume("Task07_Pancreas/imagesTr/pancreas_001.nii.gz")
    with pytest.raises(InputError, match="choose the folder imagesTr"):
        find_pool(tmp_path / "Task07_Pancreas", 5)
    images = find_pool(tmp_path / "Task07_Pancreas" / "imagesTr", 5)
    assert [path.name for path in images.learn] == ["pancreas_001.nii.gz"]
