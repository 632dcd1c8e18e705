"""Features of slices from a pretrained encoder."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_salient.engine.checkpoint import latest_checkpoint
from napari_salient.engine.control import Control
from napari_salient.engine.fit import fit
from napari_salient.errors import InputError
from napari_salient.pretraining.encoder import Encoder
from napari_salient.pretraining.features import encoder_of, slice_features
from napari_salient.pretraining.spec import PretrainingSpec
from napari_salient.pretraining.task import PretrainingTask

from .toys import pool_of, settings_of, volume

KINDS = [(2, {}), (2, {"context": 1, "plane": "coronal"}), (3, {}), (3, {"plane": "sagittal"})]


def network(spatial_dims, channels=1, **changes):
    settings = settings_of("rotation", spatial_dims, **changes)
    spec = PretrainingSpec.of(settings, pool_of(channels=channels))
    torch.manual_seed(0)
    return Encoder(spec.encoder).eval(), spec


@pytest.mark.parametrize(("spatial_dims", "changes"), KINDS)
def test_every_slice_along_the_plane_has_its_own_features(spatial_dims, changes):
    encoder, spec = network(spatial_dims, **changes)
    sides = {"axial": 20, "coronal": 22, "sagittal": 18}
    features = slice_features(encoder, spec, volume(0, tuple(sides.values())))
    assert features.shape == (sides[spec.plane], 32)
    assert len(np.unique(features, axis=0)) == sides[spec.plane]


@pytest.mark.parametrize(("spatial_dims", "changes"), KINDS)
def test_what_is_said_of_a_slice_does_not_depend_on_which_others_were_asked_for(
    spatial_dims, changes
):
    encoder, spec = network(spatial_dims, **changes)
    image = volume(0, (20, 22, 18))
    everything = slice_features(encoder, spec, image)
    assert np.allclose(slice_features(encoder, spec, image, [7, 2]), everything[[7, 2]], atol=1e-5)
    assert slice_features(encoder, spec, image, []).shape == (0, 32)


def test_an_encoder_of_slices_sees_the_slice_and_its_neighbours_alone():
    encoder, spec = network(2, context=1)
    image = volume(0, (20, 22, 18))
    changed = image.copy()
    changed[:, 9] += 1.0 + np.arange(18, dtype=np.float32)
    before, after = (slice_features(encoder, spec, one) for one in (image, changed))
    differs = np.abs(before - after).max(1) > 1e-4
    assert np.flatnonzero(differs).tolist() == [8, 9, 10]


def test_the_ends_of_a_volume_see_the_outermost_slice_again():
    encoder, spec = network(2, context=1)
    image = volume(0, (20, 22, 18))
    longer = np.concatenate([image[:, :1], image], 1)
    assert np.allclose(
        slice_features(encoder, spec, image, [0]), slice_features(encoder, spec, longer, [1])
    )


def test_several_channels_go_in_together_and_others_are_refused():
    encoder, spec = network(2, channels=2, context=1)
    assert slice_features(encoder, spec, volume(0, channels=2)).shape == (26, 32)
    with pytest.raises(InputError, match="has 1 channels and the encoder was pretrained on 2"):
        slice_features(encoder, spec, volume(0))


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_the_encoder_comes_back_from_a_checkpoint_as_it_was_trained(tmp_path, spatial_dims):
    task = PretrainingTask(settings_of("rotation", spatial_dims), pool_of())
    list(fit(task, task.settings.fit, Control(), tmp_path))
    encoder, spec = encoder_of(latest_checkpoint(tmp_path))
    assert spec == task.spec
    trained = slice_features(task.model.encoder.eval(), spec, volume(0))
    assert np.array_equal(slice_features(encoder, spec, volume(0)), trained)
