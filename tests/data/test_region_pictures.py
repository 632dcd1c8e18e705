"""A mask and its JSON say together what one reader marked, pixel for pixel."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from napari_salient.data.region_masks import polygons_of, rasterise
from napari_salient.data.region_pictures import (
    read_region_mask,
    write_region_mask,
)
from napari_salient.data.regions import KINDS, ImageKey, ImageRegions, Region, rectangle
from napari_salient.errors import InputError

IMAGE = ImageKey("a" * 64, height=12, width=16)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def box(kind="include", *corners, **changes):
    polygons = ((rectangle(*(corners or (2, 3, 6, 9))),),)
    return Region(**{"kind": kind, "polygons": polygons, "author": "Ada", "time": NOON, **changes})


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_masks_of_all_kinds_come_back_pixel_for_pixel(tmp_path_factory, data):
    drawn = {kind: data.draw(arrays(bool, (12, 16))) for kind in KINDS}
    regions = [Region(kind, polygons_of(m), time=NOON) for kind, m in drawn.items() if m.any()]
    path = tmp_path_factory.mktemp("masks") / "film.png"
    write_region_mask(path, ImageRegions(IMAGE, tuple(regions)))
    back = read_region_mask(path, IMAGE)
    assert len(back.regions) == len(regions)
    for region in back.regions:
        assert np.array_equal(rasterise(region.polygons, (12, 16)), drawn[region.kind])


def test_who_marked_it_comes_back(tmp_path):
    marked = box(label="caries", model="c" * 64, weight=0.4, source="model")
    write_region_mask(tmp_path / "film.png", ImageRegions(IMAGE, (marked,)))
    assert read_region_mask(tmp_path / "film.png", IMAGE).regions == (marked,)


def test_values_add_up_where_kinds_overlap_and_the_json_explains_them(tmp_path):
    seen = Region("examined", (IMAGE.whole,), time=NOON)
    write_region_mask(tmp_path / "film.png", ImageRegions(IMAGE, (box(), seen)))
    with Image.open(tmp_path / "film.png") as picture:
        values = np.asarray(picture)
        shown = np.asarray(picture.convert("RGB"))
    assert np.array_equal(np.unique(values), [4, 5])
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) == 2
    said = json.loads((tmp_path / "film.json").read_text())
    assert said["values"] == {"include": 1, "exclude": 2, "examined": 4}
    assert said["image"] == {"sha256": "a" * 64, "width": 16, "height": 12}


def test_regions_of_one_reader_become_one_of_each_kind_with_the_latest_time(tmp_path):
    later = NOON + timedelta(hours=1)
    two = (box(), box("include", 8, 3, 10, 9, time=later))
    write_region_mask(tmp_path / "film.png", ImageRegions(IMAGE, two))
    (one,) = read_region_mask(tmp_path / "film.png", IMAGE).regions
    assert one.time == later
    assert len(one.polygons) == 2


def test_regions_of_two_readers_are_not_mixed(tmp_path):
    two = ImageRegions(IMAGE, (box(), box(author="Ben")))
    with pytest.raises(InputError, match="include regions are of several readers"):
        write_region_mask(tmp_path / "film.png", two)
    assert not list(tmp_path.iterdir())


def test_a_slide_has_its_mask_at_a_scale(tmp_path):
    slide = ImageKey("e" * 64, height=50_001, width=60_000)
    marked = box("exclude", 640, 320, 1280, 960)
    with pytest.raises(InputError, match="too large; write it at a coarser scale"):
        write_region_mask(tmp_path / "slide.png", ImageRegions(slide, (marked,)))
    write_region_mask(tmp_path / "slide.png", ImageRegions(slide, (marked,)), scale=32)
    assert read_region_mask(tmp_path / "slide.png", slide).regions[0].bounds == marked.bounds
    small = box("exclude", 640, 320, 641, 321)
    with pytest.raises(InputError, match="cover no pixel"):
        write_region_mask(tmp_path / "small.png", ImageRegions(slide, (small,)), scale=32)


@settings(deadline=None)
@given(arrays(bool, (20, 20)), st.integers(1, 9), st.integers(5, 14))
def test_a_coarse_mask_is_the_region_seen_from_further_away(tmp_path_factory, mask, scale, side):
    image = ImageKey("f" * 64, side, side + 3)
    shape = tuple(len(np.arange(scale / 2, length, scale)) for length in (side, side + 3))
    polygons = polygons_of(mask[:side, : side + 3])
    expected = rasterise(polygons, shape, scale)
    assume(expected.any())
    path = tmp_path_factory.mktemp("masks") / "film.png"
    write_region_mask(path, ImageRegions(image, (Region("include", polygons, time=NOON),)), scale)
    (back,) = read_region_mask(path, image).regions
    assert np.array_equal(rasterise(back.polygons, shape, scale), expected)


@pytest.mark.parametrize(
    ("other", "sentence"),
    [(replace(IMAGE, sha256="b" * 64), "its content differs"), (replace(IMAGE, width=17), "17")],
)
def test_masks_of_another_image_are_refused(tmp_path, other, sentence):
    write_region_mask(tmp_path / "film.png", ImageRegions(IMAGE, (box(),)))
    with pytest.raises(InputError, match=sentence):
        read_region_mask(tmp_path / "film.png", other)


def spoil_picture(folder, values):
    Image.fromarray(values).save(folder / "film.png")


BROKEN = {
    "no picture": (lambda f: (f / "film.png").write_bytes(b"none"), "cannot be read as a mask"),
    "half a picture": (
        lambda f: (f / "film.png").write_bytes((f / "film.png").read_bytes()[:-30]),
        "cannot be read as a mask",
    ),
    "missing picture": (lambda f: (f / "film.png").unlink(), "cannot be read as a mask"),
    "values of something else": (
        lambda f: spoil_picture(f, np.full((12, 16), 255, np.uint8)),
        "is no region mask",
    ),
    "colours": (lambda f: spoil_picture(f, np.zeros((12, 16, 3), np.uint8)), "is no region mask"),
    "another size": (
        lambda f: spoil_picture(f, np.zeros((6, 8), np.uint8)),
        "has 8 × 6 pixels and its image 16 × 12",
    ),
    "missing JSON": (lambda f: (f / "film.json").unlink(), r"film\.json cannot be read"),
    "no JSON": (lambda f: (f / "film.json").write_text("{"), "is no JSON"),
    "other JSON": (lambda f: (f / "film.json").write_text("{}"), "does not describe"),
    "empty region": (
        lambda f: spoil_picture(f, np.zeros((12, 16), np.uint8)),
        "a region that cannot be read: A region has no area",
    ),
}


@pytest.mark.parametrize(("spoil", "sentence"), BROKEN.values(), ids=BROKEN)
def test_broken_files_are_one_sentence(tmp_path, spoil, sentence):
    write_region_mask(tmp_path / "film.png", ImageRegions(IMAGE, (box(),)))
    spoil(tmp_path)
    with pytest.raises(InputError, match=sentence):
        read_region_mask(tmp_path / "film.png", IMAGE)
