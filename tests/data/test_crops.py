"""Crops of teeth keep the film's pixels, and what is said and marked on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from napari_salient.data.annotated import AnnotatedImage, Annotation
from napari_salient.data.coco import read_coco
from napari_salient.data.crops import Cutting, cut_crops
from napari_salient.data.label_list import read_label_list
from napari_salient.data.radiographs import read_radiograph
from napari_salient.data.region_files import read_regions
from napari_salient.data.region_masks import rasterise
from napari_salient.data.regions import ImageKey, rectangle
from napari_salient.errors import InputError
from napari_salient.samples.bitewing import draw_film
from napari_salient.samples.bitewing_files import make_bitewings

TEETH = Cutting(around=("tooth",), labels=("caries",), kinds={"caries": "include"}, size=(64, 48))
VALUES = np.arange(60 * 80, dtype=np.uint16).reshape(60, 80) * 13


def film(folder, *annotations, values=VALUES):
    path = folder / "sub-07_film.png"
    Image.fromarray(values).save(path)
    return AnnotatedImage(path, *values.shape[:2], annotations)


def marked(label, *box):
    return Annotation(label, ((rectangle(*box),),))


def cut(films, folder, cutting=TEETH, listed=()):
    assert list(cut_crops(films, cutting, folder, listed)) == [one.path.name for one in films]
    return read_label_list(folder / "labels.csv", folder / "images")


@pytest.fixture
def made(tmp_path):
    return make_bitewings(tmp_path / "films", cases=6, films=True)


def test_every_tooth_of_a_film_becomes_a_crop_with_its_label_patient_and_split(made, tmp_path):
    films = read_coco(made.boxes, made.images)
    listed = read_label_list(made.labels, made.images)
    crops = cut(films, tmp_path / "crops", listed=listed)
    assert len(crops) == sum(len(image.of_label("tooth")) for image in films)
    assert {read_radiograph(crop.path).shape for crop in crops} == {(64, 48)}
    owners = {one.path.stem: (one.patient, one.split) for one in listed}
    for crop in crops:
        assert (crop.patient, crop.split) == owners[crop.path.stem[:-3]]
    decayed = [crop for crop in crops if crop.labels == ("caries",)]
    assert {crop.path.stem[:-3] for crop in decayed} == {"film-0002", "film-0004", "film-0006"}


def test_regions_are_cut_with_the_crop(made, tmp_path):
    lesions = draw_film(0, 1).lesions
    picture = read_radiograph(made.images / "film-0002.png").image[0]
    crops = cut(read_coco(made.boxes, made.images)[1:2], tmp_path / "crops")
    found = 0
    for crop in crops:
        image = read_radiograph(crop.path).image[0]
        windows = np.lib.stride_tricks.sliding_window_view(picture, (64, 48))
        ((top, left),) = np.argwhere((windows == image).all((2, 3)))
        path = tmp_path / f"crops/regions/{crop.path.stem}.geojson"
        regions = read_regions(path, ImageKey.of(crop.path, 64, 48))
        polygons = (p for region in regions.of_kind("include") for p in region.polygons)
        mask = rasterise(polygons, (64, 48))
        assert np.array_equal(mask, lesions[top : top + 64, left : left + 48])
        assert len(regions.of_kind("examined")) == 1
        found += mask.any()
    assert found >= 1


def test_without_a_size_a_crop_is_its_box_and_a_margin(tmp_path):
    image = film(tmp_path, marked("tooth", 20, 10, 60, 40), marked("tooth", 0, 0, 30, 60))
    middle, corner = cut([image], tmp_path / "crops", replace(TEETH, size=None))
    assert read_radiograph(middle.path).shape == (36, 48)
    assert read_radiograph(corner.path).shape == (60, 33)
    assert middle.patient == "sub-07"
    assert middle.labels == ()


def test_a_crop_of_a_size_is_moved_into_its_film(tmp_path):
    image = film(tmp_path, marked("tooth", 60, 40, 80, 60))
    (crop,) = cut([image], tmp_path / "crops", replace(TEETH, size=(32, 48)))
    assert np.array_equal(
        np.argsort(read_radiograph(crop.path).image[0].ravel()),
        np.argsort(VALUES[28:, 32:].ravel()),
    )


def test_all_bits_of_a_deep_film_are_kept(tmp_path):
    image = film(tmp_path, marked("tooth", 0, 0, 80, 60))
    (crop,) = cut([image], tmp_path / "crops", replace(TEETH, size=None))
    read = read_radiograph(crop.path)
    assert read.bits == 16
    assert len(np.unique(read.image)) == VALUES.size


def test_colours_and_bytes_stay_as_they_are(tmp_path):
    for number, shape in enumerate([(60, 80), (60, 80, 3)]):
        values = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        image = film(tmp_path, marked("tooth", 0, 0, 80, 60), values=values)
        (crop,) = cut([image], tmp_path / f"crops-{number}", replace(TEETH, size=None))
        with Image.open(crop.path) as picture:
            assert np.array_equal(np.asarray(picture), values)


@pytest.mark.parametrize(
    ("box", "labels"), [((25, 12, 35, 20), ("caries",)), ((58, 12, 78, 20), ())]
)
def test_a_finding_belongs_to_a_crop_that_it_mostly_lies_in(tmp_path, box, labels):
    image = film(tmp_path, marked("tooth", 20, 10, 60, 40), marked("caries", *box))
    (crop,) = cut([image], tmp_path / "crops", replace(TEETH, size=None))
    assert crop.labels == labels


def test_boxes_of_whole_teeth_give_labels_and_no_regions(tmp_path):
    image = film(tmp_path, marked("Cavity", 0, 0, 20, 30), marked("Fillings", 40, 0, 60, 30))
    cutting = Cutting(around=("Cavity", "Fillings"), labels=("Cavity",), kinds={})
    first, second = cut([image], tmp_path / "crops", cutting)
    assert (first.labels, second.labels) == (("Cavity",), ())
    assert not list((tmp_path / "crops/regions").iterdir())


def test_crops_that_are_there_are_not_mixed_with_others(tmp_path):
    image = film(tmp_path, marked("tooth", 20, 10, 60, 40))
    cut([image], tmp_path / "crops")
    with pytest.raises(InputError, match="holds crops already"):
        cut([image], tmp_path / "crops")


def test_annotations_of_another_size_and_films_off_the_list_are_refused(tmp_path, made):
    image = film(tmp_path, marked("tooth", 20, 10, 60, 40))
    with pytest.raises(InputError, match="80 × 60 pixels and its annotations are for 80 × 61"):
        cut([replace(image, height=61)], tmp_path / "crops")
    listed = read_label_list(made.labels, made.images)
    with pytest.raises(InputError, match="is not in the list of films"):
        cut([image], tmp_path / "other", listed=listed)
