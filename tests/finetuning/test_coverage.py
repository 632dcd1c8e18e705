"""What an encoder would give to the model of a project, before anything is trained."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.errors import RunError
from napari_salient.finetuning.coverage import coverage_of, spec_of_project
from napari_salient.pretraining.library import newest_checkpoint

TINY: dict[str, Any] = {"width": 4, "context": 0}


def fit_of(project, run_dir, **settings):
    spec = spec_of_project(project, SegmentationSettings(**{**TINY, **settings}))
    return coverage_of(newest_checkpoint(run_dir), spec)


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_a_fitting_encoder_fills_the_encoder_and_leaves_the_decoder(
    project, pretrain, spatial_dims
):
    found = fit_of(project, pretrain(spatial_dims=spatial_dims), spatial_dims=spatial_dims)
    assert (found.refusal, found.obstacles, found.remark) == ("", (), "")
    fates = [fate for _, _, fate in found.rows]
    taken, at_random = fates.count("taken over"), fates.count("starts at random")
    assert taken + at_random == len(fates)
    assert taken
    assert at_random
    assert str(found) == (
        f"{taken} of {taken} tensors of the encoder, 100 % of its weights; "
        f"the {at_random} of the decoder start at random"
    )


def test_the_table_names_each_tensor_with_its_shape(project, pretrain):
    rows = fit_of(project, pretrain()).rows
    assert ("conv_0.conv_0.conv.weight", "4 × 1 × 3 × 3", "taken over") in rows
    assert rows[-1] == ("net.final_conv.bias", "2", "starts at random")


OTHER = [
    ({"width": 6}, {}, "width would have to be 6 and is 4"),
    ({"context": 1}, {}, "context would have to be 1 and is 0"),
    ({"spatial_dims": 3}, {"context": 1}, "spatial dims would have to be 3 and are 2"),
    ({}, {"spatial_dims": 3}, "spatial dims would have to be 2 and are 3"),
    ({"channels": 3}, {}, "image channels would have to be 3 and are 1"),
]


@pytest.mark.parametrize(("encoder", "settings", "words"), OTHER)
def test_an_encoder_that_does_not_fit_is_refused_with_the_setting_to_change(
    project, pretrain, encoder, settings, words
):
    found = fit_of(project, pretrain(**encoder), **settings)
    assert found.refusal == f"The encoder does not fit: {words}."


def test_tensors_that_do_not_fit_come_first_with_both_shapes(project, pretrain):
    first = fit_of(project, pretrain(channels=3)).rows[0]
    assert first == (
        "conv_0.conv_0.conv.weight",
        "4 × 1 × 3 × 3",
        "(4, 3, 3, 3) does not fit (4, 1, 3, 3)",
    )


def test_several_settings_are_said_at_once(project, pretrain):
    refusal = fit_of(project, pretrain(width=6, context=2)).refusal
    assert "width would have to be 6 and is 4; context would have to be 2 and is 0" in refusal


def test_another_plane_is_said_but_no_obstacle(project, pretrain):
    found = fit_of(project, pretrain(plane="coronal"))
    assert found.refusal == ""
    assert found.remark == "The encoder was taught on coronal and not on axial slices."


def test_looking_draws_no_random_numbers(project, pretrain):
    run_dir = pretrain()
    before = torch.random.get_rng_state()
    fit_of(project, run_dir)
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_damaged_checkpoint_is_refused(pretrain):
    path = newest_checkpoint(pretrain())
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(RunError, match="cut off"):
        coverage_of(path, None)
