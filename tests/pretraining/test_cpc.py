"""Contrastive predictive coding: the context never holds what is to be predicted."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.pretraining.cpc import Cpc
from napari_salient.pretraining.geometry import Geometry
from napari_salient.pretraining.pyramid import pyramid
from napari_salient.pretraining.settings import CpcSettings

from .toys import CUBES, example, settings_of


def test_the_pyramid_is_the_published_one():
    cubes = pyramid(4, 3, skipped=0)
    assert len(cubes.context) == 16
    assert {len(cells) for cells in cubes.context} == {10}
    column = cubes.context.index(next(c for c in cubes.context if c[-1] == (1, 2, 1)))
    assert cubes.predicted[column] == ((2, 2, 1), (3, 2, 1))
    squares = pyramid(5, 2, skipped=1)
    assert squares.context[2] == ((0, 1), (0, 2), (0, 3), (1, 2))
    assert squares.predicted[2] == ((3, 2), (4, 2))


@given(count=st.integers(3, 7), dims=st.sampled_from([2, 3]), skipped=st.integers(0, 1))
def test_the_context_is_mirrored_at_the_border_and_lies_above_what_is_predicted(
    count, dims, skipped
):
    roles = pyramid(count, dims, skipped)
    for context, predicted in zip(roles.context, roles.predicted, strict=True):
        assert all(0 <= index < count for cell in context for index in cell)
        assert max(cell[0] for cell in context) < min(cell[0] for cell in predicted)


@given(dims=st.sampled_from([2, 3]), side=st.integers(26, 60), seed=st.integers(0, 999))
def test_predicted_pieces_share_no_voxel_with_their_context(dims, side, seed):
    geometry = Geometry.of(settings_of("cpc", dims), [(side, side, side)], [CUBES])
    cpc = Cpc(geometry, CpcSettings())
    offsets = cpc.draw(np.random.default_rng(seed)).offsets
    starts = dict(zip(cpc.cells, cpc.grid.starts(cpc.cells, offsets)[:, 0], strict=True))
    for context, predicted in zip(cpc.pyramid.context, cpc.pyramid.predicted, strict=True):
        lowest = max(starts[cell] for cell in context) + cpc.grid.piece[0]
        assert min(starts[cell] for cell in predicted) > lowest


def test_a_flipped_piece_is_mirrored_along_the_first_axis(geometry):
    cpc = Cpc(geometry(2), CpcSettings())
    draw, made, windows = example(cpc)
    plain = cpc.grid.cut(windows[0], cpc.cells, draw.offsets)
    for piece, original, flipped in zip(made["views"], plain, draw.flipped, strict=True):
        assert torch.equal(piece, original.flip(1) if flipped else original)
    assert 0 < draw.flipped.sum() < len(draw.flipped)


def test_a_perfect_prediction_picks_the_truth_out_of_the_whole_batch(geometry):
    cpc = Cpc(geometry(2), CpcSettings())
    codes = torch.randn(4 * 5, 2, 16)
    loss, accuracy = cpc.outcome((codes, codes), {})
    assert accuracy == 1
    assert loss < 0.1
    assert cpc.chance(4) == pytest.approx(1 / 20)
    _, shuffled = cpc.outcome((codes, codes.roll(1, 0)), {})
    assert shuffled == 0


def test_the_published_loss_tells_the_truth_from_one_other(geometry):
    cpc = Cpc(geometry(2), CpcSettings(loss="binary"))
    codes = 9 * torch.eye(20).reshape(20, 1, 20).expand(-1, 2, -1) - 0.1
    loss, accuracy = cpc.outcome((codes, codes), {})
    assert accuracy == 1
    assert loss < np.log(2)
    _, swapped = cpc.outcome((codes, codes.roll(-6, 0)), {})  # the one that it is compared with
    assert swapped == 0
    assert cpc.chance(4) == 0.5


def test_the_preview_shows_one_pyramid(geometry):
    cpc = Cpc(geometry(3), CpcSettings())
    draw, made, _ = example(cpc)
    pictures = cpc.preview(draw, made)
    words = [picture.words for picture in pictures]
    assert words.count("to be predicted") == 2
    assert len({picture.place for picture in pictures}) == len(pictures)
