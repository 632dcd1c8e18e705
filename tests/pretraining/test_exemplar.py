"""Exemplar: the stranger is another volume, and nothing comes from outside the view."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.errors import InputError
from napari_salient.pretraining.exemplar import Exemplar, ExemplarDraw, deform
from napari_salient.pretraining.geometry import Geometry
from napari_salient.pretraining.pool import VolumePool
from napari_salient.pretraining.sampling import Sampler
from napari_salient.pretraining.settings import ExemplarSettings
from napari_salient.pretraining.task import PretrainingTask

from .toys import CUBES, example, measured, pool_of, settings_of, train


def test_the_stranger_is_never_the_volume_of_the_original(geometry):
    noise = np.random.default_rng(0).standard_normal((3, 1, 26, 26, 26)).astype(np.float32)
    pool = VolumePool.of_arrays([n + 100 * i for i, n in enumerate(noise)])
    sampler = Sampler(Exemplar(geometry(3), ExemplarSettings()), pool)
    for _, made in sampler.examples(40, np.random.default_rng(0)):
        _, original, stranger = (round(float(view.mean()) / 100) for view in made["views"])
        assert original != stranger


def test_one_volume_alone_is_refused(geometry):
    with pytest.raises(InputError, match="compares 2 volumes and there is only 1"):
        Sampler(Exemplar(geometry(2), ExemplarSettings()), pool_of(1))


@given(dims=st.sampled_from([2, 3]), seed=st.integers(0, 9999))
def test_a_deformed_view_never_reaches_beyond_its_original(dims, seed):
    geometry = Geometry.of(settings_of("exemplar", dims), [(26, 26, 26)], [CUBES])
    matrix = Exemplar(geometry, ExemplarSettings()).draw(np.random.default_rng(seed)).matrix
    corners = np.stack(np.meshgrid(*[[-1, 1]] * dims)).reshape(dims, -1)
    assert np.abs(matrix @ corners).max() <= 1 + 1e-5


def test_no_deformation_is_the_identity():
    view = torch.randn(2, 9, 9, 9)
    still = ExemplarDraw(np.eye(3, dtype=np.float32), 1.0, 0.0)
    torch.testing.assert_close(deform(view[None], [still])[0], view, atol=1e-5, rtol=1e-5)


def test_axes_are_those_of_the_view():
    view = torch.randn(1, 6, 6, 6)
    for axis in range(3):
        flips = np.diag([-1.0 if i == axis else 1.0 for i in range(3)]).astype(np.float32)
        (flipped,) = deform(view[None], [ExemplarDraw(flips, 1.0, 0.0)])
        torch.testing.assert_close(flipped, view.flip(axis + 1), atol=1e-5, rtol=1e-5)


def test_contrast_is_about_the_mean_and_brightness_an_offset():
    view = torch.randn(1, 8, 8)
    draw = ExemplarDraw(np.eye(2, dtype=np.float32), 1.5, 0.25)
    (changed,) = deform(view[None], [draw])
    torch.testing.assert_close(changed.mean(), view.mean() + 0.25)
    torch.testing.assert_close(changed.std(), 1.5 * view.std())


def test_views_that_are_deformed_together_come_out_as_each_alone(geometry):
    exemplar = Exemplar(geometry(3), ExemplarSettings())
    rng = np.random.default_rng(0)
    draws = [exemplar.draw(rng) for _ in range(5)]
    views = torch.randn(5, 2, 9, 8, 7)
    alone = [deform(view[None], [draw])[0] for view, draw in zip(views, draws, strict=True)]
    torch.testing.assert_close(deform(views, draws), torch.stack(alone), atol=1e-5, rtol=1e-5)


def test_thick_slices_are_not_turned_into_the_plane(geometry):
    exemplar = Exemplar(geometry(3, spacing=(4, 1, 1)), ExemplarSettings())
    for seed in range(50):
        matrix = exemplar.draw(np.random.default_rng(seed)).matrix
        assert not matrix[0, 1:].any()
        assert not matrix[1:, 0].any()


def test_the_loss_falls_on_four_volumes_and_features_do_not_collapse():
    settings = settings_of("exemplar", batch_size=8)
    task = PretrainingTask(settings, pool_of(4), pool_of(4, first=9))
    losses = train(task, 40)
    assert np.mean(losses[-8:]) < 0.9 * np.mean(losses[:8])
    assert measured(task)["feature_sd"] > 0.02


def test_the_loss_is_zero_once_the_stranger_is_further_by_the_margin(geometry):
    exemplar = Exemplar(geometry(2), ExemplarSettings(margin=0.2))
    codes = torch.tensor([[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])
    loss, accuracy = exemplar.outcome(codes, {})
    assert (loss, accuracy) == (0, 1)
    loss, accuracy = exemplar.outcome(codes[:, [0, 2, 1]], {})
    assert loss == pytest.approx(2.2)
    assert accuracy == 0


def test_the_published_distance_is_the_mean_square_of_codes_within_0_and_1(geometry):
    settings = ExemplarSettings(distance="sigmoid", margin=1.0, code=2)
    codes = torch.tensor([[[9.0, -9.0], [9.0, -9.0], [-9.0, -9.0]]])
    loss, _ = Exemplar(geometry(2), settings).outcome(codes, {})
    assert loss == pytest.approx(0.5, abs=1e-3)


def test_the_preview_shows_the_triplet(geometry):
    exemplar = Exemplar(geometry(3), ExemplarSettings())
    draw, made, windows = example(exemplar)
    deformed, original, stranger = exemplar.preview(draw, made)
    assert deformed.words == "deformed"
    assert np.array_equal(original.image, windows[0])
    assert np.array_equal(stranger.image, windows[1])
