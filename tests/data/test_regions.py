"""Regions belong to one image, keep who said what, and merge in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from napari_salient.data.regions import ImageKey, ImageRegions, Region, merge, rectangle
from napari_salient.errors import InputError

IMAGE = ImageKey("a" * 64, height=60, width=80)
BOX = (rectangle(10, 20, 30, 40),)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def region(**changes):
    return Region(**{"kind": "include", "polygons": (BOX,), "time": NOON, **changes})


def test_the_key_of_an_image_stays_when_its_file_moves(tmp_path):
    path = tmp_path / "film.png"
    path.write_bytes(b"a film")
    before = ImageKey.of(path, 60, 80)
    moved = path.rename(tmp_path / "other.png")
    assert ImageKey.of(moved, 60, 80) == before
    moved.write_bytes(b"another film")
    assert ImageKey.of(moved, 60, 80) != before


def test_a_new_region_is_of_a_person_now_and_certain():
    fresh = Region("exclude", (BOX,))
    assert (fresh.source, fresh.weight, fresh.model) == ("person", 1.0, None)
    assert datetime.now(UTC) - fresh.time < timedelta(minutes=1)
    assert fresh.id != Region("exclude", (BOX,)).id


def test_the_whole_image_can_be_examined():
    drawn = ImageRegions(IMAGE, (region(kind="examined", polygons=(IMAGE.whole,)),))
    assert drawn.of_kind("examined")[0].bounds == (0, 0, 80, 60)
    assert drawn.of_kind("include") == ()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kind": "tumour"}, "kind 'tumour'.*kinds are include, exclude, examined"),
        ({"source": "robot"}, "sources person, model"),
        ({"weight": 0.0}, "weight 0.0"),
        ({"weight": float("nan")}, "weight nan"),
        ({"time": datetime(2026, 3, 1)}, "without a time zone"),
        ({"polygons": ()}, "no area"),
        ({"polygons": (((((1, 1), (2, 2), (1, 1))),),)}, "no area"),
        ({"polygons": ((((0, 0), (1, 0), (1, float("inf"))),),)}, "no numbers"),
    ],
)
def test_what_is_no_region_is_refused(changes, sentence):
    with pytest.raises(InputError, match=sentence):
        region(**changes)


def test_a_region_may_be_drawn_a_little_over_the_edge():
    over = region(polygons=((rectangle(-2, -2, 83, 10),),))
    assert ImageRegions(IMAGE, (over,)).regions == (over,)


@pytest.mark.parametrize("box", [(40, 20, 160, 40), (81, 0, 83, 10), (-30, 5, 10, 20)])
def test_regions_of_another_scale_are_refused(box):
    with pytest.raises(InputError, match=r"the image has 80 × 60 pixels; choose the regions of th"):
        ImageRegions(IMAGE, (region(polygons=((rectangle(*box),),)),))


def test_the_regions_of_two_readers_come_together_each_once():
    shared, mine, theirs = region(), region(author="Ada"), region(author="Ben")
    both = merge(ImageRegions(IMAGE, (shared, mine)), ImageRegions(IMAGE, (theirs, shared)))
    assert set(both.regions) == {shared, mine, theirs}
    assert len(both.regions) == 3


def test_of_two_versions_the_later_one_stays():
    old = region()
    new = replace(old, kind="exclude", time=NOON + timedelta(hours=1))
    for first, second in permutations((old, new)):
        merged = merge(ImageRegions(IMAGE, (first,)), ImageRegions(IMAGE, (second,)))
        assert merged.regions == (new,)


def test_three_files_merge_in_any_order():
    ids = ("1", "1", "2", "2", "3")
    drawn = [region(id=name, weight=(n + 1) / 10) for n, name in enumerate(ids)]
    files = [ImageRegions(IMAGE, part) for part in (drawn[:2], drawn[1:4], drawn[3:])]
    merged = {merge(merge(a, b), c) for a, b, c in permutations(files)}
    assert len(merged) == 1
    assert {r.id: r.weight for r in merged.pop().regions} == {"1": 0.2, "2": 0.4, "3": 0.5}


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (replace(IMAGE, sha256="b" * 64), "its content differs"),
        (replace(IMAGE, height=61), "an image of 80 × 60 pixels and this one has 80 × 61"),
    ],
)
def test_regions_of_different_images_do_not_merge(other, sentence):
    with pytest.raises(InputError, match=sentence):
        merge(ImageRegions(IMAGE), ImageRegions(other))
