from __future__ import annotations

from pathlib import Path

import pytest

from napari_salient.data.discover import (
    case_name,
    content_hash,
    find_volumes,
    pair_labels,
    patient_of,
)
from napari_salient.errors import InputError


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def names(paths, folder):
    return [path.relative_to(folder).as_posix() for path in paths]


def test_volumes_are_found_in_order_and_nothing_else(tmp_path):
    touch(tmp_path, "b.nii", "a.nii.gz", "C.NII.GZ", "d.nii.txt", "e.png", "._a.nii.gz", "f.gz")
    assert names(find_volumes(tmp_path), tmp_path) == ["C.NII.GZ", "a.nii.gz", "b.nii"]


def test_folders_below_are_searched_if_there_is_nothing_above(tmp_path):
    touch(tmp_path, "sub-02/anat/sub-02_T1w.nii.gz", "sub-01/anat/sub-01_T1w.nii.gz", "README")
    touch(tmp_path, ".git/c.nii")
    assert names(find_volumes(tmp_path), tmp_path) == [
        "sub-01/anat/sub-01_T1w.nii.gz",
        "sub-02/anat/sub-02_T1w.nii.gz",
    ]


def test_folders_below_are_left_alone_if_there_is_something_above(tmp_path):
    touch(tmp_path, "a.nii", "labels/a.nii")
    assert names(find_volumes(tmp_path), tmp_path) == ["a.nii"]


def test_a_folder_that_links_to_itself_is_no_trap(tmp_path):
    touch(tmp_path, "inner/a.nii")
    (tmp_path / "inner" / "loop").symlink_to(tmp_path)
    assert names(find_volumes(tmp_path), tmp_path) == ["inner/a.nii"]


def test_ten_thousand_volumes_are_found_without_opening_one(tmp_path):
    touch(tmp_path, *(f"{number:05}.nii.gz" for number in range(10_000)))
    found = find_volumes(tmp_path)
    assert len(found) == 10_000
    assert found[1234].name == "01234.nii.gz"


@pytest.mark.parametrize("name", ["nowhere", "a.txt", "empty"])
def test_a_folder_without_volumes_is_a_sentence(tmp_path, name):
    touch(tmp_path, "a.txt", "empty/a.txt")
    with pytest.raises(InputError, match=name):
        find_volumes(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "case"),
    [("a.nii", "a"), ("a.nii.gz", "a"), ("A.B.NII.GZ", "A.B"), ("a.nii.nii", "a.nii")],
)
def test_a_case_is_named_after_its_file(name, case):
    assert case_name(Path("x.nii") / name) == case


def test_labels_belong_to_the_image_of_the_same_name(tmp_path):
    touch(tmp_path, "images/a.nii.gz", "images/b.nii", "labels/a.nii", "labels/c.nii")
    pairs = pair_labels(find_volumes(tmp_path / "images"), tmp_path / "labels")
    assert pairs == {"a": tmp_path / "labels" / "a.nii"}


def test_two_labels_of_one_name_are_refused(tmp_path):
    touch(tmp_path, "images/a.nii", "labels/a.nii", "labels/a.nii.gz")
    with pytest.raises(InputError, match="same name"):
        pair_labels(find_volumes(tmp_path / "images"), tmp_path / "labels")


def test_images_are_not_taken_for_their_own_labels(tmp_path):
    touch(tmp_path, "a.nii")
    with pytest.raises(InputError, match="is an image"):
        pair_labels(find_volumes(tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("name", "patient"),
    [
        ("sub-01_T1w.nii.gz", "sub-01"),
        ("sub-01_ses-2_run-1_T1w.nii", "sub-01"),
        ("sub-01.nii", "sub-01"),
        ("study_sub-7b_T2.nii", "sub-7b"),
        ("hippocampus_001.nii.gz", "hippocampus_001"),
        ("sub-_T1.nii", "sub-_T1"),
        ("resub-01_T1.nii", "resub-01_T1"),
    ],
)
def test_the_patient_is_the_subject_of_a_bids_name(name, patient):
    assert patient_of(Path(name)) == patient


def test_a_file_is_known_by_its_content_not_its_name(tmp_path):
    (tmp_path / "a.nii").write_bytes(b"one")
    (tmp_path / "b.nii").write_bytes(b"one")
    (tmp_path / "c.nii").write_bytes(b"two")
    a, b, c = (content_hash(tmp_path / f"{name}.nii") for name in "abc")
    assert a == b != c
