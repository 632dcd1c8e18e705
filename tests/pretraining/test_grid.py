"""Pieces that lie in their cells, inside the volume, and never touch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.errors import InputError
from napari_salient.pretraining.geometry import Geometry
from napari_salient.pretraining.grid import LEAST_PIECE, Grid

from .toys import CUBES, settings_of


@st.composite
def grids(draw, overlapping=False):
    dims = draw(st.sampled_from([2, 3]))
    shape = tuple(draw(st.integers(24, 90)) for _ in range(3))
    geometry = Geometry.of(settings_of("jigsaw", dims), [shape], [CUBES])
    count, jitter = draw(st.integers(3, 4)), draw(st.floats(0, 0.4))
    return geometry, Grid.of(geometry, count, jitter, "jigsaw", halves=overlapping)


def starts_of(grid, seed):
    offsets = grid.draw_offsets(len(grid.cells), np.random.default_rng(seed))
    return grid.starts(grid.cells, offsets)


@given(made=grids(), seed=st.integers(0, 2**32))
def test_pieces_never_touch(made, seed):
    _, grid = made
    starts = starts_of(grid, seed)
    ends = starts + grid.piece
    for one, other in itertools.combinations(range(len(starts)), 2):
        gaps = np.maximum(starts[one] - ends[other], starts[other] - ends[one])
        assert (gaps >= np.array(grid.jitter)).any()
    assert min(grid.jitter) >= 1


@given(made=grids(overlapping=True), seed=st.integers(0, 2**32))
def test_pieces_two_cells_apart_do_not_share_a_voxel_though_cells_overlap(made, seed):
    _, grid = made
    starts = starts_of(grid, seed)
    placed = zip(grid.cells, starts, strict=True)
    for (one, start), (other, later) in itertools.permutations(placed, 2):
        apart = np.array(other) - np.array(one) >= 2
        assert (later[apart] - start[apart] > np.array(grid.piece)[apart]).all()


@given(made=grids())
def test_a_grid_fits_into_the_smallest_volume_and_its_pieces_are_large_enough(made):
    geometry, grid = made
    assert all(have <= room for have, room in zip(grid.sides, geometry.sides, strict=True))
    assert min(grid.piece) >= LEAST_PIECE


def test_pieces_are_what_lies_there(geometry):
    grid = Grid.of(geometry(2), 3, 0.1, "jigsaw")
    view = torch.arange(26 * 26).reshape(1, 26, 26)
    piece = grid.cut(view, [(1, 2)], np.array([[1, 0]]))[0, 0]
    assert piece[0, 0] == view[0, 8 + 1, 16]
    assert piece.shape == grid.piece == (6, 6)


@pytest.mark.parametrize(
    ("count", "halves", "least"), [(3, False, 18), (4, False, 24), (5, True, 18)]
)
def test_volumes_smaller_than_the_grid_are_refused_with_the_least_size(
    geometry, count, halves, least
):
    Grid.of(geometry(2, shape=(26, 60, least)), count, 0.1, "this", halves=halves)
    with pytest.raises(InputError, match=f"this takes at least {least} x {least}"):
        Grid.of(geometry(2, shape=(26, 60, least - 1)), count, 0.1, "this", halves=halves)
