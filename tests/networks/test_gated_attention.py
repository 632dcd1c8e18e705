"""The EMIL head against recorded values, its formula, and its logarithms at the edge of floats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_salient.networks.gated_attention import PatchHead, PatchOutput, pool_patches

if TYPE_CHECKING:
    from pathlib import Path

PARTS = {
    "classifier": "classifier",
    "attention.content": "attention_tanh",
    "attention.gate": "attention_sigmoid",
    "attention.out": "attention_out",
}
KINDS = ("weight", "bias")
both_kinds = pytest.mark.parametrize("multiclass", [False, True])


def output(
    logits: np.ndarray, attention: np.ndarray, k_min: float, multiclass: bool
) -> PatchOutput:
    return PatchOutput(torch.as_tensor(logits), torch.as_tensor(attention), k_min, multiclass)


def wild(classes: int) -> st.SearchStrategy[np.ndarray]:
    """Return logits of two images of four patches, most of them far beyond saturation."""
    return arrays(np.float32, (2, 4, classes), elements=st.floats(-1e4, 1e4, width=32))


@pytest.mark.shared
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_the_head_gives_the_recorded_values(shared_data: Path, kind: str) -> None:
    with np.load(shared_data / "golden" / f"emil_{kind}.npz") as file:
        golden = {name: torch.as_tensor(file[name]) for name in file.files if name != "output_type"}
    vectors = pool_patches(
        golden["feature_map"], int(golden["patch_size"]), int(golden["patch_stride"])
    )
    head = PatchHead(
        vectors.shape[-1],
        len(golden["classifier_bias"]),
        k_min=float(golden["k_min"]),
        multiclass=kind == "multiclass",
        width=len(golden["attention_tanh_bias"]),
    )
    head.load_state_dict(
        {f"{own}.{k}": golden[f"{theirs}_{k}"] for own, theirs in PARTS.items() for k in KINDS}
    )
    found = head(vectors)
    for value, name in [
        (found.probability, "patch_probability"),
        (found.weight, "patch_weight"),
        (found.score, "prediction"),
        (found.log_score()[0].exp(), "prediction"),
    ]:
        torch.testing.assert_close(value, golden[name], rtol=0, atol=1e-5)


@both_kinds
@given(st.data(), st.floats(0.1, 8))
def test_logarithms_and_their_gradients_are_finite_for_all_logits(
    multiclass: bool, data: st.DataObject, k_min: float
) -> None:
    logits, attention = data.draw(wild(3)), data.draw(wild(1))
    found = output(logits, attention, k_min, multiclass)
    for part in found[:2]:
        part.requires_grad_()
    logarithms = torch.stack([*found.log_score()])
    logarithms.sum().backward()
    assert torch.isfinite(logarithms).all()
    assert (logarithms <= 1e-4).all()
    assert torch.isfinite(found.logits.grad).all()
    assert torch.isfinite(found.attention_logits.grad).all()


@both_kinds
@given(st.integers(0, 2**16), st.floats(0.1, 8))
def test_logarithms_are_those_of_the_score(multiclass: bool, seed: int, k_min: float) -> None:
    rng = np.random.default_rng(seed)
    found = output(rng.normal(0, 3, (2, 5, 3)), rng.normal(0, 3, (2, 5, 1)), k_min, multiclass)
    of_score, of_rest = found.log_score()
    torch.testing.assert_close(of_score.exp(), found.score)
    torch.testing.assert_close(of_rest.exp(), 1 - found.score)
    of_patch, of_rest = found.log_probability()
    torch.testing.assert_close(of_patch.exp(), found.probability)
    torch.testing.assert_close(of_rest.exp(), 1 - found.probability)


@both_kinds
def test_logarithms_have_the_right_gradients(multiclass: bool) -> None:
    rng = np.random.default_rng(0)
    for k_min in (0.5, 3.0):
        found = output(rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4, 1)), k_min, multiclass)
        parts = tuple(part.requires_grad_() for part in found[:2])
        assert torch.autograd.gradcheck(
            lambda z, a, k_min=k_min: PatchOutput(z, a, k_min, multiclass).log_score(), parts
        )


def test_attending_to_nothing_scores_nothing() -> None:
    found = output(np.full((1, 4, 1), 9.0), np.full((1, 4, 1), -1e4), 1.0, False)
    assert found.score.item() == 0
    assert found.log_score()[1].item() == pytest.approx(0)


def test_one_attended_patch_is_enough_with_a_k_min_of_one() -> None:
    attention = np.full((1, 400, 1), -30.0)
    attention[0, 7] = 30
    logits = np.full((1, 400, 1), -5.0)
    logits[0, 7] = 3
    score = output(logits, attention, 1.0, False).score
    assert score.item() == pytest.approx(torch.tensor(3.0).sigmoid().item())


def test_patches_that_only_fill_a_batch_up_change_nothing() -> None:
    torch.manual_seed(0)
    head = PatchHead(6, 2, k_min=2.0)
    vectors = torch.randn(1, 5, 6)
    filled = torch.cat([vectors, 99 * torch.ones(1, 3, 6)], 1)
    present = torch.arange(8)[None] < 5
    alone, among = head(vectors), head(filled, present)
    torch.testing.assert_close(among.score, alone.score)
    for a, b in zip(among.log_score(), alone.log_score(), strict=True):
        torch.testing.assert_close(a, b)
    among.log_score()[0].sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in head.parameters())


def test_a_single_exclusive_class_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two"):
        PatchHead(6, 1, multiclass=True)
