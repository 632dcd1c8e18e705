from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from napari_salient.engine.control import Control
from napari_salient.engine.events import Finished, FinishReason, Progress, Started
from napari_salient.errors import InputError, ProjectError
from napari_salient.project.labels import LabelSchema
from napari_salient.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCHEMA = LabelSchema.of("anterior", "posterior")


def splits(project: Project) -> dict[str, str]:
    return {case.name: case.split for case in project.catalogue.cases()}


def test_a_project_is_a_folder_a_person_can_understand(project: Project) -> None:
    names = {entry.name for entry in project.folder.iterdir() if not entry.name.startswith(".")}
    assert {"project.toml", "catalogue.db", "journal.db", "labels", "runs", "exports"} <= names


def test_cases_are_in_the_order_of_the_images(project: Project, images: list[Path]) -> None:
    cases = list(project.catalogue.cases())
    assert [case.path for case in cases] == images
    assert cases[0].name == "sub-00_T1"
    assert (cases[0].kind, cases[0].shape, cases[0].spacing) == (
        "volume",
        (3, 4, 5),
        (2.0, 1.0, 1.0),
    )


def test_images_are_neither_copied_nor_changed(tmp_path: Path, images: list[Path]) -> None:
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in images]
    Project.create(tmp_path / "project", images, labels=SCHEMA).close()
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in images] == before
    assert not list((tmp_path / "project").rglob("*.nii.gz"))


def test_all_images_of_a_patient_are_in_one_split(project: Project) -> None:
    drawn = splits(project)
    assert all(drawn[f"sub-{n:02}_T1"] == drawn[f"sub-{n:02}_T2"] for n in range(5))
    assert set(drawn.values()) == {"pool", "validation", "test"}


def test_the_same_seed_draws_the_same_splits_in_another_project(
    tmp_path: Path, project: Project, images: list[Path]
) -> None:
    with Project.create(tmp_path / "again", images[::-1], labels=SCHEMA) as again:
        assert splits(again) == splits(project)
        assert again.settings.salt != project.settings.salt


def test_patient_identifiers_are_in_no_file_but_as_a_part_of_file_names(
    tmp_path: Path, make_image: Callable[..., Path]
) -> None:
    image = make_image("sub-secret_T1")
    with Project.create(tmp_path / "project", [image], labels=SCHEMA) as project:
        (case,) = project.catalogue.cases()
    assert case.patient not in ("sub-secret", "secret")
    assert len(case.patient) == 32


def test_a_known_patient_keeps_its_split_when_images_are_added(
    project: Project, make_image: Callable[..., Path]
) -> None:
    before = splits(project)
    added = project.add_images([make_image(f"sub-{n:02}_T3", seed=90 + n) for n in range(5)])
    assert added.cases == 5
    after = splits(project)
    assert {name: after[name] for name in before} == before
    assert all(after[f"sub-{n:02}_T3"] == before[f"sub-{n:02}_T1"] for n in range(5))


def test_a_new_patient_is_dealt_the_same_split_in_whatever_company(
    tmp_path: Path, images: list[Path], make_image: Callable[..., Path]
) -> None:
    new = [make_image(f"sub-1{n}_T1", seed=90 + n) for n in range(4)]
    with Project.create(tmp_path / "a", images, labels=SCHEMA) as together:
        together.add_images(new)
    with Project.create(tmp_path / "b", images, labels=SCHEMA) as singly:
        for image in reversed(new):
            singly.add_images([image])
    with Project.open(tmp_path / "a") as a, Project.open(tmp_path / "b") as b:
        assert splits(a) == splits(b)


def test_an_unreadable_image_is_left_out_and_named(tmp_path: Path, images: list[Path]) -> None:
    bad = tmp_path / "images" / "bad.nii.gz"
    bad.write_bytes(b"not a volume")
    with Project.create(tmp_path / "project", [*images, bad], labels=SCHEMA) as project:
        assert project.catalogue.count() == len(images)
        assert [refused.path for refused in project.refused] == [bad]
        assert str(bad) in project.refused[0].reason


def test_the_same_image_under_two_names_is_one_case(
    project: Project, make_image: Callable[..., Path], tmp_path: Path
) -> None:
    twins = [make_image("sub-10_T1", seed=77), make_image("sub-11_T1", seed=77)]
    with Project.create(tmp_path / "twins", twins, labels=SCHEMA) as fresh:
        assert [case.name for case in fresh.catalogue.cases()] == ["sub-10_T1"]
        assert "is the same image as that of case 'sub-10_T1'" in fresh.refused[0].reason
    with pytest.raises(InputError, match="is the same image as that of case 'sub-00_T1'"):
        project.add_images([make_image("sub-12_T1", seed=1)])


def test_without_one_readable_image_nothing_is_made(tmp_path: Path) -> None:
    bad = tmp_path / "bad.nii.gz"
    bad.write_bytes(b"not a volume")
    for images in ([], [bad]):
        with pytest.raises(InputError):
            Project.create(tmp_path / "project", images, labels=SCHEMA)
    assert not (tmp_path / "project").exists()


def test_two_images_of_one_name_are_refused(
    tmp_path: Path, images: list[Path], make_image: Callable[..., Path]
) -> None:
    twin = make_image(images[0].name.removesuffix(".nii.gz"), folder="more")
    with pytest.raises(InputError, match="2 images would be the case 'sub-00_T1'"):
        Project.create(tmp_path / "project", [*images, twin], labels=SCHEMA)
    assert not (tmp_path / "project").exists()


def test_a_project_is_not_made_over_another(project: Project, images: list[Path]) -> None:
    before = (project.folder / "project.toml").read_bytes()
    with pytest.raises(ProjectError, match=r"already holds project\.toml"):
        Project.create(project.folder, images, labels=SCHEMA)
    assert (project.folder / "project.toml").read_bytes() == before


def test_the_job_reports_each_image_and_ends_once(tmp_path: Path, images: list[Path]) -> None:
    events = list(Project.create_job(tmp_path / "project", images, Control(), labels=SCHEMA))
    assert events[0] == Started(len(images))
    assert events[1:-1] == [
        Progress(done, len(images), "images") for done in range(1, len(images) + 1)
    ]
    assert events[-1].reason == FinishReason.COMPLETED
    assert events[-1].result.cases == len(images)


def test_a_cancelled_job_leaves_nothing(tmp_path: Path, images: list[Path]) -> None:
    control = Control()
    job = Project.create_job(tmp_path / "project", images, control, labels=SCHEMA)
    next(job)
    next(job)
    control.cancel()
    *_, last = job
    assert last.reason == FinishReason.CANCELLED
    assert not (tmp_path / "project").exists()


def test_a_job_that_fails_ends_with_the_sentence(tmp_path: Path) -> None:
    *_, last = Project.create_job(tmp_path / "project", [], Control(), labels=SCHEMA)
    assert isinstance(last, Finished)
    assert (last.reason, last.message) == (FinishReason.ERRORED, str(last.error))


def test_a_disk_that_fills_up_leaves_no_half_project(small_disk: Path, images: list[Path]) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (1024 - 60) * 1024)
    with pytest.raises(ProjectError, match=r"disk is full|cannot be written"):
        Project.create(small_disk / "project", images, labels=SCHEMA)
    assert os.listdir(small_disk) == ["filler"]
