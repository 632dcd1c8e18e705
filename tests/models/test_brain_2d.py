"""The encoder that ships: it loads, fits the model as it is by default, and can be made again."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.active_learning.spec import SegmenterSpec, spec_for
from napari_salient.cli import main
from napari_salient.cli.parser import read_settings
from napari_salient.cli.run_folders import checkpoint_of
from napari_salient.data.planes import PLANES
from napari_salient.engine.control import Control
from napari_salient.engine.events import Step
from napari_salient.engine.fit import fit
from napari_salient.finetuning.simulated import SimulatedStart
from napari_salient.finetuning.starting import weights_from
from napari_salient.pretraining.features import encoder_of, slice_features
from napari_salient.pretraining.job import pretraining_task
from napari_salient.pretraining.library import shipped_encoders
from napari_salient.pretraining.settings import PoolTraining
from napari_salient.pretraining.shipped import shipped_bundles
from napari_salient.pretraining.spec import PretrainingSpec
from napari_salient.pretraining.transfer import encoder_tensors
from napari_salient.samples.brain import make_brain_pool

NAME = "brain-2d"
CASES, SEED = 50, 152
"""Of ``samples make brain``, as docs/models.md says."""


@pytest.fixture
def weights() -> Path:
    return checkpoint_of(Path(NAME))


def metadata() -> dict[str, Any]:
    return json.loads((shipped_bundles()[NAME] / "configs/metadata.json").read_bytes())


def default_spec(plane: Any = "axial") -> SegmenterSpec:
    return spec_for(
        SegmentationSettings(),
        plane,
        channels=1,
        class_names=["organ"],
        label_values=[0, 1],
        spacing=(1.0, 1.0, 1.0),
    )


@pytest.mark.parametrize("plane", PLANES)
def test_its_name_gives_the_default_model_every_weight_of_its_encoder(
    weights: Path, plane: Any
) -> None:
    state, words = weights_from(weights)(default_spec(plane))
    assert "40 of 40 encoder tensors transferred (100.0% of 148,200 parameters)" in words
    encoder = encoder_of(weights)[0].state_dict()
    for name, tensor in encoder_tensors(state).items():
        assert torch.equal(tensor, encoder[name])


def test_neighbouring_slices_are_more_alike_than_distant_ones(weights: Path) -> None:
    encoder, spec = encoder_of(weights)
    z, y, x = np.mgrid[-12:13, -20:20, -20:20]
    ball = (z**2 * 2 + y**2 + x**2 < 250).astype(np.float32)
    features = slice_features(encoder, spec, (ball - ball.mean())[np.newaxis] / ball.std())
    assert features.shape == (25, 64)
    next_to, far = (np.linalg.norm(features[12] - features[n]) for n in (13, 22))
    assert next_to < far / 2


def test_the_library_lists_it_with_what_was_measured() -> None:
    entry = next(entry for entry in shipped_encoders() if entry.run_dir.name == NAME)
    measured = metadata()["pretraining"]["metrics"]
    assert (entry.task, entry.state, entry.accuracy) == ("masked", "shipped", measured["accuracy"])
    assert entry.accuracy > entry.chance + 0.5


def test_its_page_says_what_it_is_for_and_on_what_terms() -> None:
    page = (shipped_bundles()[NAME] / "docs/README.md").read_text(encoding="utf-8")
    for words in (
        "Research use only",
        "MNI",
        f"--cases {CASES} --seed {SEED}",
        "export pretraining",
    ):
        assert words in page


def test_a_simulation_may_start_from_it_whatever_it_tests_on(tmp_path: Path) -> None:
    made = make_brain_pool(tmp_path, cases=3, shape=(12, 40, 40))
    cohort = Cohort.read(made.images, made.labels, "axial", 3)
    words = SimulatedStart(checkpoint_of(shipped_bundles()[NAME])).check(
        cohort, SegmentationSettings()
    )
    assert "masked taught on 40 volumes" in words


@pytest.mark.slow
def test_the_pretraining_can_be_repeated(tmp_path: Path) -> None:
    pretraining = metadata()["pretraining"]
    assert (
        main(["samples", "make", "brain", str(tmp_path), f"--cases={CASES}", f"--seed={SEED}"]) == 0
    )
    kept = tmp_path / "settings.yaml"
    kept.write_text(json.dumps({**pretraining["settings"], "pool": str(tmp_path / "images")}))
    settings = read_settings(PoolTraining, kept)
    task = pretraining_task(settings.files(), settings)
    assert task.spec == PretrainingSpec.from_json(pretraining["spec"])
    steps = (
        event
        for event in fit(task, settings.fit, Control(), tmp_path / "run")
        if isinstance(event, Step)
    )
    losses = [step.loss for step in islice(steps, len(pretraining["first_losses"]))]
    assert losses == pytest.approx(pretraining["first_losses"], rel=0.01)
