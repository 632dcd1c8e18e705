"""Encoders as bundles: written, found by folder or name, read by MONAI's own parser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from napari_salient.engine.control import Control
from napari_salient.engine.fit import fit
from napari_salient.engine.run import Run
from napari_salient.errors import InputError, RunError
from napari_salient.pretraining import shipped
from napari_salient.pretraining.bundle import write_bundle
from napari_salient.pretraining.features import encoder_of
from napari_salient.pretraining.library import newest_checkpoint
from napari_salient.pretraining.shipped import is_shipped, weights_in
from napari_salient.pretraining.task import PretrainingTask

from .toys import pool_of, settings_of


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """Return the folder of a pretraining of four steps."""
    settings = settings_of("masked", context=1)
    run = Run.create(tmp_path / "runs", "pretraining", settings)
    task = PretrainingTask(settings, pool_of(), pool_of(2, first=9))
    list(run.record(fit(task, settings.fit, Control(), run.directory)))
    return run.directory


def test_a_bundle_holds_the_encoder_alone_and_says_what_it_is(
    run_dir: Path, tmp_path: Path
) -> None:
    weights = write_bundle(run_dir, tmp_path / "bundle")
    (encoder, spec), (before, same) = map(encoder_of, (weights, newest_checkpoint(run_dir)))
    assert spec == same
    for name, tensor in encoder.state_dict().items():
        assert torch.equal(tensor, before.state_dict()[name])
    assert weights.stat().st_size < newest_checkpoint(run_dir).stat().st_size / 3
    metadata = json.loads((tmp_path / "bundle/configs/metadata.json").read_bytes())
    assert metadata["network_data_format"]["inputs"]["image"]["num_channels"] == 3
    assert metadata["pretraining"]["steps"] == 4
    assert len(metadata["pretraining"]["first_losses"]) == 4
    assert "accuracy" in metadata["pretraining"]["metrics"]
    assert "Research use only" in (tmp_path / "bundle/docs/README.md").read_text()


def test_monai_builds_the_network_of_a_bundle(run_dir: Path, tmp_path: Path) -> None:
    from monai.bundle import ConfigParser

    weights = write_bundle(run_dir, tmp_path / "bundle")
    parser = ConfigParser()
    parser.read_config(tmp_path / "bundle/configs/inference.json")
    parser["bundle_root"] = str(tmp_path / "bundle")
    network, plain = map(parser.get_parsed_content, ("network", "network_def"))
    view = torch.zeros(1, 3, 32, 32)
    assert torch.equal(network.summary(view), encoder_of(weights)[0].summary(view))
    assert plain.state_dict().keys() == network.state_dict().keys()


def test_a_bundle_is_found_by_its_folder_or_by_the_name_that_it_ships_under(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = write_bundle(run_dir, tmp_path / "models/toy")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shipped, "SHIPPED", tmp_path / "models")
    assert weights_in(tmp_path / "models/toy") == weights
    assert newest_checkpoint(Path("toy")) == weights
    assert is_shipped(weights)
    assert weights_in(run_dir) == run_dir
    assert not is_shipped(newest_checkpoint(run_dir))
    (tmp_path / "toy").mkdir()
    assert weights_in(Path("toy")) == Path("toy")
    with pytest.raises(RunError, match="no checkpoint in nothing"):
        newest_checkpoint(Path("nothing"))


def test_a_bundle_is_not_written_over_something(run_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty"):
        write_bundle(run_dir, tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_empty_folders_of_an_attempt_that_failed_do_not_stand_in_the_way(
    run_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "bundle" / "models").mkdir(parents=True)
    assert write_bundle(run_dir, tmp_path / "bundle").is_file()
