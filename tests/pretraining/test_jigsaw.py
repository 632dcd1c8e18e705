"""Jigsaw: a set of orders far apart, and pieces that can be put back."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.errors import InputError
from napari_salient.pretraining.geometry import Geometry
from napari_salient.pretraining.jigsaw import Jigsaw
from napari_salient.pretraining.permutations import distant_permutations, hamming
from napari_salient.pretraining.settings import JigsawSettings

from .toys import CUBES, example, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_hundred_orders_of_27_pieces_differ_in_at_least_20_places():
    orders = distant_permutations(27, 100, seed=0)
    assert orders.shape == (100, 27)
    assert min(hamming(orders[:i], orders[i]).min() for i in range(1, 100)) >= 20


@pytest.mark.parametrize(("pieces", "count"), [(27, 100), (9, 100), (4, 23)])
def test_no_order_is_the_identity_or_occurs_twice(pieces, count):
    orders = distant_permutations(pieces, count, seed=1)
    assert (np.sort(orders, 1) == np.arange(pieces)).all()
    assert not (orders == np.arange(pieces)).all(1).any()
    assert len(np.unique(orders, axis=0)) == count


def test_greedy_choice_keeps_orders_further_apart_than_chance():
    chosen = distant_permutations(9, 30, seed=0)
    random = np.random.default_rng(0).permuted(np.tile(np.arange(9), (30, 1)), axis=1)

    def closest(orders: np.ndarray) -> int:
        return min(int((a != b).sum()) for a, b in itertools.combinations(orders, 2))

    assert closest(chosen) > closest(random)


@given(dims=st.sampled_from([2, 3]), seed=st.integers(0, 999))
def test_unshuffling_by_the_stored_order_restores_the_grid(dims, seed):
    geometry = Geometry.of(settings_of("jigsaw", dims), [(30, 26, 22)], [CUBES])
    jigsaw = Jigsaw(geometry, JigsawSettings(permutations=8))
    draw, made, windows = example(jigsaw, seed)
    restored = torch.empty_like(made["views"])
    restored[torch.from_numpy(jigsaw.orders[draw.label])] = made["views"]
    assert torch.equal(restored, jigsaw.grid.cut(windows[0], jigsaw.grid.cells, draw.offsets))
    assert int(made["label"]) == draw.label


def test_pieces_come_from_inside_the_volume(geometry: Callable[..., Geometry]):
    _, made, windows = example(Jigsaw(geometry(3), JigsawSettings()), channels=2)
    assert made["views"].shape == (27, 2, 6, 6, 6)
    assert torch.isin(made["views"], windows).all()


def test_more_orders_than_there_are_is_refused(geometry: Callable[..., Geometry]):
    with pytest.raises(InputError, match="between 2 and"):
        Jigsaw(geometry(2), JigsawSettings(permutations=10**6))


def test_the_preview_lays_the_pieces_as_the_network_gets_them(geometry: Callable[..., Geometry]):
    jigsaw = Jigsaw(geometry(2), JigsawSettings())
    draw, made, _ = example(jigsaw)
    pictures = jigsaw.preview(draw, made)
    assert [picture.place for picture in pictures] == list(jigsaw.grid.cells)
    assert pictures[0].words == f"piece {jigsaw.orders[draw.label][0] + 1} at place 1"
    assert np.array_equal(pictures[3].image, made["views"][3])
