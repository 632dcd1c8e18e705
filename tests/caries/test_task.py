"""The training of the caries model: what a batch is, whose regions are used, what is learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_salient.caries.classes import Classes
from napari_salient.caries.examples import Example, Marks
from napari_salient.caries.settings import CariesSettings
from napari_salient.caries.task import CariesTask
from napari_salient.engine.control import Control
from napari_salient.engine.fit import fit
from napari_salient.engine.jobs import result_of
from napari_salient.engine.settings import FitSettings
from napari_salient.errors import InputError

HEIGHT, WIDTH = 32, 24
SETTINGS = CariesSettings(
    batch_size=8, attention_width=8, fit=FitSettings(steps=60, threads=1, device="cpu")
)
SPEC = SETTINGS.spec(Classes(("caries",)), 1)


def example(number: int, *, marked: bool) -> Example:
    """Return noise, every other one with a dark block, marked or not."""
    rng = np.random.default_rng(number)
    image = rng.normal(size=(1, HEIGHT, WIDTH)).astype(np.float32)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    if number % 2:
        top, left = rng.integers(0, HEIGHT - 8), rng.integers(0, WIDTH - 8)
        mask[top : top + 8, left : left + 8] = True
        image[0, mask] -= 4
    everywhere, nowhere = np.ones_like(mask), np.zeros_like(mask)
    trust = np.ones(mask.shape, np.float32)
    marks = Marks(mask[None].astype(np.float32), everywhere, nowhere, trust) if marked else None
    return Example(f"{number}", f"{number}", image, np.array([number % 2], np.float32), marks)


EXAMPLES = [example(number, marked=number < 10) for number in range(20)]
MEASURED = [example(number, marked=True) for number in range(20, 30)]


def test_a_batch_is_the_same_for_a_step_and_half_of_it_shows_something() -> None:
    task = CariesTask(SPEC, EXAMPLES, SETTINGS)
    first, again, other = task.batch(3), task.batch(3), task.batch(4)
    assert torch.equal(first.images, again.images)
    assert not torch.equal(first.images, other.images)
    assert first.labels.sum() == SETTINGS.batch_size / 2
    assert first.targets.positive.shape == (8, len(task.grid), 1)


def test_regions_are_mirrored_with_their_image() -> None:
    task = CariesTask(SPEC, EXAMPLES, replace(SETTINGS, batch_size=64))
    batch = task.batch(0)
    marked = batch.targets.positive.sum((1, 2)) > 0
    assert marked.any()
    images = batch.images[marked, 0].reshape(-1, HEIGHT // 4, 4, WIDTH // 4, 4).mean((2, 4))
    dark = images.flatten(1)
    positive = batch.targets.positive[marked, :, 0] > 0
    inside = (dark * positive).sum(1) / positive.sum(1)
    outside = (dark * ~positive).sum(1) / (~positive).sum(1)
    assert (inside < outside - 1).all()


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_only_a_share_of_the_regions_is_used_and_a_smaller_share_is_part_of_a_larger(share) -> None:
    def kept(settings: CariesSettings) -> set[str]:
        return {e.name for e in CariesTask(SPEC, EXAMPLES, settings).examples if e.marks}

    used = kept(replace(SETTINGS, guided=share))
    assert len(used) == round(10 * share)
    assert used <= kept(SETTINGS)


def test_what_is_learned_tells_images_apart_and_finds_the_block(tmp_path) -> None:
    task = CariesTask(SPEC, EXAMPLES, SETTINGS, MEASURED)
    found = result_of(fit(task, SETTINGS.fit, Control(), tmp_path))
    assert found["auroc"] > 0.95
    assert found["pointing_game"] > 0.7


def test_images_of_two_sizes_are_refused() -> None:
    small = replace(EXAMPLES[0], name="small", image=EXAMPLES[0].image[:, :-4])
    with pytest.raises(InputError, match="small 24 × 28; bring the images"):
        CariesTask(SPEC, [EXAMPLES[1], small], SETTINGS)


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(InputError, match="no image to learn from"):
        CariesTask(SPEC, [], SETTINGS)


def test_exclusive_classes_are_learned_as_one_of_several() -> None:
    spec = SETTINGS.spec(Classes(("0", "1", "2"), exclusive=True), 1)
    graded = [
        replace(e, label=np.eye(3, dtype=np.float32)[n % 3], marks=None)
        for n, e in enumerate(EXAMPLES)
    ]
    task = CariesTask(spec, graded, SETTINGS)
    loss, parts = task.loss(task.batch(0))
    assert torch.isfinite(loss)
    assert parts["location"] == 0


def test_a_checkpoint_of_another_model_is_refused() -> None:
    task = CariesTask(SPEC, EXAMPLES, SETTINGS)
    other = CariesTask(replace(SPEC, k_min=5.0), EXAMPLES, SETTINGS)
    with pytest.raises(InputError, match="another model"):
        task.load_state_dict(other.state_dict())
