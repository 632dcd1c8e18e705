"""The training task: batches, augmentation, loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_salient.active_learning.augment import deform, draw_deformation
from napari_salient.active_learning.loss import class_weights, segmentation_loss
from napari_salient.active_learning.model import SegmenterSpec
from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.slices import LabelledSlices
from napari_salient.active_learning.task import SegmentationTask
from napari_salient.data.label_values import UNSURE
from napari_salient.errors import InputError

SPEC = SegmenterSpec("axial", 1, ("blob",), (0, 1), context=0, width=4)


def blobs(count: int = 4, side: int = 24) -> LabelledSlices:
    rng = np.random.default_rng(0)
    yy, xx = np.mgrid[:side, :side]
    slices = LabelledSlices(context=0)
    for _ in range(count):
        cy, cx = rng.integers(8, side - 8, 2)
        label = ((yy - cy) ** 2 + (xx - cx) ** 2 < 20).astype(np.uint8)[None]
        image = (label + 0.1 * rng.standard_normal(label.shape)).astype(np.float32)[None]
        slices.add(image, label, "axial", [0])
    return slices


def test_a_batch_is_a_pure_function_of_seed_and_step() -> None:
    one, other = (SegmentationTask(SPEC, blobs(), SegmentationSettings()) for _ in range(2))
    other.batch(0)
    for ours, theirs in zip(one.batch(7), other.batch(7), strict=True):
        assert torch.equal(ours, theirs)
    assert not torch.equal(one.batch(7)[0], one.batch(8)[0])


def test_weights_follow_the_seed() -> None:
    settings = SegmentationSettings()
    reseeded = replace(settings, fit=replace(settings.fit, seed=1))
    first = SegmentationTask(SPEC, blobs(), settings).model.state_dict()
    again = SegmentationTask(SPEC, blobs(), settings).model.state_dict()
    other = SegmentationTask(SPEC, blobs(), reseeded).model.state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_nothing_labelled_is_refused() -> None:
    with pytest.raises(InputError, match="label at least one slice"):
        SegmentationTask(SPEC, LabelledSlices(context=0), SegmentationSettings())


def test_a_few_steps_lower_the_loss() -> None:
    task = SegmentationTask(SPEC, blobs(), SegmentationSettings(batch_size=4))
    optimiser = torch.optim.AdamW(task.parameter_groups(), lr=3e-3)
    losses = []
    for step in range(40):
        loss, _ = task.loss(task.batch(step))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


def test_a_checkpoint_of_another_model_is_refused() -> None:
    task = SegmentationTask(SPEC, blobs(), SegmentationSettings())
    other = SegmentationTask(replace(SPEC, width=8), blobs(), SegmentationSettings())
    with pytest.raises(InputError, match="holds another model: width 8 instead of 4; resume it"):
        task.load_state_dict(other.state_dict())


def test_deforming_moves_image_and_label_together_and_keeps_unsure() -> None:
    label = torch.zeros(1, 32, 32, dtype=torch.uint8)
    label[:, 8:20, 10:24] = 1
    label[:, :, 0] = UNSURE
    draw = draw_deformation(1, torch.Generator().manual_seed(3))
    plain = replace(
        draw,
        contrast=torch.ones(1, 1, 1, 1),
        brightness=torch.zeros(1, 1, 1, 1),
        noise=torch.zeros(1, 1, 1, 1),
    )
    stack, moved = deform((label == 1).float()[:, None], label, plain)
    assert set(moved.unique().tolist()) <= {0, 1, UNSURE}
    agree = (stack[0, 0] > 0.5) == (moved[0] == 1)
    assert agree.float().mean() > 0.98


def test_no_deformation_is_the_identity() -> None:
    draw = draw_deformation(2, torch.Generator().manual_seed(0))
    still = replace(
        draw,
        affine=torch.eye(2, 3).expand(2, 2, 3),
        bend=torch.zeros_like(draw.bend),
        contrast=torch.ones(2, 1, 1, 1),
        brightness=torch.zeros(2, 1, 1, 1),
        noise=torch.zeros(2, 1, 1, 1),
    )
    stacks = torch.randn(2, 3, 16, 20)
    labels = torch.randint(0, 3, (2, 16, 20), dtype=torch.uint8)
    moved, moved_labels = deform(stacks, labels, still)
    torch.testing.assert_close(moved, stacks, atol=1e-4, rtol=1e-4)
    assert torch.equal(moved_labels, labels)


def test_unsure_pixels_give_no_gradient() -> None:
    logits = torch.randn(1, 2, 4, 4, requires_grad=True)
    labels = torch.randint(0, 2, (1, 4, 4))
    labels[0, 1] = UNSURE
    segmentation_loss(logits, labels, torch.ones(2)).backward()
    assert logits.grad is not None
    assert not logits.grad[0, :, 1].any()
    assert logits.grad[0, :, 0].any()


def test_slices_of_weight_one_count_as_slices_without_a_weight() -> None:
    logits, labels = torch.randn(3, 3, 8, 8), torch.randint(0, 3, (3, 8, 8))
    labels[1, :4] = UNSURE
    classes = torch.tensor([0.2, 1.0, 1.8])
    plain = segmentation_loss(logits, labels, classes)
    assert torch.equal(plain, segmentation_loss(logits, labels, classes, torch.ones(3)))
    entropy = torch.nn.functional.cross_entropy(logits, labels, classes, ignore_index=UNSURE)
    assert 0 < plain - entropy < 1


def test_a_slice_counts_by_its_weight() -> None:
    logits = torch.randn(3, 2, 8, 8, requires_grad=True)
    labels = torch.randint(0, 2, (3, 8, 8))
    norms = []
    for weight in (1.0, 0.3, 0.0):
        loss = segmentation_loss(logits, labels, torch.ones(2), torch.tensor([1.0, weight, 1.0]))
        (gradient,) = torch.autograd.grad(loss, logits)
        norms.append(float(gradient[1].norm()))
    assert norms[0] > norms[1] > norms[2] == 0


def test_a_batch_carries_the_weights_of_its_slices() -> None:
    slices = blobs(1)
    slices.weights = [0.25]
    _, _, weights = SegmentationTask(SPEC, slices, SegmentationSettings(batch_size=3)).batch(0)
    assert weights.tolist() == [0.25] * 3


def test_a_rare_class_weighs_more_and_an_absent_one_nothing() -> None:
    weights = class_weights(torch.tensor([900, 100, 0]))
    assert weights[1] == pytest.approx(3 * float(weights[0]))
    assert weights[2] == 0
    assert weights[:2].mean() == pytest.approx(1)


def test_a_model_pads_small_slices_as_its_training_did() -> None:
    slices = blobs(side=40)
    model = SegmentationTask(SPEC, slices, SegmentationSettings()).model.eval()
    assert model.spec.patch == (48, 48)
    small = torch.randn(1, 1, 20, 24)
    inside = model(torch.nn.functional.pad(small, (12, 12, 14, 14)))[..., 14:34, 12:36]
    torch.testing.assert_close(model(small), inside)
