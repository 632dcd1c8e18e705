"""Boxes and outlines of other tools become labels and regions, pixel for pixel."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from napari_salient.data.coco import read_coco
from napari_salient.data.region_masks import rasterise
from napari_salient.data.regions import ImageKey, rectangle
from napari_salient.data.yolo import read_yolo
from napari_salient.errors import InputError
from napari_salient.samples.bitewing import draw_film
from napari_salient.samples.bitewing_files import make_bitewings

SHAPE = (40, 60)


@pytest.fixture
def images(tmp_path):
    """Two films."""
    folder = tmp_path / "images"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.png"):
        Image.fromarray(rng.integers(0, 255, SHAPE, np.uint8)).save(folder / name)
    return folder


def coco(**changes):
    said = {
        "images": [
            {"id": 7, "file_name": "b.png", "width": 60, "height": 40},
            {"id": 3, "file_name": "a.png", "width": 60, "height": 40},
        ],
        "categories": [{"id": 1, "name": "tooth"}, {"id": 5, "name": "caries"}],
        "annotations": [
            {"id": 1, "image_id": 3, "category_id": 1, "bbox": [10, 5, 20, 30]},
            {
                "id": 2,
                "image_id": 3,
                "category_id": 5,
                "bbox": [12, 8, 4, 4],
                "segmentation": [[12, 8, 16, 8, 16, 12], [20, 8, 24, 8, 24, 12, 20, 12]],
            },
            {
                "id": 3,
                "image_id": 7,
                "category_id": 5,
                "iscrowd": 1,
                "segmentation": {"size": [40, 60], "counts": [41, 2, 38, 2, 2317]},
            },
        ],
    }
    return said | changes


@pytest.fixture
def read(tmp_path, images):
    def read(said):
        listing = tmp_path / "annotations.json"
        listing.write_text(said if isinstance(said, str) else json.dumps(said))
        return read_coco(listing, images)

    return read


def test_coco_s_boxes_outlines_and_run_lengths_are_areas(read, images):
    second, first = read(coco())
    assert [image.path for image in (first, second)] == [images / "a.png", images / "b.png"]
    assert first.labels() == ("caries", "tooth")
    (tooth,), (caries,) = first.of_label("tooth"), first.of_label("caries")
    assert tooth.polygons == ((rectangle(10, 5, 30, 35),),)
    assert tooth.box == (10, 5, 30, 35)
    assert len(caries.polygons) == 2
    run_lengths = rasterise(second.annotations[0].polygons, SHAPE)
    assert np.argwhere(run_lengths).tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]


def test_classes_become_regions_of_the_kinds_that_are_named(read):
    _, image = read(coco())
    key = ImageKey("a" * 64, *SHAPE)
    drawn = image.regions(key, {"caries": "include"}, author="Ada")
    assert [(r.kind, r.label, r.author) for r in drawn.regions] == [
        ("include", "caries", "Ada"),
        ("examined", "", "Ada"),
    ]
    excluded = image.regions(key, {"tooth": "exclude"}, examined=False)
    assert [(r.kind, r.label) for r in excluded.regions] == [("exclude", "")]


def test_annotations_of_another_size_are_refused(read):
    _, image = read(coco())
    with pytest.raises(
        InputError, match=r"a\.png has 30 × 20 pixels and its annotations are for 60"
    ):
        image.regions(ImageKey("a" * 64, 20, 30), {"caries": "include"})


BROKEN = {
    "no JSON": ("{", "is no JSON"),
    "a list": ([], "is not as COCO has it"),
    "no images": ({"categories": [], "annotations": []}, "is not as COCO has it"),
    "a missing image": (
        coco(images=[{"id": 3, "file_name": "z.png", "width": 1, "height": 1}], annotations=[]),
        "names z.png, which is not in",
    ),
    "an unknown class": (
        coco(annotations=[{"image_id": 3, "category_id": 9, "bbox": [0, 0, 1, 1]}]),
        "is not as COCO has it",
    ),
    "no area": (coco(annotations=[{"image_id": 3, "category_id": 1}]), "is not as COCO has it"),
    "half a point": (
        coco(annotations=[{"image_id": 3, "category_id": 1, "segmentation": [[0, 0, 1]]}]),
        "is not as COCO has it",
    ),
    "compressed masks": (
        coco(
            annotations=[
                {"image_id": 3, "category_id": 1, "segmentation": {"size": [4, 6], "counts": "0A"}}
            ]
        ),
        "compressed run-length masks; export outlines",
    ),
}


@pytest.mark.parametrize(("said", "sentence"), BROKEN.values(), ids=BROKEN)
def test_broken_coco_files_are_one_sentence(read, said, sentence):
    with pytest.raises(InputError, match=sentence) as refusal:
        read(said)
    assert "annotations.json" in str(refusal.value)


def test_the_boxes_of_sample_bitewings_are_read(tmp_path):
    made = make_bitewings(tmp_path / "films", cases=2, films=True)
    sound, decayed = read_coco(made.boxes, made.images)
    assert sound.labels() == ("tooth",)
    mask = rasterise((p for a in decayed.of_label("caries") for p in a.polygons), (128, 160))
    assert np.array_equal(mask, draw_film(0, 1).lesions)


@pytest.fixture
def yolo(tmp_path, images):
    def write(text, classes="Cavity\nFillings\n"):
        (tmp_path / "labels").mkdir(exist_ok=True)
        (tmp_path / "labels/a.txt").write_text(text)
        (tmp_path / "classes.txt").write_text(classes)
        return read_yolo(tmp_path / "labels", images, tmp_path / "classes.txt")

    return write


def test_yolo_s_boxes_and_outlines_are_areas(yolo):
    first, second = yolo("0 0.5 0.25 0.5 0.1\n\n1 0 0 0.5 0 0.5 1\n")
    assert second.annotations == ()
    assert first.labels() == ("Cavity", "Fillings")
    assert first.of_label("Cavity")[0].box == pytest.approx((15, 8, 45, 12))
    assert first.of_label("Fillings")[0].polygons == ((((0, 0), (30, 0), (30, 40)),),)
    assert first.regions(ImageKey("a" * 64, *SHAPE), {"Cavity": "include"}).regions[0].label


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("0 0.5 0.5 0.1", r"line 1 that is no box"),
        ("Cavity 0.5 0.5 0.1 0.1", "line 1 that is no box"),
        ("7 0.5 0.5 0.1 0.1", "line 1 that is no box"),
        ("0 0.5 0.5", "neither a box nor an outline"),
        ("0 320 200 40 40", "line 1 a place outside of the image; places are relative"),
        ("0 nan 0.5 0.1 0.1", "line 1 a place outside"),
    ],
)
def test_broken_yolo_lines_are_one_sentence(yolo, line, sentence):
    with pytest.raises(InputError, match=sentence) as refusal:
        yolo(line)
    assert "a.txt" in str(refusal.value)


def test_yolo_without_classes_or_images_is_refused(tmp_path, yolo):
    with pytest.raises(InputError, match=r"none\.txt cannot be read"):
        read_yolo(tmp_path / "labels", tmp_path / "images", tmp_path / "none.txt")
    yolo("")
    with pytest.raises(InputError, match="holds no pictures"):
        read_yolo(tmp_path / "labels", tmp_path / "labels", tmp_path / "classes.txt")


@pytest.mark.shared
def test_the_panoramic_radiographs_are_read(shared_data):
    folder = shared_data / "data/dental/panoramic"
    read = read_yolo(folder / "labels", folder / "images", folder / "classes.txt")
    assert len(read) == 240
    assert sum(len(image.of_label("Cavity")) for image in read) == 237
    assert sum("Cavity" in image.labels() for image in read) == 104


@pytest.mark.shared
def test_the_fundus_boxes_are_read_and_lie_on_their_images(shared_data):
    folder = shared_data / "data/fundus"
    read = read_yolo(folder / "boxes", folder / "images", folder / "box_classes.txt")
    assert len(read) == 516
    kinds = {"haemorrhage": "include", "hard_exudates": "include"}
    drawn = [image.regions(ImageKey("", image.height, image.width), kinds) for image in read]
    assert sum(len(regions.of_kind("include")) for regions in drawn) > 1000
