"""The pool: headers at once, voxels when needed, memory bounded."""

from __future__ import annotations

import numpy as np
import pytest

from napari_salient.data.volumes import load_image, normalise, read_header
from napari_salient.errors import InputError
from napari_salient.pretraining.pool import VolumePool

from .toys import pool_of


def test_files_are_read_when_they_are_asked_for(write_volume):
    paths = [write_volume(f"case-{number}.nii.gz") for number in range(3)]
    pool = VolumePool.of_files(paths)
    paths[2].unlink()
    assert len(pool) == 3
    assert pool.shapes[0] == pool.image(0).shape[1:]
    assert np.array_equal(pool.image(1), normalise(load_image(read_header(paths[1]))))
    with pytest.raises(InputError, match="case-2"):
        pool.image(2)


def test_an_empty_pool_is_refused():
    with pytest.raises(InputError, match="no volume to pretrain on"):
        VolumePool.of_files([])


def test_files_of_different_channels_are_refused(write_volume):
    one = write_volume("one.nii.gz")
    two = write_volume("two.nii.gz", np.zeros((5, 4, 3, 2), np.int16))
    with pytest.raises(InputError, match=r"one.nii.gz has 1 channels and two.nii.gz has 2"):
        VolumePool.of_files([one, two])


def test_the_least_recently_used_volumes_are_let_go():
    source, read = pool_of(3), []

    def lazily(number):
        read.append(number)
        return source.image(number)

    room = 2 * source.image(0).nbytes
    pool = VolumePool(source.shapes, source.spacings, 1, lazily, source.names, limit_bytes=room)
    for number in (0, 1, 0, 2, 0, 1):
        pool.image(number)
    assert read == [0, 1, 2, 1]


def test_without_anatomy_only_empty_borders_stay():
    image = np.clip(pool_of(1).image(0), -1, 3)
    image[:, :3] = -1
    destroyed = VolumePool.of_arrays([image]).without_anatomy().image(0)
    assert np.array_equal(destroyed[:, :3], image[:, :3])
    assert (image[:, 3:] == -1).any()
    assert np.isnan(destroyed[:, 3:]).all()


def test_a_constant_volume_has_no_anatomy_to_lose():
    flat = np.zeros((1, 9, 9, 9), np.float32)
    assert np.array_equal(VolumePool.of_arrays([flat]).without_anatomy().image(0), flat)


def test_the_fingerprint_tells_pools_apart():
    assert pool_of(2).fingerprint() == pool_of(2).fingerprint()
    assert pool_of(2).fingerprint() != pool_of(3).fingerprint()
