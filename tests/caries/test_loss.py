"""The loss teaches what the labels and regions say, and stays finite whatever the network says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_salient.caries.loss import LossTerms, TargetBatch, caries_loss
from napari_salient.caries.targets import PatchTargets
from napari_salient.networks.gated_attention import PatchOutput

PATCHES = 6
ILL, WELL = torch.ones(1, 1), torch.zeros(1, 1)


def output_of(
    logits: torch.Tensor, attention: torch.Tensor, *, multiclass: bool = False
) -> PatchOutput:
    return PatchOutput(logits.requires_grad_(), attention.requires_grad_(), 1.0, multiclass)


def random_output(images: int = 1, classes: int = 1, *, multiclass: bool = False) -> PatchOutput:
    torch.manual_seed(0)
    logits, attention = torch.randn(images, PATCHES, classes), torch.randn(images, PATCHES, 1)
    return output_of(logits, attention, multiclass=multiclass)


def known(
    positive: dict[int, float] | None = None,
    negative: dict[int, float] | None = None,
    avoided: dict[int, float] | None = None,
    classes: int = 1,
) -> PatchTargets:
    """Return the weights of some patches, by number; those of lesions are of the last class."""
    targets = PatchTargets(*np.zeros((2, PATCHES, classes), np.float32), np.zeros(PATCHES, "f4"))
    for array, weights in (
        (targets.positive[:, -1], positive),
        (targets.negative[:, -1], negative),
        (targets.avoided, avoided),
    ):
        for patch, weight in (weights or {}).items():
            array[patch] = weight
    return targets


def loss_of(output: PatchOutput, labels: torch.Tensor, *targets: PatchTargets | None) -> LossTerms:
    classes = output.logits.shape[-1]
    return caries_loss(output, labels, TargetBatch.of(targets, PATCHES, classes))


wild = st.sampled_from([-1e4, -100.0, -17.0, 0.0, 17.0, 100.0, 1e4])


@pytest.mark.parametrize("multiclass", [False, True])
@given(
    logits=arrays(np.float32, (2, PATCHES, 3), elements=wild),
    attention=arrays(np.float32, (2, PATCHES, 1), elements=wild),
)
def test_loss_and_gradient_are_finite_for_saturated_logits(
    multiclass: bool, logits: np.ndarray, attention: np.ndarray
) -> None:
    output = output_of(torch.from_numpy(logits), torch.from_numpy(attention), multiclass=multiclass)
    labels = torch.tensor([0, 2]) if multiclass else torch.tensor([[0.0, 0, 0], [1, 0, 1]])
    targets = known({0: 1}, {1: 1, 2: 1}, {3: 1}, classes=2)
    terms = loss_of(output, labels, targets, targets)
    terms.total().backward()
    assert all(torch.isfinite(term) and term >= -1e-3 for term in terms)
    assert torch.isfinite(output.logits.grad).all()
    assert torch.isfinite(output.attention_logits.grad).all()


def test_the_bag_loss_is_the_cross_entropy_of_the_score() -> None:
    output = random_output(3, 2)
    labels = torch.tensor([[1.0, 0], [0, 0], [1, 1]])
    expected = torch.nn.functional.binary_cross_entropy(output.score, labels)
    torch.testing.assert_close(caries_loss(output, labels).bag, expected)
    output = random_output(3, 4, multiclass=True)
    chosen = output.score[torch.arange(3), [0, 3, 1]]
    bag = caries_loss(output, torch.tensor([0, 3, 1])).bag
    torch.testing.assert_close(bag, -chosen.log().mean())


def test_an_image_without_regions_adds_its_bag_loss_only() -> None:
    output = random_output(2)
    labels = torch.ones(2, 1)
    alone = loss_of(output, labels, None, None)
    assert (alone.location, alone.attention) == (0, 0)
    assert alone.total() == alone.bag == caries_loss(output, labels).total()
    targets = known({0: 1}, {1: 1}, {2: 1})
    first = PatchOutput(output.logits[:1], output.attention_logits[:1], 1.0, False)
    with_one = loss_of(output, labels, targets, None)
    torch.testing.assert_close(with_one[1:], loss_of(first, ILL, targets)[1:])
    with_one.location.backward(retain_graph=True)
    with_one.attention.backward()
    assert not output.logits.grad[1].any()
    assert not output.attention_logits.grad[1].any()


def test_patches_nothing_is_known_of_are_left_alone() -> None:
    output = random_output()
    terms = loss_of(output, ILL, known({0: 1}, {1: 1, 2: 1}, {3: 1}))
    (terms.location + terms.attention).backward()
    assert output.logits.grad.flatten().ne(0).tolist() == [True, True, True, False, False, False]
    attended = output.attention_logits.grad.flatten()
    assert attended.ne(0).tolist() == [True, False, False, True, False, False]
    assert attended[0] < 0 < attended[3]


def test_one_positive_patch_counts_as_much_as_all_negative_ones() -> None:
    logits = torch.tensor([0.3, -1, 0, 0.5, 1, 2])
    output = output_of(logits[None, :, None].clone(), torch.zeros(1, PATCHES, 1))
    p = logits.sigmoid()
    found = loss_of(output, ILL, known({0: 1}, dict.fromkeys(range(1, 6), 1.0))).location
    torch.testing.assert_close(found, (-p[0].log() - (1 - p[1:]).log().mean()) / 2)
    only = loss_of(output, ILL, known({0: 1})).location
    torch.testing.assert_close(only, -p[0].log())


@pytest.mark.parametrize("confidence", [1.0, 0.25])
def test_a_region_trusted_less_pulls_less(confidence: float) -> None:
    output = random_output()
    full = loss_of(output, ILL, known({0: 1}, {1: 1}, {2: 1}))
    part = loss_of(output, ILL, known({0: confidence}, {1: confidence}, {2: confidence}))
    torch.testing.assert_close(part.location, confidence * full.location)
    torch.testing.assert_close(part.attention, confidence * full.attention)


def test_attention_is_never_drawn_to_lesions_on_images_without() -> None:
    output = random_output()
    contradictory = known({0: 1}, {1: 1}, {2: 1})
    terms = loss_of(output, WELL, contradictory)
    (terms.location + terms.attention).backward()
    assert output.attention_logits.grad[0, 0] == 0
    assert output.logits.grad[0, 0] == 0
    assert output.attention_logits.grad[0, 2] > 0
    assert output.logits.grad[0, 1] > 0


def test_lesions_of_exclusive_classes_are_taught_unless_the_image_has_none() -> None:
    output = random_output(2, 3, multiclass=True)
    targets = known({0: 1}, {1: 1}, classes=2)
    terms = loss_of(output, torch.tensor([1, 0]), targets, targets)
    terms.location.backward()
    ill, well = output.logits.grad
    assert ill[0, 2] < 0 < ill[1, 2]
    assert not well[0].any()
    assert well[1, 2] > 0 > well[1, 0]
    assert terms.attention > 0


def test_the_parts_are_weighed() -> None:
    terms = LossTerms(*map(torch.tensor, (1.0, 10.0, 100.0)))
    assert terms.total() == 61
    assert terms.total(location_weight=2, attention_weight=0) == 21


@pytest.mark.parametrize("share", [0, 3, 8])
def test_any_share_of_images_may_have_regions(share: int) -> None:
    output = random_output(8)
    targets = [known({0: 1}, {1: 1})] * share + [None] * (8 - share)
    total = loss_of(output, torch.ones(8, 1), *targets).total()
    total.backward()
    assert torch.isfinite(total)
    assert torch.isfinite(output.logits.grad).all()


def test_learning_from_regions_moves_the_map_and_the_score() -> None:
    torch.manual_seed(0)
    logits, attention = torch.zeros(2, PATCHES, 1), torch.zeros(2, PATCHES, 1)
    output = output_of(logits, attention)
    optimiser = torch.optim.Adam(output[:2], 0.1)
    labels = torch.tensor([[1.0], [0.0]])
    marked = known({0: 1}, dict.fromkeys(range(1, 6), 1.0), {5: 1})
    for _ in range(200):
        optimiser.zero_grad()
        loss_of(output, labels, marked, None).total().backward()
        optimiser.step()
    shown = output.probability[0, :, 0]
    assert shown[0] > 0.9
    assert (shown[1:] < 0.1).all()
    assert output.weight[0, 0] > 0.9
    assert output.weight[0, 5] < 0.1
    assert output.score[0] > 0.8
    assert output.score[1] < 0.1
