"""Masked reconstruction: the loss is on what is hidden, and what is hidden is not to be seen."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.errors import InputError
from napari_salient.pretraining.geometry import Geometry
from napari_salient.pretraining.masked import Masked
from napari_salient.pretraining.settings import MaskedSettings

from .toys import CUBES, example, settings_of


def batch_of(made):
    return {name: tensor[None] for name, tensor in made.items()}


@given(
    dims=st.sampled_from([2, 3]),
    shape=st.tuples(*[st.integers(17, 40)] * 3),
    share=st.floats(0.2, 0.8),
    seed=st.integers(0, 999),
)
def test_about_the_share_is_hidden_and_the_rest_is_as_it_was(dims, shape, share, seed):
    masked = Masked(
        Geometry.of(settings_of("masked", dims), [shape], [CUBES]), MaskedSettings(share)
    )
    _, made, windows = example(masked, seed)
    hidden = made["mask"].bool()
    assert made["views"].shape == (1, 1, *masked.sides)
    assert torch.equal(made["views"][0][~hidden], windows[0][~hidden])
    assert not made["views"][0][hidden].any()
    assert abs(hidden.float().mean() - share) < 0.25


def test_neighbouring_slices_are_hidden_alike(geometry):
    masked = Masked(geometry(2, context=1), MaskedSettings())
    _, made, _ = example(masked, channels=3)
    hidden = made["mask"][0].bool()
    assert not made["views"][0][:, hidden].any()


def test_voxels_in_sight_do_not_count(geometry):
    masked = Masked(geometry(3), MaskedSettings())
    _, made, _ = example(masked)
    batch = batch_of(made)
    answer = torch.randn_like(batch["image"]).requires_grad_()
    loss, _ = masked.outcome(answer, batch)
    (gradient,) = torch.autograd.grad(loss, answer)
    assert torch.equal(gradient != 0, batch["mask"].bool())


def test_the_truth_explains_all_and_the_mean_nothing(geometry):
    masked = Masked(geometry(2), MaskedSettings())
    _, made, _ = example(masked)
    batch = batch_of(made)
    loss, explained = masked.outcome(batch["image"], batch)
    assert (loss, explained) == (0, 1)
    mean = (batch["image"] * batch["mask"]).sum() / batch["mask"].sum()
    _, explained = masked.outcome(mean.expand_as(batch["image"]), batch)
    assert explained == pytest.approx(masked.chance(1), abs=1e-5)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_all_or_nothing_is_refused(geometry, share):
    with pytest.raises(InputError, match="cannot be hidden"):
        Masked(geometry(2), MaskedSettings(share))


def test_the_preview_shows_what_is_seen_and_what_is_sought(geometry):
    masked = Masked(geometry(2), MaskedSettings())
    draw, made, _ = example(masked)
    seen, sought = masked.preview(draw, made)
    assert seen.words == "60% hidden"
    assert (seen.image != sought.image).any()
