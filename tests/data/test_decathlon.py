"""Folders in the layout of the Medical Segmentation Decathlon."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest

from napari_salient.data.decathlon import read_decathlon
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ("prostate_07", "prostate_01", "prostate_10")


@pytest.fixture
def task(tmp_path: Path) -> Path:
    for name in NAMES:
        for folder, shape in (("imagesTr", (6, 5, 4, 2)), ("labelsTr", (6, 5, 4))):
            (tmp_path / folder).mkdir(exist_ok=True)
            image = nib.Nifti1Image(np.zeros(shape, np.uint8), np.eye(4))
            nib.save(image, tmp_path / folder / f"{name}.nii.gz")
            (tmp_path / folder / f"._{name}.nii.gz").write_bytes(b"\0\5\26\7 macOS")
    write_listing(tmp_path)
    return tmp_path


def entry(name: str) -> dict[str, str]:
    return {"image": f"./imagesTr/{name}.nii.gz", "label": f"./labelsTr/{name}.nii.gz"}


def write_listing(folder: Path, **changes: Any) -> None:
    said = {
        "name": "PROSTATE",
        "modality": {"0": "T2", "1": "ADC"},
        "labels": {"0": "background", "1": "PZ", "2": "TZ"},
        "training": [entry(name) for name in NAMES],
        "test": ["./imagesTs/prostate_03.nii.gz"],
    }
    (folder / "dataset.json").write_text(json.dumps(said | changes))


def test_cases_come_in_the_order_of_the_list_with_their_names(task: Path) -> None:
    read = read_decathlon(task)
    assert [path.name for path in read.images] == [f"{name}.nii.gz" for name in NAMES]
    assert [path.parent.name for path in read.labels] == ["labelsTr"] * 3
    assert read.name == "PROSTATE"
    assert read.channels == ("T2", "ADC")
    assert read.label_names == {0: "background", 1: "PZ", 2: "TZ"}


def test_files_that_macos_left_in_the_archive_are_passed_over(task: Path) -> None:
    write_listing(task, training=[entry(name) for name in (*NAMES, f"._{NAMES[0]}")])
    assert len(read_decathlon(task).images) == 3


def without_file(folder: Path) -> None:
    (folder / "labelsTr/prostate_01.nii.gz").unlink()


def with_names(folder: Path, *names: str) -> None:
    write_listing(folder, training=[entry(name) for name in names])


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda f: (f / "dataset.json").unlink(), r"dataset\.json cannot be read"),
        (lambda f: (f / "dataset.json").write_text("{"), "is no JSON"),
        (lambda f: (f / "dataset.json").write_text("[]"), "does not describe a Decathlon task"),
        (lambda f: write_listing(f, modality=None), 'no names by number under "modality"'),
        (lambda f: write_listing(f, labels={"bone": 1}), 'no names by number under "labels"'),
        (lambda f: write_listing(f, labels={"300": "bone"}), "labels go from 0 to 254"),
        (lambda f: write_listing(f, training=["a.nii.gz"]), 'under "training"'),
        (lambda f: write_listing(f, training=[]), "lists no labelled volumes"),
        (without_file, r"lists \./labelsTr/prostate_01\.nii\.gz, which is missing"),
        (lambda f: with_names(f, "../../secret"), "outside its folder"),
        (lambda f: with_names(f, "..\\secret"), "outside its folder"),
        (lambda f: write_listing(f, modality={"0": "T2"}), r"has 2 channels and .* names 1 \(T2\)"),
        (
            lambda f: write_listing(f, training=[{"image": "/etc/passwd", "label": "x.nii"}]),
            "lists /etc/passwd, which is outside its folder",
        ),
    ],
)
def test_a_listing_that_cannot_be_used_is_refused_in_a_sentence(
    task: Path, spoil: Callable[[Path], object], sentence: str
) -> None:
    spoil(task)
    with pytest.raises(InputError, match=sentence):
        read_decathlon(task)
