"""Radiographs as cases: their regions are edited, kept and undone as the labels of a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from napari_salient.data.labels import read_labels
from napari_salient.project.editing import CaseEditor
from napari_salient.project.labels import LabelSchema
from napari_salient.project.project import Project
from napari_salient.project.states import SliceMark, SliceState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEIGHT, WIDTH = 30, 40


@pytest.fixture
def radiographs(tmp_path: Path) -> list[Path]:
    """Return four pictures, no two alike."""
    folder = tmp_path / "films"
    folder.mkdir()
    paths = [folder / f"film-{number}.png" for number in range(4)]
    for number, path in enumerate(paths):
        pixels = np.random.default_rng(number).integers(0, 255, (HEIGHT, WIDTH), np.uint8)
        Image.fromarray(pixels).save(path)
    return paths


@pytest.fixture
def project(tmp_path: Path, radiographs: list[Path]) -> Iterator[Project]:
    """Return an open project of the pictures."""
    schema = LabelSchema.of("include", "exclude")
    with Project.create(tmp_path / "project", radiographs, labels=schema) as opened:
        yield opened


def test_pictures_become_cases_of_one_slice_whose_pixels_have_no_known_size(
    project: Project,
) -> None:
    cases = list(project.catalogue.cases())
    assert {(c.kind, c.shape, c.channels, c.spacing) for c in cases} == {
        ("radiograph", (1, HEIGHT, WIDTH), 1, None)
    }
    assert project.header(1).shape == (1, HEIGHT, WIDTH)


def test_what_is_painted_is_undone_and_outlives_a_restart(project: Project) -> None:
    labels = project.label_array(1)
    editor = CaseEditor(project.journal, 1, labels, "axial")
    for value, rows in ((1, slice(2, 6)), (2, slice(10, 20))):
        labels[0, rows, 5:9] = value
        change = editor.unrecorded()
        assert change is not None
        editor.record("stroke", change)
    assert editor.undo() is not None
    folder = project.folder
    project.close()
    with Project.open(folder) as again:
        stored = again.label_array(1)
        assert np.array_equal(np.unique(stored), [0, 1])
        assert stored[0, 2:6, 5:9].all()


def test_regions_are_compacted_and_exported_on_the_grid_of_the_picture(
    project: Project, tmp_path: Path
) -> None:
    labels = project.label_array(1)
    editor = CaseEditor(project.journal, 1, labels, "axial")
    labels[0, :3, -5:] = 1
    change = editor.unrecorded()
    assert change is not None
    editor.record("stroke", change)
    project.compact(1)
    assert np.array_equal(project.label_array(1), labels)
    editor.set_mark(0, SliceMark(SliceState.ACCEPTED, "edited"), "accept")
    (written,) = [p for p in project.export(tmp_path / "out").files if p.name.endswith(".nii.gz")]
    assert np.array_equal(read_labels(written, project.header(1)), labels)


def test_a_file_that_is_no_picture_is_left_out_with_a_sentence(
    tmp_path: Path, radiographs: list[Path]
) -> None:
    broken = tmp_path / "films" / "broken.png"
    broken.write_bytes(b"no picture")
    schema = LabelSchema.of("include")
    with Project.create(tmp_path / "project", [*radiographs, broken], labels=schema) as project:
        assert len(list(project.catalogue.cases())) == 4
        assert [refused.path for refused in project.refused] == [broken]
        assert "cannot be read as a picture" in project.refused[0].reason
