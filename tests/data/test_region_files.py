"""Region files are plain, bound to their image, and exact; QuPath's own are read."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays

from napari_salient.data.region_files import read_regions, write_regions
from napari_salient.data.region_masks import polygons_of, rasterise
from napari_salient.data.regions import ImageKey, ImageRegions, Region, rectangle
from napari_salient.errors import InputError

IMAGE = ImageKey("a" * 64, height=60, width=80)
LESION = Region(
    "include",
    ((rectangle(10, 20, 30.25, 40), rectangle(12, 22, 14, 24)), (rectangle(40, 20, 50, 30),)),
    label="caries",
    author="Ada",
    time=datetime(2026, 3, 1, 12, tzinfo=UTC),
    model="c" * 64,
    weight=0.7,
)
GLARE = Region("exclude", ((rectangle(0, 0, 5, 5),),), source="model", author="emil")
SEEN = Region("examined", (IMAGE.whole,))
DRAWN = ImageRegions(IMAGE, (LESION, GLARE, SEEN))


def feature(name="Tumor", **changes):
    """A region as QuPath 0.5 writes it."""
    ring = [[3, 4], [13, 4], [13, 14], [3, 14], [3, 4]]
    return {
        "type": "Feature",
        "id": "7ba8b4a0-6e5c-4ab1-8bd9-4b8d1f6cbe0b",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "objectType": "annotation",
            "classification": {"name": name, "color": [200, 0, 0]},
            "isLocked": True,
            "measurements": {},
        },
        **changes,
    }


def saved(folder, said):
    path = Path(folder, "regions.geojson")
    path.write_text(said if isinstance(said, str) else json.dumps(said))
    return path


def collection(*features):
    return {"type": "FeatureCollection", "features": list(features)}


def test_everything_that_is_known_of_a_region_comes_back(tmp_path):
    write_regions(tmp_path / "film.geojson", DRAWN)
    assert read_regions(tmp_path / "film.geojson", IMAGE) == DRAWN


def test_a_file_is_plain_geojson_that_qupath_shows_by_class(tmp_path):
    write_regions(tmp_path / "film.geojson", DRAWN)
    said = json.loads((tmp_path / "film.geojson").read_text())
    assert said["type"] == "FeatureCollection"
    lesion, glare, _ = said["features"]
    assert lesion["geometry"]["type"] == "MultiPolygon"
    assert lesion["properties"]["classification"]["name"] == "caries"
    assert glare["properties"]["classification"]["name"] == "exclude"
    assert glare["geometry"]["coordinates"] == [[[0, 0], [5, 0], [5, 5], [0, 5], [0, 0]]]


@settings(max_examples=50, deadline=None)
@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=16)).filter(np.any))
def test_a_mask_goes_through_a_file_pixel_for_pixel(mask):
    image = ImageKey("d" * 64, *mask.shape)
    with TemporaryDirectory() as folder:
        path = Path(folder, "mask.geojson")
        write_regions(path, ImageRegions(image, (Region("include", polygons_of(mask)),)))
        (back,) = read_regions(path, image).regions
    assert np.array_equal(rasterise(back.polygons, mask.shape), mask)


def test_a_name_that_is_no_text_leaves_the_old_file(tmp_path):
    path = tmp_path / "film.geojson"
    write_regions(path, DRAWN)
    with pytest.raises(TypeError):
        write_regions(path, ImageRegions(IMAGE, (replace(LESION, author=Path("Ada")),)))
    assert read_regions(path, IMAGE) == DRAWN
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (replace(IMAGE, sha256="b" * 64), "film.geojson are of another image"),
        (replace(IMAGE, width=81), r"an image of 80 × 60 pixels and this one has 81 × 60; choose"),
    ],
)
def test_regions_of_another_image_are_refused(tmp_path, other, sentence):
    write_regions(tmp_path / "film.geojson", DRAWN)
    with pytest.raises(InputError, match=sentence):
        read_regions(tmp_path / "film.geojson", other)


@pytest.mark.parametrize("shape", [collection, lambda *f: list(f), lambda f: f])
def test_qupath_exports_collections_lists_and_single_regions(tmp_path, shape):
    (region,) = read_regions(saved(tmp_path, shape(feature())), IMAGE).regions
    assert (region.kind, region.label, region.id) == ("include", "Tumor", feature()["id"])
    assert region.polygons == ((rectangle(3, 4, 13, 14),),)


@pytest.mark.parametrize(
    ("name", "kind", "label"),
    [
        ("Include", "include", ""),
        ("exclude", "exclude", ""),
        ("Ignore*", "exclude", ""),
        ("Region*", "examined", ""),
        ("Examined", "examined", ""),
        ("caries", "include", "caries"),
    ],
)
def test_classes_of_qupath_are_kinds_or_labels(tmp_path, name, kind, label):
    (region,) = read_regions(saved(tmp_path, collection(feature(name))), IMAGE).regions
    assert (region.kind, region.label) == (kind, label)


def test_derived_classes_and_regions_inside_regions_are_read(tmp_path):
    outer = feature("Region*", id="PathAnnotationObject")
    outer["properties"]["childObjects"] = [feature()]
    outer["properties"]["childObjects"][0]["properties"]["classification"] = {
        "names": ["Tumor", "Positive"]
    }
    regions = read_regions(saved(tmp_path, [outer]), IMAGE).regions
    assert [region.label for region in regions] == ["", "Tumor: Positive"]


def test_what_qupath_keeps_of_our_file_is_enough(tmp_path):
    write_regions(tmp_path / "film.geojson", DRAWN)
    said = json.loads((tmp_path / "film.geojson").read_text())
    as_qupath_writes_it = collection(*said["features"])
    assert read_regions(saved(tmp_path, as_qupath_writes_it), IMAGE) == DRAWN


def test_a_region_without_an_id_gets_the_same_one_each_time(tmp_path):
    path = saved(tmp_path, [feature(id="PathAnnotationObject"), feature("other", id=None)])
    first, second = (read_regions(path, IMAGE) for _ in range(2))
    assert first == second
    assert first.regions[0].id != first.regions[1].id


BROKEN = {
    "no JSON": ("{", "is no JSON"),
    "nested beyond measure": ("[" * 100_000, "is no JSON"),
    "text": ('"regions"', "holds no list of regions"),
    "numbers": ("[1, 2]", "holds no list of regions"),
    "no features": ({"type": "FeatureCollection"}, "holds no list of regions"),
    "no class": (
        [feature(properties={"objectType": "annotation"})],
        r"region 1: it has no class; give it one, such as include\.",
    ),
    "a line": (
        [feature(), feature(geometry={"type": "LineString", "coordinates": [[0, 0], [1, 1]]})],
        "region 2: it is a LineString, which has no area",
    ),
    "no geometry": ([feature(geometry=None)], "it is a None"),
    "no coordinates": ([feature(geometry={"type": "Polygon"})], "coordinates cannot be read"),
    "words as coordinates": (
        [feature(geometry={"type": "Polygon", "coordinates": [[["a", "b"]]]})],
        "coordinates cannot be read",
    ),
    "two corners": (
        [feature(geometry={"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]})],
        "has no area",
    ),
    "another scale": (
        [feature(geometry={"type": "Polygon", "coordinates": [[[0, 0], [900, 0], [0, 900]]]})],
        "choose the regions of this image at full resolution",
    ),
    "a time that is none": (
        [feature(properties={"metadata": {"kind": "include", "time": "yesterday"}})],
        "metadata cannot be read",
    ),
    "another format": ({"format": "napari-salient regions 9"}, "get the latest version"),
    "no image": ({"format": "napari-salient regions 1"}, "does not say which image it is of"),
}


@pytest.mark.parametrize(("said", "sentence"), BROKEN.values(), ids=BROKEN)
def test_broken_files_are_one_sentence(tmp_path, said, sentence):
    path = saved(tmp_path, said)
    with pytest.raises(InputError, match=sentence) as refusal:
        read_regions(path, IMAGE)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"none\.geojson cannot be read"):
        read_regions(tmp_path / "none.geojson", IMAGE)
