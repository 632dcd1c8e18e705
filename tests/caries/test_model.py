"""The model knows where its patches lie, and crops see what the whole film does."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from napari_salient.caries.loss import TargetBatch, caries_loss
from napari_salient.caries.model import CariesModel, load_caries_model
from napari_salient.caries.spec import CariesSpec
from napari_salient.engine.checkpoint import save_checkpoint
from napari_salient.errors import InputError, RunError

from .toys import SPEC

if TYPE_CHECKING:
    from pathlib import Path

RESNET = dataclasses.replace(SPEC, encoder="resnet18", stride=8)
GRADES = CariesSpec("resnet18", 16, 3, ("none", "initial", "deep"), multiclass=True)
LAYOUTS = [
    SPEC,
    dataclasses.replace(SPEC, window=1),
    dataclasses.replace(SPEC, window=3, step=2),
    dataclasses.replace(RESNET, stride=4, window=1),
    RESNET,
]


def build(spec: CariesSpec) -> CariesModel:
    torch.manual_seed(0)
    return CariesModel(spec).eval()


@pytest.mark.parametrize("spec", LAYOUTS, ids=lambda s: f"{s.encoder}-{s.stride}-{s.window}")
@torch.inference_mode()
def test_a_patch_is_centred_on_what_it_sees(spec: CariesSpec) -> None:
    # A pixel that is no number makes every patch that sees it no number.
    model, height = build(spec), 176
    images = torch.zeros(height, 1, height, 8)
    images[range(height), :, range(height)] = torch.nan
    grid = model.grid(height, 8)
    seen = model(images).logits.isnan().any(-1).numpy()
    patch = grid.rows // 2 * grid.columns
    rows = np.flatnonzero(seen[:, patch])
    top, _, bottom, _ = grid.boxes[patch]
    assert 0 < rows[0] < rows[-1] < height - 1
    assert (rows[0] + rows[-1] + 1) / 2 == (top + bottom) / 2


@pytest.mark.parametrize("spec", LAYOUTS, ids=lambda s: f"{s.encoder}-{s.stride}-{s.window}")
@pytest.mark.parametrize(("height", "width"), [(64, 48), (37, 50), (5, 1)])
@torch.inference_mode()
def test_patches_cover_images_of_any_size(spec: CariesSpec, height: int, width: int) -> None:
    model = build(spec)
    grid = model.grid(height, width)
    output = model(torch.randn(2, 1, height, width))
    assert output.logits.shape == (2, len(grid), 1)
    assert output.score.shape == (2, 1)
    assert np.isfinite(grid.spread(np.ones(len(grid)))).all()
    boxes = grid.boxes
    assert ((boxes[:, 2:] - boxes[:, :2]) > 0).all()


@torch.inference_mode()
def test_a_crop_gives_the_patches_of_the_whole_film() -> None:
    model = build(SPEC)
    film = torch.randn(1, 1, 96, 112)
    whole = model(film).logits[0, :, 0].reshape(model.grid(96, 112).shape)
    crop = model(film[..., 24:88, 32:96]).logits[0, :, 0].reshape(model.grid(64, 64).shape)
    same = whole[6 : 6 + len(crop), 8 : 8 + len(crop)]
    inner = slice(4, -4)
    torch.testing.assert_close(crop[inner, inner], same[inner, inner])
    assert not torch.allclose(crop, same)


def test_examining_an_image_gives_what_the_forward_pass_does() -> None:
    model = build(dataclasses.replace(SPEC, class_names=("caries", "filling"), k_min=3.0))
    image = np.random.default_rng(0).normal(size=(1, 30, 41)).astype(np.float32)
    evidence, grid = model.examine(image)
    with torch.no_grad():
        output = model(torch.from_numpy(image)[None])
    assert grid == model.grid(30, 41)
    np.testing.assert_allclose(evidence.score, output.score[0], rtol=1e-5)
    np.testing.assert_array_equal(evidence.probability, output.probability[0].double())


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_colour_images_and_exclusive_classes_train(norm: str) -> None:
    model = CariesModel(dataclasses.replace(GRADES, norm=norm))
    output = model(torch.randn(2, 3, 64, 64))
    output.log_score()[0].sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())
    torch.testing.assert_close(output.probability.sum(-1), torch.ones(2, output.logits.shape[1]))


@pytest.mark.parametrize("spec", [SPEC, GRADES], ids=["tiny", "resnet18"])
def test_every_tensor_is_made_where_the_model_is(spec: CariesSpec) -> None:
    with (fake := FakeTensorMode()), torch.device("cuda"):
        model, image = CariesModel(spec), torch.empty(2, spec.channels, 65, 50)
        patches, classes = len(model.grid(65, 50)), spec.classes
        labels = torch.zeros(2, dtype=torch.long) if spec.multiclass else torch.ones(2, classes)
        per_class = torch.ones(2, patches, classes)
        targets = TargetBatch(per_class, per_class, torch.ones(2, patches))
    with fake:
        output = model(image)
        terms = caries_loss(output, labels, targets)
    assert {term.device.type for term in (*terms, output.score)} == {"cuda"}


def test_a_model_comes_back_from_its_checkpoint(tmp_path: Path) -> None:
    model = build(dataclasses.replace(SPEC, class_names=("a", "b")))
    path = tmp_path / "step-1.safetensors"
    save_checkpoint(path, model.state_dict(), {"task": {"spec": model.spec.to_json()}}, {"step": 1})
    again = load_caries_model(path).eval()
    assert again.spec == model.spec
    image = torch.randn(1, 1, 20, 20)
    assert torch.equal(again(image).score, model(image).score)


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "step-1.safetensors"
    save_checkpoint(path, {}, {"task": {"spec": {"plane": "axial"}}}, {"step": 1})
    with pytest.raises(RunError, match="no checkpoint of a caries model"):
        load_caries_model(path)


def test_patches_that_would_leave_gaps_are_refused() -> None:
    with pytest.raises(InputError, match="choose a step between 1 and the window"):
        dataclasses.replace(SPEC, window=2, step=3)
    with pytest.raises(InputError, match="more than 0"):
        dataclasses.replace(SPEC, k_min=0.0)
