from __future__ import annotations

from pathlib import Path

import pytest

from napari_salient.errors import InputError
from napari_salient.project import relocation
from napari_salient.project.project import Project
from napari_salient.project.relocation import Move


def test_images_in_a_renamed_folder_are_found_and_remembered(
    project: Project, images: list[Path]
) -> None:
    moved = images[0].parent.rename(images[0].parent.with_name("scans"))
    assert project.header(1).path == moved / images[0].name
    assert project.catalogue.case(1).path == moved / images[0].name
    assert project.header(2).path == moved / images[1].name


def test_once_one_image_is_found_the_others_need_no_search(
    project: Project, images: list[Path], monkeypatch
) -> None:
    images[0].parent.rename(images[0].parent.with_name("scans"))
    project.header(1)
    monkeypatch.setattr(relocation, "_files", lambda *_: pytest.fail("searched again"))
    for case_id in range(2, 11):
        assert project.header(case_id).path.parent.name == "scans"


def test_a_move_is_that_of_the_highest_folder(tmp_path: Path) -> None:
    scan = Path("sub-01/anat/t1.nii")
    move = Move.of(tmp_path / "a" / scan, tmp_path / "b" / "c" / scan)
    assert move == Move(tmp_path / "a", tmp_path / "b" / "c")
    assert move.guess(tmp_path / "a" / "x.nii") == [tmp_path / "b" / "c" / "x.nii"]
    assert move.guess(tmp_path / "d" / "x.nii") == []


def test_a_renamed_image_is_found_by_its_content(project: Project, images: list[Path]) -> None:
    renamed = images[0].rename(images[0].with_name("other.nii.gz"))
    assert project.image_path(1) == renamed
    assert project.catalogue.case(1).name == "sub-00_T1"


def test_another_image_of_the_same_name_is_not_taken_for_it(
    project: Project, images: list[Path]
) -> None:
    images[0].write_bytes(images[1].read_bytes() + b"more")
    with pytest.raises(InputError, match=r"no longer the image of case 'sub-00_T1'"):
        project.header(1)


def test_an_image_is_looked_for_in_folders_that_are_named(
    project: Project, images: list[Path], tmp_path_factory
) -> None:
    archive = tmp_path_factory.mktemp("archive")
    moved = archive / images[0].name
    moved.write_bytes(images[0].read_bytes())
    images[0].unlink()
    with pytest.raises(InputError, match=r"is gone from .* its labels are kept"):
        project.header(1)
    assert project.image_path(1, roots=[archive]) == moved
    assert project.header(1).path == moved


def test_a_reader_finds_moved_images_without_writing(project: Project, images: list[Path]) -> None:
    project.close()
    moved = images[0].parent.rename(images[0].parent.with_name("scans"))
    with Project.open(project.folder, read_only=True) as reader:
        assert reader.header(1).path == moved / images[0].name
        assert reader.catalogue.case(1).path == images[0]
