"""The network on volumes, behind the same calls as the one on slices."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from napari_salient.active_learning.augment import deform, draw_deformation
from napari_salient.active_learning.examples import no_examples
from napari_salient.active_learning.loss import segmentation_loss
from napari_salient.active_learning.model import VolumeSegmenter, build_segmenter, load_segmenter
from napari_salient.active_learning.predict import predict_slices, predict_volume
from napari_salient.active_learning.scoring import Scorer
from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.spec import SegmenterSpec, level_strides, spec_for
from napari_salient.active_learning.task import SegmentationTask
from napari_salient.data.label_values import UNSURE
from napari_salient.engine.control import Control
from napari_salient.engine.events import Finished, FinishReason, Progress
from napari_salient.engine.fit import fit
from napari_salient.engine.settings import FitSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.data.planes import Plane

CUBES = (1.0, 1.0, 1.0)
SETTINGS = SegmentationSettings(
    spatial_dims=3, width=4, fit=FitSettings(steps=2, threads=1, device="cpu")
)


def spec_of(
    plane: Plane = "axial", channels: int = 1, spacing: tuple[float, float, float] = CUBES
) -> SegmenterSpec:
    return spec_for(
        SETTINGS,
        plane,
        channels=channels,
        class_names=["a", "b"],
        label_values=[0, 4, 9],
        spacing=spacing,
    ).with_patch((20, 30), 24)


@pytest.mark.parametrize(
    ("spacing", "strides"),
    [
        (CUBES, ((2, 2, 2), (2, 2, 2), (2, 2, 2))),
        ((5.0, 0.8, 0.8), ((1, 2, 2), (1, 2, 2), (2, 2, 2))),
        ((3.0, 1.0, 1.0), ((1, 2, 2), (2, 2, 2), (2, 2, 2))),
        ((20.0, 1.0, 1.0), ((1, 2, 2), (1, 2, 2), (1, 2, 2))),
    ],
)
def test_thick_slices_are_not_halved_until_the_other_axes_are_as_coarse(
    spacing: tuple[float, float, float], strides: tuple[tuple[int, int, int], ...]
) -> None:
    assert level_strides(spacing) == strides
    spec = spec_of(spacing=spacing)
    assert all(
        side % multiple == 0 for side, multiple in zip(spec.patch, spec.multiples, strict=True)
    )
    patch = torch.zeros(1, 1, *spec.patch)
    assert build_segmenter(spec)(patch).shape == (1, 3, *spec.patch)
    assert SegmenterSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize("shape", [(40, 37, 50), (5, 9, 7)])
def test_volumes_of_any_size_are_segmented_along_any_plane(
    plane: Plane, shape: tuple[int, int, int]
) -> None:
    model = build_segmenter(spec_of(plane, channels=2)).eval()
    assert isinstance(model, VolumeSegmenter)
    image = np.random.default_rng(0).standard_normal((2, *shape)).astype(np.float32)
    labels, uncertainty = predict_volume(model, image)
    assert labels.shape == uncertainty.shape == shape
    assert set(np.unique(labels)) <= {0, 4, 9}
    scores = Scorer(model, {"entropy"}).score(0, image).measures["entropy"]
    assert scores.shape == (shape[("axial", "coronal", "sagittal").index(plane)],)


def test_a_slice_gets_the_same_labels_whichever_others_are_asked_for() -> None:
    model = build_segmenter(spec_of()).eval()
    image = np.random.default_rng(0).standard_normal((1, 30, 25, 20)).astype(np.float32)
    every, _ = predict_volume(model, image)
    some, _ = predict_slices(model, image, [21, 4])
    assert (some == every[[21, 4]]).all()


def test_slices_that_nobody_labelled_have_no_part_in_the_loss() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 4, 8, 8, generator=generator, requires_grad=True)
    labels = torch.randint(0, 3, (2, 4, 8, 8), generator=generator)
    labels[:, [0, 1, 3]] = UNSURE
    weights = torch.tensor([1.0, 2.0, 3.0])
    loss = segmentation_loss(logits, labels, weights)
    assert torch.isclose(loss, segmentation_loss(logits[:, :, 2], labels[:, 2], weights))
    loss.backward()
    assert logits.grad is not None
    assert logits.grad[:, :, [0, 1, 3]].abs().max() == 0
    assert logits.grad[:, :, 2].abs().min() > 0


def test_all_slices_of_a_patch_are_deformed_alike() -> None:
    rng = np.random.default_rng(0)
    stack = torch.from_numpy(rng.standard_normal((2, 1, 5, 16, 16)).astype(np.float32))
    labels = torch.from_numpy(rng.integers(0, 3, (2, 5, 16, 16), dtype=np.uint8))
    draw = draw_deformation(2, torch.Generator().manual_seed(1))
    still = dataclasses.replace(draw, noise=torch.zeros(2, 1, 1, 1))
    moved, moved_labels = deform(stack, labels, still)
    one, one_label = deform(stack[:, :, 3], labels[:, 3], still)
    assert torch.equal(moved[:, :, 3], one)
    assert torch.equal(moved_labels[:, 3], one_label)


def ball_task(settings: SegmentationSettings) -> SegmentationTask:
    examples = no_examples(settings)
    rng = np.random.default_rng(0)
    grid = np.mgrid[:24, :24, :24] - 12
    for radius in (5, 6, 7):
        labels = ((grid**2).sum(0) < radius**2).astype(np.uint8)
        image = (labels + 0.1 * rng.standard_normal(labels.shape)).astype(np.float32)[None]
        examples.add(image, labels, "axial", [1, 4, 9, 12, 16, 20])
    spec = spec_for(
        settings, "axial", channels=1, class_names=["ball"], label_values=[0, 1], spacing=CUBES
    )
    return SegmentationTask(spec, examples, settings)


def test_a_few_steps_on_a_few_slices_segment_a_whole_ball() -> None:
    task = ball_task(dataclasses.replace(SETTINGS, augment=False))
    optimiser = torch.optim.AdamW(task.parameter_groups(), lr=1e-2)
    for step in range(60):
        loss, _ = task.loss(task.batch(step))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    truth = (((np.mgrid[:24, :24, :24] - 12) ** 2).sum(0) < 36).astype(np.uint8)
    predicted, _ = predict_volume(task.model.eval(), truth.astype(np.float32)[None])
    assert 2 * (predicted & truth).sum() / (predicted.sum() + truth.sum()) > 0.9


def test_a_model_on_volumes_comes_back_from_its_checkpoint(tmp_path: Path) -> None:
    task = ball_task(SETTINGS)
    *_, last = fit(task, SETTINGS.fit, Control(), tmp_path)
    assert isinstance(last, Finished)
    assert last.reason is FinishReason.COMPLETED
    model = load_segmenter(max(tmp_path.rglob("*.safetensors"))).eval()
    assert model.spec == task.model.spec
    image = np.random.default_rng(0).standard_normal((1, 20, 20, 20)).astype(np.float32)
    ours, theirs = (predict_volume(m, image)[1] for m in (task.model.eval(), model))
    assert (ours == theirs).all()


def session_on_volumes(blobs: Any) -> LabellingSession:
    """Return a session with four accepted slices whose model is the network on volumes."""
    session = blobs.session(steps=4)
    model = dataclasses.replace(session.settings.segmentation, spatial_dims=3, augment=True)
    session.settings = dataclasses.replace(session.settings, segmentation=model)
    session.propose()
    blobs.label(session, 4)
    return session


def test_a_round_of_the_tool_can_train_on_volumes(make_blobs: Callable) -> None:
    blobs = make_blobs(3)
    session = session_on_volumes(blobs)
    result = blobs.train(session)
    assert result.labelled == 4
    session.adopt(result)
    assert session.open_next() is not None
    again = blobs.train(session)
    assert again.metrics["warm_start"] == 1 or again.dead_classes


def test_cancelling_acts_between_the_patches_of_a_volume(
    make_blobs: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = make_blobs(3)
    session = session_on_volumes(blobs)
    session.settings = dataclasses.replace(session.settings, strategy="entropy")
    run = blobs.run(session)
    patches: list[int] = []
    scoring: list[Progress] = []
    forward = VolumeSegmenter.forward

    def cancel_while_scoring(model: VolumeSegmenter, patch: torch.Tensor) -> torch.Tensor:
        if scoring:
            patches.append(len(patch))
            run.control.cancel()
        return forward(model, patch)

    monkeypatch.setattr(VolumeSegmenter, "forward", cancel_while_scoring)
    for event in run.record(session.round_job(run)):
        if isinstance(event, Progress) and event.what == "volumes scored":
            scoring.append(event)
    assert isinstance(event, Finished)
    assert event.reason is FinishReason.CANCELLED
    assert len(patches) == 1
