"""A folder of bitewings is read by what reads radiographs, lists, regions and boxes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_salient.cli import main
from napari_salient.data.label_list import read_label_list, refuse_copies
from napari_salient.data.radiographs import read_radiograph
from napari_salient.data.region_masks import rasterise
from napari_salient.data.region_pictures import read_region_mask
from napari_salient.data.regions import ImageKey
from napari_salient.errors import InputError
from napari_salient.samples.bitewing import draw_film
from napari_salient.samples.bitewing_files import make_bitewings


@pytest.fixture
def made(tmp_path):
    return make_bitewings(tmp_path / "films", cases=10, films=True)


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_the_list_names_every_picture_with_patient_and_split(made):
    listed = read_label_list(made.labels, made.images)
    assert len(listed) == 10
    assert [one.labels[0] for one in listed] == ["0", "1"] * 5
    assert [one.split for one in listed[::2]] == ["pool", "pool", "pool", "validation", "test"]
    refuse_copies(listed)


def test_masks_are_the_caries_of_an_image_that_was_examined_whole(made):
    for number in range(3):
        name = f"film-{number + 1:04}.png"
        shape = read_radiograph(made.images / name).shape
        key = ImageKey.of(made.images / name, *shape)
        regions = read_region_mask(made.masks / name, key)
        assert regions.of_kind("examined")[0].polygons == ((key.whole),)
        found = [rasterise(region.polygons, shape) for region in regions.of_kind("include")]
        lesions = draw_film(0, number).lesions
        assert len(found) == int(lesions.any())
        assert all(np.array_equal(mask, lesions) for mask in found)


def test_boxes_are_in_coco_s_format(made):
    said = json.loads(made.boxes.read_text())
    assert [entry["file_name"] for entry in said["images"]][:2] == [
        "film-0001.png",
        "film-0002.png",
    ]
    names = {entry["id"]: entry["name"] for entry in said["categories"]}
    found = [names[entry["category_id"]] for entry in said["annotations"]]
    assert found.count("tooth") > 80
    assert 5 <= found.count("caries") <= 15


def test_the_same_seed_makes_the_same_bytes_again_in_its_own_folder(made, tmp_path):
    before = contents(made.images.parent)
    make_bitewings(tmp_path / "films", cases=10, films=True)
    assert contents(made.images.parent) == before
    other = make_bitewings(tmp_path / "other", cases=2, films=True, seed=1)
    assert not set(contents(other.images).values()) & set(before.values())


def test_a_shortcut_is_only_in_what_is_not_for_the_test(tmp_path):
    made = make_bitewings(tmp_path / "crops", cases=100, shortcut=1.0)
    rows = [line.split(",") for line in made.labels.read_text().splitlines()[1:]]
    agree = {split: [] for split in ("train", "validation", "test")}
    for _, label, _, split, restored in rows:
        agree[split].append(label == restored)
    assert np.mean(agree["train"] + agree["validation"]) == 1
    assert 0.2 < np.mean(agree["test"]) < 0.8


@pytest.mark.parametrize("name", ["images/own.png", "labels.csv", "boxes.json"])
def test_a_file_that_is_no_sample_is_kept(tmp_path, name):
    own = tmp_path / name
    own.parent.mkdir(exist_ok=True)
    own.write_bytes(b"mine")
    with pytest.raises(InputError, match=f"{own.name} exists and is no sample"):
        make_bitewings(tmp_path, cases=1)
    assert contents(tmp_path) == {name: b"mine"}


def test_what_was_left_by_an_interruption_is_gone_over(made, tmp_path):
    complete = contents(tmp_path / "films")
    made.labels.unlink()
    made.boxes.unlink()
    (made.images / "film-0010.png").unlink()
    make_bitewings(tmp_path / "films", cases=10, films=True)
    assert contents(tmp_path / "films") == complete


def test_the_command_makes_crops_and_films(tmp_path, capsys):
    crops, films = tmp_path / "crops", tmp_path / "films"
    assert main(["samples", "make", "bitewings", str(crops), "--cases", "3"]) == 0
    assert read_radiograph(crops / "images/crop-0003.png").shape == (64, 48)
    words = ["samples", "make", "bitewings", str(films), "--cases", "1", "--films", "--scale", "2"]
    assert main(words) == 0
    assert read_radiograph(films / "images/film-0001.png").shape == (256, 320)
    assert "labels.csv" in capsys.readouterr().out


def test_options_that_do_not_go_together_are_wrong_usage(tmp_path, capsys):
    folder = str(tmp_path / "none")
    assert main(["samples", "make", "brain", folder, "--films"]) == 2
    assert "for bitewings" in capsys.readouterr().err
    words = ["samples", "make", "bitewings", folder, "--films", "--shortcut", "0.9"]
    assert main(words) == 1
    assert "drawn with crops" in capsys.readouterr().err
