"""Relative location: each neighbour has its own answer, and the centre is none of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from napari_salient.pretraining.relative_location import LocationDraw, RelativeLocation
from napari_salient.pretraining.settings import RelativeLocationSettings

from .toys import example


@pytest.mark.parametrize(("dims", "classes"), [(2, 8), (3, 26)])
def test_labels_and_offsets_belong_together_one_to_one(geometry, dims, classes):
    location = RelativeLocation(geometry(dims), RelativeLocationSettings())
    offsets = [location.offset(label) for label in range(location.classes)]
    everywhere = set(itertools.product((-1, 0, 1), repeat=dims))
    assert location.classes == classes
    assert set(offsets) == everywhere - {(0,) * dims}
    assert len(set(offsets)) == classes


@pytest.mark.parametrize("dims", [2, 3])
def test_the_neighbour_is_cut_where_its_label_says_and_never_touches_the_centre(geometry, dims):
    location = RelativeLocation(geometry(dims), RelativeLocationSettings())
    voxels = torch.arange(np.prod(location.sides)).reshape(1, 1, *location.sides)
    rng = np.random.default_rng(0)
    for label in range(location.classes):
        draw = LocationDraw(label, location.grid.draw_offsets(2, rng))
        centre, neighbour = location.apply(voxels, draw)["views"]
        here, there = (np.unravel_index(int(v.min()), location.sides) for v in (centre, neighbour))
        step, offset = np.subtract(there, here), np.array(location.offset(label))
        moved = offset != 0
        gap = np.abs(step) - location.grid.piece
        assert (gap[moved] >= np.array(location.grid.jitter)[moved]).all()
        assert (np.sign(step)[moved] == offset[moved]).all()


def test_all_labels_are_drawn(geometry):
    location = RelativeLocation(geometry(3), RelativeLocationSettings())
    rng = np.random.default_rng(0)
    assert {location.draw(rng).label for _ in range(500)} == set(range(26))


def test_each_position_has_its_own_words(geometry):
    location = RelativeLocation(geometry(3), RelativeLocationSettings())
    words = [location.words(label) for label in range(26)]
    assert len(set(words)) == 26
    assert words[0] == "above, in front, on the right"
    sagittal = RelativeLocation(geometry(2, plane="sagittal"), RelativeLocationSettings())
    assert sagittal.words(1) == "above"


def test_the_preview_has_both_pieces_at_their_places(geometry):
    location = RelativeLocation(geometry(2), RelativeLocationSettings())
    draw, made, _ = example(location)
    centre, neighbour = location.preview(draw, made)
    assert (centre.words, centre.place) == ("the centre", (1, 1))
    assert neighbour.place == tuple(1 + step for step in location.offset(draw.label))
