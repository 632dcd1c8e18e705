"""The feature map: which slices it shows, that it is the same each time, and what it admits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.engine.checkpoint import latest_checkpoint
from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason, Progress
from napari_salient.engine.fit import fit
from napari_salient.pretraining.feature_map import (
    evenly_spaced,
    feature_map_job,
    same_volume_share,
)
from napari_salient.pretraining.intake import PoolFiles
from napari_salient.pretraining.task import PretrainingTask

from .toys import pool_of, settings_of, volume


@pytest.fixture
def files(write_volume):
    paths = [write_volume(f"case-{n}.nii", volume(n, (16, 18, 20 + n))[0]) for n in range(3)]
    return PoolFiles(tuple(paths), ())


@pytest.fixture
def checkpoint(tmp_path):
    """Return a function that pretrains for a moment and returns the checkpoint."""

    def make(spatial_dims=2, **changes):
        settings = settings_of("rotation", spatial_dims, **changes)
        task = PretrainingTask(settings, pool_of())
        list(fit(task, settings.fit, Control(), tmp_path / "run"))
        return latest_checkpoint(tmp_path / "run")

    return make


@given(lengths=st.lists(st.integers(1, 300), min_size=1, max_size=40), most=st.integers(1, 3000))
def test_slices_are_real_spread_out_and_not_many_more_than_wanted(lengths, most):
    volumes, indices = evenly_spaced(lengths, most)
    assert set(volumes) == set(range(len(lengths)))
    assert (indices < np.array(lengths)[volumes]).all()
    assert (indices >= 0).all()
    assert len(set(zip(volumes.tolist(), indices.tolist(), strict=True))) == len(indices)
    assert len(indices) <= most + len(lengths)


def test_of_a_small_pool_all_slices_are_taken():
    volumes, indices = evenly_spaced([3, 2], 5)
    assert volumes.tolist() == [0, 0, 0, 1, 1]
    assert indices.tolist() == [0, 1, 2, 0, 1]


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_the_map_says_where_each_of_its_points_comes_from(files, checkpoint, spatial_dims):
    *events, last = feature_map_job(checkpoint(spatial_dims), files, Control())
    found = last.result
    assert found.paths == files.learn
    assert np.bincount(found.volumes).tolist() == [20, 21, 22]
    assert found.points.shape == (63, 2)
    assert np.isfinite(found.points).all()
    assert found.positions[[0, 19, 20, 62]].tolist() == [0, 1, 0, 1]
    done = [event.done for event in events if isinstance(event, Progress)]
    assert done == [*sorted(done[:-2]), 0, 1]
    assert done[-3] == 63


def test_the_same_map_is_drawn_each_time(files, checkpoint):
    path = checkpoint(plane="coronal")
    first, second = (list(feature_map_job(path, files, Control()))[-1].result for _ in range(2))
    assert np.array_equal(first.points, second.points)
    assert first.plane == "coronal"
    assert np.bincount(first.volumes).tolist() == [18] * 3


def test_a_map_can_be_cancelled_between_slices(files, checkpoint):
    control = Control()
    events = feature_map_job(checkpoint(), files, control)
    assert next(events).done == 8
    control.cancel()
    (last,) = events
    assert last.reason is FinishReason.CANCELLED


def test_a_map_can_be_cancelled_while_it_is_drawn(files, checkpoint):
    control = Control()
    events = feature_map_job(checkpoint(), files, control)
    assert next(event for event in events if event.what == "drawing the map").done == 0
    control.cancel()
    (last,) = events
    assert last.reason is FinishReason.CANCELLED
    assert last.result is None


def test_large_slices_go_through_one_by_one(write_volume, checkpoint):
    large = [write_volume("large.nii", volume(0, (600, 300, 3))[0])]
    events = feature_map_job(checkpoint(), PoolFiles(tuple(large), ()), Control())
    done = [event.done for event in events if getattr(event, "what", "") == "slices"]
    assert done == [1, 2, 3]


def test_the_share_of_neighbours_tells_scans_that_are_told_apart_from_such_that_are_not():
    rng = np.random.default_rng(0)
    volumes = np.repeat(np.arange(4), 25)
    noise = rng.normal(size=(100, 8)).astype(np.float32)
    same, chance = same_volume_share(noise, volumes)
    assert chance == pytest.approx(24 / 99)
    assert same == pytest.approx(chance, abs=0.08)
    by_scan = noise + np.float32(50) * volumes[:, None].astype(np.float32)
    assert same_volume_share(by_scan, volumes)[0] == 1
