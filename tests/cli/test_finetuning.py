"""Fine-tuning on the command line: from the encoder of a pretraining to a model that predicts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_salient.active_learning.session import LabellingSession
from napari_salient.cli import main
from napari_salient.finetuning.chosen import choose_encoder
from napari_salient.project.project import Project

PRETRAIN = (
    *("train", "pretraining", "images", "--width", "4", "--batch_size", "2"),
    *("--held_out_batches", "1", "--fit.steps", "1", "--fit.threads", "1"),
)
TUNE = ("finetune", "images", "labels")
TINY = ("--fit.steps", "2", "--fit.threads", "1", "--batch_size", "2")

Results = Callable[..., dict]


@pytest.mark.usefixtures("volumes")
@pytest.mark.parametrize("dims", ["2", "3"])
def test_a_model_starts_from_the_encoder_and_says_so_layer_by_layer(
    dims: str, json_of: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder = json_of(*PRETRAIN, "--dims", dims)["run"]
    assert main([*TUNE, "--from", encoder, *TINY]) == 0
    said = capsys.readouterr().err
    assert "layer conv_0: 8 of 8" in said or "layer input_block: " in said
    assert "100.0% of" in said
    tuned = json_of(*TUNE, "--from", encoder, *TINY)
    assert 0 <= tuned["dice"] <= 1
    predict = ("predict", "segmentation", tuned["run"], "images", "--output", "predicted")
    assert len(json_of(*predict)["files"]) == 6
    settings = f"{tuned['run']}/settings.yaml"
    again = json_of(*TUNE, "--config", settings, "--from", encoder)
    assert {**again, "run": ""} == {**tuned, "run": ""}
    resumed = json_of("finetune", "--resume", tuned["run"])
    assert resumed == tuned


@pytest.mark.usefixtures("volumes")
def test_an_encoder_of_another_width_is_refused_with_the_tensors_that_do_not_fit(
    json_of: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder = json_of(*PRETRAIN)["run"]
    assert main([*TUNE, "--from", encoder, *TINY, "--width", "8"]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert "The weights fit" in said
    assert "conv_0.conv_0.conv.weight" in said


@pytest.mark.usefixtures("volumes")
def test_foreign_and_damaged_checkpoints_are_refused(
    json_of: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--images", "images", "--labels", "labels")
    trained = json_of("train", "segmentation", *data, "--width", "4", *TINY)["run"]
    assert main([*TUNE, "--from", trained, *TINY]) == 1
    assert "no checkpoint of a pretraining" in capsys.readouterr().err
    foreign = Path("foreign.pt")
    foreign.write_bytes(b"not weights")
    assert main([*TUNE, "--from", str(foreign), *TINY]) == 1
    assert "foreign.pt is cut off, damaged or no checkpoint" in capsys.readouterr().err


@pytest.mark.usefixtures("volumes")
def test_an_encoder_that_saw_what_is_measured_on_is_refused(
    json_of: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder = json_of(*PRETRAIN, "--held_out_every", "2")["run"]
    compare = ("compare", "pretraining", "images", "labels", "--output", "out.json")
    for command in ((*TUNE, "--from", encoder, *TINY), (*compare, "--checkpoints", encoder)):
        assert main(command) == 1
        assert "learned from 1 of the files that are only measured on" in capsys.readouterr().err
    assert not Path("out.json").exists()


@pytest.mark.usefixtures("volumes")
def test_options_that_do_not_go_together_are_wrong_usage() -> None:
    assert main([*TUNE, *TINY]) == 2
    assert main(["finetune", "images", "--resume", "runs/one"]) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("volumes")
def test_a_given_encoder_is_compared_with_scratch(
    json_of: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder = json_of(*PRETRAIN, "--dims", "3")["run"]
    words = ("compare", "pretraining", "images", "labels", "--output", "out.json")
    steps = ("--segmentation.fit.steps", "2", "--segmentation.batch_size", "2")
    options = ("--fractions", "0.5", "--seeds", "1", "--processes", "1", "--curve_points", "1")
    assert main([*words, "--checkpoints", encoder, *steps, *options]) == 0
    said = capsys.readouterr().out
    assert "no-learning atlas" in said
    (row,) = [line.split() for line in said.splitlines() if "rotation, frozen" in line]
    assert row[-2] == "–"  # one seed has no interval
    assert Path("out.png").exists()
    settings = json.loads(Path("out.json").read_text())["experiment"]["settings"]
    assert settings["segmentation"]["width"] == 4
    assert settings["segmentation"]["spatial_dims"] == 3


@pytest.mark.slow
@pytest.mark.usefixtures("volumes")
def test_what_fails_in_a_worker_is_said_once(capfd: pytest.CaptureFixture[str]) -> None:
    Path("out.json.pretraining").touch()
    compare = ("compare", "pretraining", "images", "labels", "--output", "out.json")
    steps = ("--pretraining_steps", "1", "--processes", "1")
    assert main([*compare, "--tasks", "rotation", *steps]) == 1
    said = capfd.readouterr().err
    assert "out.json.pretraining" in said.splitlines()[-1]
    assert "Traceback" not in said


@pytest.mark.usefixtures("volumes")
def test_the_first_round_of_a_project_starts_from_an_encoder(
    json_of: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    create = ("project", "create", "images", "project", "--labels", "block")
    assert main([*create, "--label-files", "labels"]) == 0
    encoder = json_of("train", "pretraining", "project", *PRETRAIN[3:])["run"]
    train = ("train", "segmentation", "project", "--pretrained", encoder)
    assert main([*train, *TINY]) == 0
    said = capsys.readouterr().err
    assert "Training starts from an encoder that rotation taught on" in said
    assert "40 of 40 encoder tensors transferred" in said
    assert main([*train, *TINY]) == 1
    assert "goes on from that one" in capsys.readouterr().err


@pytest.mark.usefixtures("volumes")
def test_a_round_takes_the_encoder_that_was_chosen_for_the_project(
    json_of: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    create = ("project", "create", "images", "project", "--labels", "block")
    assert main([*create, "--label-files", "labels"]) == 0
    encoder = json_of("train", "pretraining", "project", *PRETRAIN[3:])["run"]
    with Project.open(Path("project")) as project:
        choose_encoder(LabellingSession(project), Path(encoder))
    assert main(["train", "segmentation", "project", *TINY]) == 0
    assert "40 of 40 encoder tensors transferred" in capsys.readouterr().err
    assert main(["train", "segmentation", "project", "--width", "4", *TINY]) == 0
    assert "goes on from the weights" in capsys.readouterr().err


@pytest.mark.usefixtures("volumes")
def test_a_chosen_encoder_that_is_gone_is_said_and_done_without(
    json_of: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    create = ("project", "create", "images", "project", "--labels", "block")
    assert main([*create, "--label-files", "labels"]) == 0
    encoder = json_of(*PRETRAIN)["run"]
    with Project.open(Path("project")) as project:
        choose_encoder(LabellingSession(project), Path(encoder))
    shutil.rmtree(encoder)
    assert main(["train", "segmentation", "project", "--width", "4", *TINY]) == 0
    assert "is gone" in capsys.readouterr().err


@pytest.mark.usefixtures("volumes")
def test_the_first_slices_of_a_project_are_proposed_by_an_encoder(
    json_of: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["project", "create", "images", "project", "--labels", "block"]) == 0
    encoder = json_of("train", "pretraining", "project", *PRETRAIN[3:])["run"]
    propose = ("project", "propose", "project", "--pretrained", encoder)
    proposals = json_of(*propose, "--count", "5")["proposals"]
    assert len(proposals) == 5
    assert any("in the features of the pretraining" in p["why"] for p in proposals)
    with Project.open(Path("project")) as project:
        queue = LabellingSession(project).queue
    assert [p.index + 1 for p in queue] == [p["slice"] for p in proposals]
    assert main([*propose, "--count", "3"]) == 0
    assert "far from all labelled or proposed ones" in capsys.readouterr().out


@pytest.mark.usefixtures("volumes")
def test_what_an_encoder_is_worth_on_the_labels_of_a_project(
    json_of: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    create = ("project", "create", "images", "project", "--labels", "block")
    assert main([*create, "--label-files", "labels"]) == 0
    encoder = json_of("train", "pretraining", "project", *PRETRAIN[3:])["run"]
    compare = ("project", "compare", "project", "--pretrained", encoder, *TINY)
    found = json_of(*compare)
    assert found["difference"] == pytest.approx(found["pretrained"] - found["scratch"])
    assert found["steps"] == 2
    capsys.readouterr()
    assert main(compare) == 0
    assert "Dice points against scratch" in capsys.readouterr().out


@pytest.mark.usefixtures("volumes")
def test_a_project_without_labels_has_nothing_to_compare_on(
    json_of: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["project", "create", "images", "project", "--labels", "block"]) == 0
    encoder = json_of("train", "pretraining", "project", *PRETRAIN[3:])["run"]
    assert main(["project", "compare", "project", "--pretrained", encoder]) == 1
    assert "at least two patients" in capsys.readouterr().err
