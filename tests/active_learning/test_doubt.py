"""Uncertainty of pixels: what published scores get wrong holds here for every map."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_salient.active_learning.doubt import MAPS, class_distances, disagreement

if TYPE_CHECKING:
    from pathlib import Path

every_map = pytest.mark.parametrize("name", MAPS)


def logits_of(*probability: float) -> torch.Tensor:
    return torch.tensor(probability, dtype=torch.float64).log()[None, :, None, None]


def slice_of(inside: tuple[float, ...], pixels: int) -> torch.Tensor:
    """Return a slice of sure background with some pixels of another distribution."""
    image = logits_of(0.998, 0.001, 0.001).repeat(1, 1, 32, 32)
    image[0, :, 10:11, :pixels] = logits_of(*inside)[0]
    return image


@every_map
def test_doubt_falls_from_a_tie_over_a_lead_to_certainty(name: str) -> None:
    rows = [(1 / 3, 1 / 3, 1 / 3), (0.7, 0.2, 0.1), (0.9, 0.05, 0.05), (1.0, 0.0, 0.0)]
    values = [float(MAPS[name](logits_of(*row))) for row in rows]
    assert all(first > second + 0.01 for first, second in pairwise(values))
    assert values[-1] == pytest.approx(0, abs=1e-6)


@every_map
@settings(deadline=None)
@given(arrays(np.float32, (2, 4, 3, 3), elements=st.floats(-1e4, 1e4, width=32)))
def test_doubt_is_finite_for_every_output_and_largest_in_a_tie(
    name: str, logits: np.ndarray
) -> None:
    values = MAPS[name](torch.from_numpy(logits))
    tie = MAPS[name](torch.zeros(1, 4, 1, 1))
    assert values.shape == (2, 3, 3)
    assert torch.isfinite(values).all()
    assert (values >= -1e-5).all()
    assert (values <= tie + 1e-5).all()


@every_map
def test_an_empty_slice_ranks_below_one_with_an_undecided_edge(name: str) -> None:
    empty, edge = slice_of((0.998, 0.001, 0.001), 0), slice_of((0.0, 0.5, 0.5), 20)
    assert MAPS[name](empty).mean() < MAPS[name](edge).mean()


@every_map
def test_an_empty_slice_ranks_no_higher_than_one_full_of_a_sure_organ(name: str) -> None:
    empty, organ = slice_of((0.998, 0.001, 0.001), 0), slice_of((0.001, 0.998, 0.001), 30)
    assert MAPS[name](empty).mean() == pytest.approx(float(MAPS[name](organ).mean()), abs=1e-6)


@pytest.mark.shared
def test_class_distances_add_up_to_the_published_scores(shared_data: Path) -> None:
    with np.load(shared_data / "golden/uncertainty_3_classes.npz") as golden:
        logits = torch.from_numpy(golden["probabilities"]).log()
        far = class_distances(logits).double()
        published_entropy = -(far * far.log()).sum((1, 2, 3))
        for name, ours in (
            ("distance", far.sum((1, 2, 3))),
            ("distance_no_background", far[:, 1:].sum((1, 2, 3))),
            ("entropy", published_entropy),
        ):
            np.testing.assert_allclose(ours, golden[name], rtol=1e-5)
        ranking = np.argsort(-MAPS["distance"](logits).mean((1, 2)).numpy(), kind="stable")
        np.testing.assert_array_equal(ranking, np.argsort(golden["distance"], kind="stable"))


def test_networks_that_are_sure_of_different_classes_disagree() -> None:
    one, other = logits_of(0.99, 0.01), logits_of(0.01, 0.99)
    undecided = logits_of(0.5, 0.5)
    apart = float(disagreement([one, other]))
    assert apart == pytest.approx(np.log(2), abs=0.1)
    assert float(disagreement([undecided, undecided])) == pytest.approx(0, abs=1e-6)
    assert float(disagreement([one, one, one])) == pytest.approx(0, abs=1e-6)


@settings(deadline=None)
@given(arrays(np.float32, (3, 2, 3, 2, 2), elements=st.floats(-1e4, 1e4, width=32)))
def test_disagreement_is_finite_and_never_negative(logits: np.ndarray) -> None:
    values = disagreement(torch.from_numpy(logits))
    assert torch.isfinite(values).all()
    assert (values >= 0).all()
    assert (values <= np.log(3) + 1e-5).all()
