"""Transfer: by name, all of it or nothing, and with a word on every tensor."""

from __future__ import annotations

import pytest
import torch

from napari_salient.active_learning.model import build_segmenter
from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.spec import spec_for
from napari_salient.engine.checkpoint import latest_checkpoint
from napari_salient.engine.control import Control
from napari_salient.engine.fit import fit
from napari_salient.errors import InputError, RunError
from napari_salient.pretraining.encoder import Encoder
from napari_salient.pretraining.spec import EncoderSpec
from napari_salient.pretraining.task import PretrainingTask
from napari_salient.pretraining.transfer import encoder_tensors, load_pretrained, transfer

from .toys import CUBES, pool_of, settings_of

THICK = (4.0, 1.0, 1.0)


def segmenter(spatial_dims=2, channels=1, context=0, width=4, spacing=CUBES):
    settings = SegmentationSettings(spatial_dims=spatial_dims, context=context, width=width)
    spec = spec_for(
        settings,
        "axial",
        channels=channels,
        class_names=["a"],
        label_values=[0, 1],
        spacing=spacing,
    )
    return build_segmenter(spec)


def encoder(channels=1, width=4, strides=()):
    torch.manual_seed(1)
    return Encoder(EncoderSpec(channels, width, strides))


def test_all_of_the_encoder_is_taken_over_by_the_network_on_slices():
    source, target = encoder(), segmenter()
    coverage = transfer(source.state_dict(), target)
    assert coverage.share == 1
    assert [tensor.fate for tensor in coverage.tensors] == ["loaded"] * 40
    taken = encoder_tensors(target.state_dict())
    assert all(torch.equal(taken[name], value) for name, value in source.state_dict().items())
    assert str(coverage).startswith("40 of 40 encoder tensors transferred (100.0% of")


@pytest.mark.parametrize("spacing", [CUBES, THICK])
def test_all_of_the_encoder_is_taken_over_by_the_network_on_volumes(spacing):
    target = segmenter(3, spacing=spacing)
    source = encoder(strides=target.spec.strides)
    assert transfer(source.state_dict(), target).share == 1
    view = torch.randn(1, 1, 16, 16, 16)
    below = target.net.bottleneck(
        target.net.downsamples[1](target.net.downsamples[0](target.net.input_block(view)))
    )
    assert torch.equal(below, source(view)[-1])


def test_features_are_those_of_the_segmentation_network():
    source, target = encoder(), segmenter()
    transfer(source.state_dict(), target)
    view = torch.randn(2, 1, 32, 48)
    seen = []
    target.deepest.register_forward_hook(lambda _m, _i, output: seen.append(output))
    target.net(view)
    assert torch.equal(seen[0], source(view)[-1])
    assert torch.equal(source.summary(view), seen[0].amax((2, 3)))


def test_the_decoder_is_left_alone():
    target = segmenter()
    before = {name: value.clone() for name, value in target.state_dict().items()}
    transfer(encoder().state_dict(), target)
    changed = {name for name in before if not torch.equal(before[name], target.state_dict()[name])}
    assert changed
    assert all(not name.startswith(("net.upcat", "net.final")) for name in changed)


def refused(source, target):
    before = {name: value.clone() for name, value in target.state_dict().items()}
    with pytest.raises(InputError) as error:
        transfer(source, target)
    assert all(torch.equal(value, before[name]) for name, value in target.state_dict().items())
    return str(error.value)


def test_another_width_is_refused_with_the_tensors_that_do_not_fit():
    message = refused(encoder(width=8).state_dict(), segmenter(width=4))
    assert "conv_0.conv_0.conv.weight ((8, 1, 3, 3) does not fit (4, 1, 3, 3))" in message
    assert "and 35 more" in message


def test_other_channels_are_refused_though_only_the_first_layer_differs():
    message = refused(encoder(channels=3).state_dict(), segmenter())
    assert "conv_0.conv_0.conv.weight ((4, 3, 3, 3) does not fit (4, 1, 3, 3))" in message
    assert "channels, context" in message


def test_a_foreign_checkpoint_is_refused():
    assert "fit 0.0% of the encoder" in refused(torch.nn.Linear(3, 3).state_dict(), segmenter())


def test_a_network_on_slices_is_refused_by_one_on_volumes():
    assert "missing" in refused(encoder().state_dict(), segmenter(3))


def test_weights_that_are_no_numbers_are_refused():
    state = encoder().state_dict()
    state["down_3.convs.conv_1.conv.weight"][0, 0, 0, 0] = float("nan")
    message = refused(state, segmenter())
    assert "down_3.convs.conv_1.conv.weight (holds values that are no numbers)" in message


def test_a_small_missing_part_is_said_and_a_large_one_refused():
    state = encoder().state_dict()
    del state["conv_0.conv_0.conv.weight"]
    target = segmenter()
    coverage = transfer(state, target)
    assert [str(t) for t in coverage.left_out] == ["conv_0.conv_0.conv.weight (missing)"]
    assert 0.95 < coverage.share < 1
    del state["down_4.convs.conv_1.conv.weight"]
    assert "(missing)" in refused(state, segmenter())


def test_a_model_without_an_encoder_is_refused():
    assert "no encoder" in refused(encoder().state_dict(), torch.nn.Linear(2, 2))


def test_a_pretraining_gives_its_weights_to_a_segmentation_model(tmp_path):
    settings = settings_of("rotation", context=1)
    task = PretrainingTask(settings, pool_of())
    events = list(fit(task, settings.fit, Control(), tmp_path))
    assert events[-1].error is None
    spec, weights = load_pretrained(latest_checkpoint(tmp_path))
    assert spec == task.spec
    assert (spec.task, spec.channels, spec.context, spec.volumes) == ("rotation", 1, 1, 4)
    assert transfer(weights, segmenter(context=1)).share == 1


def test_a_checkpoint_of_something_else_or_a_damaged_one_is_refused(tmp_path):
    settings = settings_of("rotation")
    task = PretrainingTask(settings, pool_of())
    task.state_dict = dict
    list(fit(task, settings.fit, Control(), tmp_path))
    path = latest_checkpoint(tmp_path)
    with pytest.raises(RunError, match="no checkpoint of a pretraining"):
        load_pretrained(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(RunError, match="damaged"):
        load_pretrained(path)
