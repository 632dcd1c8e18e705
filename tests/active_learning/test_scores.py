"""Entropy as a score of slices, and Dice."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_salient.active_learning.doubt import entropy
from napari_salient.active_learning.measures import (
    dice_per_class,
    foreground_dice,
    hausdorff_95,
    hausdorff_95_per_class,
    mean_dice,
)
from napari_salient.active_learning.model import SegmenterSpec, SliceSegmenter
from napari_salient.active_learning.predict import predict_slices, predict_volume
from napari_salient.active_learning.scoring import Scorer
from napari_salient.data.label_values import UNSURE


def logits_of(*probability: float) -> torch.Tensor:
    return torch.tensor(probability, dtype=torch.float64).log().clamp(min=-1e9)[None, :, None, None]


def test_entropy_falls_from_uniform_to_certain() -> None:
    rows = [(1 / 3, 1 / 3, 1 / 3), (0.7, 0.2, 0.1), (0.9, 0.05, 0.05), (1.0, 0.0, 0.0)]
    values = [float(entropy(logits_of(*row))) for row in rows]
    assert values[0] == pytest.approx(np.log(3), abs=1e-6)
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(0, abs=1e-6)


@given(arrays(np.float32, (2, 3, 4, 4), elements=st.floats(-1e4, 1e4, width=32)))
def test_entropy_is_finite_and_bounded_for_every_logit(logits: np.ndarray) -> None:
    values = entropy(torch.from_numpy(logits))
    assert torch.isfinite(values).all()
    assert (values >= -1e-6).all()
    assert (values <= np.log(3) + 1e-5).all()


def test_an_empty_sure_slice_ranks_below_one_with_a_wide_undecided_border() -> None:
    sure = torch.zeros(1, 2, 32, 32)
    sure[:, 0] = 8
    border = sure.clone()
    border[:, :, 10:20, 10:12] = 0
    assert entropy(sure).mean() < entropy(border).mean()


@pytest.fixture
def model() -> SliceSegmenter:
    torch.manual_seed(0)
    spec = SegmenterSpec("axial", 1, ("a", "b"), (0, 4, 9), context=1, width=4)
    return SliceSegmenter(spec).eval()


def test_score_of_a_slice_does_not_depend_on_its_batch_mates(model: SliceSegmenter) -> None:
    image = np.random.default_rng(0).standard_normal((1, 6, 20, 24)).astype(np.float32)
    together = Scorer(model, {"entropy"}).score(0, image).measures["entropy"]
    labels, uncertainty = predict_slices(model, image, [2])
    np.testing.assert_allclose(uncertainty.mean() * np.log(3), together[2], rtol=1e-4)
    np.testing.assert_array_equal(labels[0], predict_volume(model, image)[0][2])


def test_prediction_speaks_the_schemas_label_values(model: SliceSegmenter) -> None:
    image = np.random.default_rng(0).standard_normal((1, 4, 33, 17)).astype(np.float32)
    labels, uncertainty = predict_volume(model, image)
    assert labels.shape == uncertainty.shape == (4, 33, 17)
    assert set(np.unique(labels)) <= {0, 4, 9}
    assert uncertainty.min() >= -1e-6
    assert uncertainty.max() <= 1 + 1e-6


def test_volumes_smaller_than_the_network_are_padded_and_cropped_back(
    model: SliceSegmenter,
) -> None:
    logits = model(torch.zeros(2, 3, 5, 7))
    assert logits.shape == (2, 3, 5, 7)


labels = arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 2))


@given(labels, labels)
def test_dice_is_symmetric_and_between_zero_and_one(a: np.ndarray, b: np.ndarray) -> None:
    one, other = dice_per_class(a, b, [1, 2]), dice_per_class(b, a, [1, 2])
    np.testing.assert_array_equal(one, other)
    known = one[np.isfinite(one)]
    assert ((known >= 0) & (known <= 1)).all()


@given(labels)
def test_dice_of_a_label_with_itself_is_one_or_undefined(a: np.ndarray) -> None:
    scores = dice_per_class(a, a, [1, 2])
    assert all(
        score == 1 or (np.isnan(score) and value not in a)
        for value, score in zip([1, 2], scores, strict=True)
    )


def test_unsure_voxels_do_not_count() -> None:
    truth = np.array([[[1, UNSURE, 0]]], np.uint8)
    assert dice_per_class(np.array([[[1, 1, 0]]], np.uint8), truth, [1])[0] == 1


def test_a_class_absent_everywhere_is_skipped_in_the_mean() -> None:
    np.testing.assert_allclose(
        mean_dice([np.array([0.5, np.nan]), np.array([1.0, np.nan])]), [0.75, np.nan]
    )


def test_merged_foreground_hides_a_swap_of_classes() -> None:
    truth = np.array([[[1, 2, 0]]], np.uint8)
    assert foreground_dice(np.array([[[2, 1, 0]]], np.uint8), truth) == 1


def test_hausdorff_distance_is_in_millimetres() -> None:
    a, b = np.zeros((2, 9, 9, 9), bool)
    a[4, 4, 4], b[4, 4, 6] = True, True
    assert hausdorff_95(a, b, (1.0, 1.0, 2.5)) == pytest.approx(5.0)
    assert np.isnan(hausdorff_95(a & b, a & b, (1, 1, 1)))
    assert np.isinf(hausdorff_95(a, a & b, (1, 1, 1)))


def test_what_is_predicted_where_the_truth_is_unsure_does_not_count_as_far_off() -> None:
    truth = np.zeros((9, 9, 9), np.uint8)
    truth[4, 4, 4], truth[0, 0, 0] = 1, UNSURE
    prediction = (truth > 0).astype(np.uint8)
    assert hausdorff_95_per_class(prediction, truth, [1], (1.0, 1.0, 1.0)) == [0.0]
