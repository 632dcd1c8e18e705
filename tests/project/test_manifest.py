from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from napari_salient.errors import ProjectError
from napari_salient.project.labels import LabelSchema
from napari_salient.project.manifest import ProjectSettings, read_settings, write_settings
from napari_salient.project.project import Project
from napari_salient.project.splits import SplitFractions

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = LabelSchema.of("anterior", "posterior").retire(2, into=1)
SETTINGS = ProjectSettings('a "name" — ü', "sagittal", SCHEMA, SplitFractions(0.5, 0.2, 0.3), 3)


def test_settings_come_back_as_they_were_written(tmp_path: Path) -> None:
    write_settings(tmp_path, SETTINGS)
    assert read_settings(tmp_path) == SETTINGS


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "project.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("schema_version = 2", "schema_version = 3", r"newer version .*update napari-salient"),
        ("schema_version = 2", "", "names no project format that is known"),
        ('plane = "sagittal"', 'plane = "oblique"', "plane must be one of axial"),
        ('plane = "sagittal"', "", "'plane' is missing"),
        ("pool = 0.5", "pool = 0.9", "must add up to 1"),
        ("pool = 0.5", 'pool = "half"', r"cannot be used: .*; mend it"),
        ("value = 1", "value = 2", "Two label classes have the value '2'"),
        ("value = 1", "number = 1", "number"),
        ("[split]", "[split", r"project.toml is broken"),
        ("[privacy]", "[secrecy]", "'privacy' is missing"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence_and_stays(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    write_settings(tmp_path, SETTINGS)
    change(tmp_path, old, new)
    before = (tmp_path / "project.toml").read_bytes()
    with pytest.raises(ProjectError, match=words) as refused:
        Project.open(tmp_path)
    assert "\n" not in str(refused.value)
    assert (tmp_path / "project.toml").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"schema_version = [", b"3"])
def test_a_torn_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "project.toml").write_bytes(content)
    with pytest.raises(ProjectError, match=r"project\.toml"):
        Project.open(tmp_path)
