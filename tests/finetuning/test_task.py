"""Fine-tuning: the encoder waits, then learns at its own rate; all else is as from scratch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_salient.active_learning.examples import no_examples
from napari_salient.active_learning.spec import spec_for
from napari_salient.active_learning.task import SegmentationTask
from napari_salient.engine.checkpoint import latest_checkpoint, load_checkpoint
from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason
from napari_salient.engine.fit import fit
from napari_salient.engine.settings import FitSettings
from napari_salient.errors import InputError
from napari_salient.finetuning.settings import FinetuningSettings
from napari_salient.finetuning.task import FinetuningTask
from napari_salient.pretraining.encoder import Encoder
from napari_salient.pretraining.spec import EncoderSpec
from napari_salient.pretraining.transfer import encoder_tensors

STEPS = 4


def settings_of(dims=2, **changes):
    fit_settings = FitSettings(steps=STEPS, save_every=1, threads=1, device="cpu")
    tiny = {"spatial_dims": dims, "width": 4, "context": 0, "batch_size": 3, "fit": fit_settings}
    return FinetuningSettings(**{**tiny, **changes})


def parts_of(settings, **changes):
    """Return spec and examples of one noisy volume with a block to find."""
    rng = np.random.default_rng(0)
    labels = np.zeros((16, 16, 16), np.uint8)
    labels[4:9, 5:11, 6:12] = 1
    image = (labels + 0.3 * rng.standard_normal(labels.shape)).astype(np.float32)
    spec = spec_for(
        settings,
        "axial",
        **{"channels": 1, "class_names": ["block"], "label_values": [0, 1], **changes},
        spacing=(1.0, 1.0, 1.0),
    )
    examples = no_examples(settings)
    examples.add(image[None], labels, "axial", range(16))
    return spec, examples


def pretrained(spec):
    torch.manual_seed(99)
    return Encoder(EncoderSpec(spec.in_channels, spec.width, spec.strides)).state_dict()


def task_of(settings):
    spec, examples = parts_of(settings)
    return FinetuningTask(pretrained(spec), spec, examples, settings)


def encoder_of(model):
    return {name: t.detach().clone() for name, t in encoder_tensors(model.state_dict()).items()}


def unchanged(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("dims", [2, 3])
def test_the_encoder_is_the_same_to_the_bit_in_the_warm_up_and_learns_after_it(dims, tmp_path):
    task = task_of(settings_of(dims, warm_up=0.5))
    start = encoder_of(task.model)
    decoder = task.warm_up.others[-1].detach().clone()
    seen = []
    for event in fit(task, task.settings.fit, Control(), tmp_path):
        if type(event).__name__ == "Step":
            seen.append(unchanged(start, encoder_of(task.model)))
    assert event.reason is FinishReason.COMPLETED
    assert seen == [True, True, False, False]
    assert not torch.equal(decoder, task.warm_up.others[-1])


def test_a_frozen_encoder_never_learns(tmp_path):
    task = task_of(settings_of(warm_up=1.0))
    start = encoder_of(task.model)
    list(fit(task, task.settings.fit, Control(), tmp_path))
    assert unchanged(start, encoder_of(task.model))


def test_the_encoder_has_its_own_learning_rate():
    task = task_of(settings_of(encoder_rate=0.1))
    others, encoder = task.parameter_groups()
    assert encoder["lr"] == pytest.approx(0.1 * task.settings.fit.learning_rate)
    assert "lr" not in others
    given = sum(len(group["params"]) for group in (others, encoder))
    assert given == len(list(task.model.parameters()))


def test_from_scratch_it_is_the_same_training_but_for_the_encoder():
    settings = settings_of()
    spec, examples = parts_of(settings)
    scratch, tuned = SegmentationTask(spec, examples, settings), task_of(settings)
    for one, other in zip(scratch.batch(2), tuned.batch(2), strict=True):
        assert torch.equal(one, other)
    theirs = scratch.model.state_dict()
    inside = encoder_of(tuned.model)
    differing = {n for n, t in tuned.model.state_dict().items() if not torch.equal(t, theirs[n])}
    assert {name.removeprefix("net.") for name in differing} <= set(inside)
    assert differing


def test_interrupted_in_the_warm_up_and_resumed_it_is_the_same_to_the_bit(tmp_path):
    def weights(folder, cancel_at=None):
        control, task = Control(), task_of(settings_of(warm_up=0.5))
        for event in fit(task, task.settings.fit, control, tmp_path / folder, resume=True):
            if cancel_at is not None and getattr(event, "step", None) == cancel_at:
                control.cancel()
        return load_checkpoint(latest_checkpoint(tmp_path / folder)).model

    whole = weights("whole")
    weights("parts", cancel_at=1)
    assert unchanged(whole, weights("parts"))


def test_an_encoder_for_other_channels_is_refused_with_the_tensor_that_does_not_fit():
    settings = settings_of()
    spec, examples = parts_of(settings)
    two = pretrained(parts_of(settings, channels=2)[0])
    with pytest.raises(InputError, match=r"conv_0\.conv_0\.conv\.weight .*does not fit"):
        FinetuningTask(two, spec, examples, settings)
