"""From volumes to a trained model and back to labels, on the command line alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import pytest

from napari_salient.cli import main

TINY = ("--width", "4", "--fit.steps", "2", "--fit.threads", "1", "--batch_size", "2")


@dataclass(frozen=True)
class Folders:
    root: Path

    def __getattr__(self, name: str) -> str:
        return str(self.root / name)


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """Six small volumes with a bright block, and the block as their label."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    for number in range(6):
        truth = np.zeros((16, 16, 8), np.uint8)
        truth[4:10, 5:11, 2:6] = 1
        image = truth * 100 + rng.normal(0, 5, truth.shape)
        for folder, voxels in (("images", image.astype(np.float32)), ("labels", truth)):
            path = tmp_path / folder / f"case-{number}.nii.gz"
            nibabel.save(nibabel.Nifti1Image(voxels, np.diag([1.0, 1.0, 2.0, 1.0])), path)
    return Folders(tmp_path)


def json_of(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    capsys.readouterr()
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_train_predict_and_evaluate_a_folder(
    at: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--images", at.images, "--labels", at.labels)
    trained = json_of(capsys, "train", "segmentation", *data, *TINY)
    assert Path(trained["run"]).parent == Path("runs")
    assert 0 <= trained["dice"] <= 1
    predict = ("predict", "segmentation", trained["run"], at.images, "--output", at.predicted)
    assert len(json_of(capsys, *predict)["files"]) == 6
    source = nibabel.load(Path(at.images) / "case-0.nii.gz")
    label = nibabel.load(Path(at.predicted) / "case-0.nii.gz")
    assert np.array_equal(label.affine, source.affine)
    scores = json_of(capsys, "evaluate", "segmentation", trained["run"], *data)
    assert len(scores["cases"]) == 6
    assert "dice" in scores["mean"]


def test_predictions_that_would_overwrite_each_other_or_come_to_nothing_are_an_error(
    at: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--images", at.images, "--labels", at.labels)
    run = json_of(capsys, "train", "segmentation", *data, *TINY)["run"]
    predict = ("predict", "segmentation", run)
    assert main([*predict, str(at.root), "--output", at.predicted]) == 1
    assert "would be the case 'case-0'" in capsys.readouterr().err
    assert not Path(at.predicted).exists()
    assert main([*predict, at.images, "--output", at.images]) == 1
    assert "is the image itself" in capsys.readouterr().err
    newest = max(Path(run, "checkpoints").iterdir())
    newest.write_bytes(newest.read_bytes()[:1000])
    assert main([*predict, at.images, "--output", at.predicted]) == 1
    assert "use an earlier one" in capsys.readouterr().err


def test_volumes_that_cannot_be_segmented_are_named_and_the_others_written(
    at: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--images", at.images, "--labels", at.labels)
    run = json_of(capsys, "train", "segmentation", *data, *TINY)["run"]
    Path(at.images, "case-2.nii.gz").write_bytes(b"no volume")
    assert main(["predict", "segmentation", run, at.images, "--output", at.predicted]) == 1
    said = capsys.readouterr()
    assert "5 label files are in" in said.out
    last = said.err.splitlines()[-1]
    assert last == "napari-salient: 5 of 6 volumes were written; left out: case-2.nii.gz."
    assert len([*Path(at.predicted).iterdir()]) == 5


def test_volumes_that_cannot_be_measured_are_named_and_the_others_measured(
    at: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--images", at.images, "--labels", at.labels)
    run = json_of(capsys, "train", "segmentation", *data, *TINY)["run"]
    Path(at.images, "case-2.nii.gz").write_bytes(b"no volume")
    Path(at.labels, "case-4.nii.gz").write_bytes(b"no labels")
    assert main(["evaluate", "segmentation", run, *data, "--json"]) == 1
    said = capsys.readouterr()
    result = json.loads(said.out)
    assert [row["case"] for row in result["cases"]] == ["case-0", "case-1", "case-3", "case-5"]
    assert list(result["left_out"]) == ["case-2.nii.gz", "case-4.nii.gz"]
    assert "no label of their name" not in said.err
    last = said.err.splitlines()[-1]
    assert last == (
        "napari-salient: 4 of 6 volumes were measured; left out: case-2.nii.gz, case-4.nii.gz."
    )
    for number in (0, 1, 3, 5):
        Path(at.images, f"case-{number}.nii.gz").write_bytes(b"no volume")
    assert main(["evaluate", "segmentation", run, *data]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "None of the 6 volumes could be measured" in said.err.splitlines()[-1]


def test_volumes_without_a_label_are_said_not_to_be_measured(
    at: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--images", at.images, "--labels", at.labels)
    run = json_of(capsys, "train", "segmentation", *data, *TINY)["run"]
    Path(at.labels, "case-2.nii.gz").unlink()
    assert main(["evaluate", "segmentation", run, *data, "--json"]) == 0
    assert "1 of 6 volumes have no label of their name" in capsys.readouterr().err


def test_an_image_that_is_gone_is_named_and_the_other_cases_exported(
    at: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = ("--labels", "block", "--label-files", at.labels)
    assert main(["project", "create", at.images, at.project, *labels]) == 0
    Path(at.images, "case-2.nii.gz").unlink()
    assert main(["project", "export", at.project, "--output", at.exported]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == "napari-salient: 5 of 6 volumes were written; left out: case-2."
    assert len([*Path(at.exported).glob("*.nii.gz")]) == 5


@pytest.mark.slow
def test_an_interrupted_training_goes_on_where_it_was(
    at: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--images", at.images, "--labels", at.labels)
    long = (*TINY, "--fit.steps", "150")
    command = [sys.executable, "-m", "napari_salient", "train", "segmentation", *data, *long]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    while "of 150 steps" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    (run,) = Path("runs").iterdir()
    resumed = json_of(capsys, "train", "segmentation", "--resume", str(run))
    assert resumed["run"] == str(run)
    shown = json_of(capsys, "runs", "show", str(run))
    assert [step for step, _ in shown["loss"]] == list(range(1, 151))


def test_a_run_is_repeated_from_its_settings(
    at: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--images", at.images, "--labels", at.labels)
    first = json_of(capsys, "train", "segmentation", *data, *TINY)
    settings = f"{first['run']}/settings.yaml"
    again = json_of(capsys, "train", "segmentation", "--config", settings)
    assert {**first, "run": ""} == {**again, "run": ""}


def test_a_project_goes_from_volumes_to_a_round_and_to_exported_labels(
    at: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    create = ("project", "create", at.images, at.project, "--labels", "block")
    assert main([*create, "--label-files", at.labels]) == 0
    before = json_of(capsys, "project", "info", at.project)
    assert sum(before["cases"].values()) == 6
    assert before["slices"] == {"accepted": 48}
    predict = ("predict", "segmentation", at.project, at.images, "--output", at.predicted)
    assert main(predict) == 1
    assert "no trained model yet" in capsys.readouterr().err
    json_of(capsys, "train", "segmentation", at.project, *TINY)
    assert len(json_of(capsys, *predict)["files"]) == 6
    after = json_of(capsys, "project", "info", at.project)
    assert [found["round"] for found in after["rounds"]] == [1]
    assert main(["project", "export", at.project, "--output", at.exported]) == 0
    exported = nibabel.load(Path(at.exported) / "case-3.nii.gz")
    truth = nibabel.load(Path(at.labels) / "case-3.nii.gz")
    assert np.array_equal(np.asarray(exported.dataobj), np.asarray(truth.dataobj))


def test_labels_that_do_not_fit_are_refused_before_there_is_a_project(
    at: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    label = Path(at.labels) / "case-3.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.full((16, 16, 8), 2, np.uint8), np.eye(4)), label)
    create = ("project", "create", at.images, at.project, "--labels", "block")
    assert main([*create, "--label-files", at.labels]) == 1
    assert "case-3.nii.gz" in capsys.readouterr().err
    assert not Path(at.project).exists()


def test_the_labels_of_an_image_that_is_left_out_are_left_out(
    at: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    (Path(at.images) / "case-3.nii.gz").write_bytes(b"damaged")
    create = ("project", "create", at.images, at.project, "--labels", "block")
    assert main([*create, "--label-files", at.labels]) == 0
    assert "left out: " in capsys.readouterr().out
    assert json_of(capsys, "project", "info", at.project)["slices"] == {"accepted": 40}


def test_options_that_do_not_go_together_are_wrong_usage(
    at: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "segmentation", at.project, "--images", at.images]) == 2
    assert main(["train", "segmentation", at.project, "--resume", "run", *TINY]) == 2
    assert "leave the other options out" in capsys.readouterr().err
    assert main(["train", "segmentation", at.project, "--plane", "coronal"]) == 2
    folders = ("--images", at.images, "--labels", at.labels)
    assert main(["train", "segmentation", *folders, "--resume", "run"]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ("project", "info", "nowhere"),
        ("predict", "segmentation", "nowhere", "images", "--output", "out"),
        ("evaluate", "segmentation", "runs", "--images", "images", "--labels", "labels"),
        ("train", "segmentation", "--images", "nowhere", "--labels", "labels"),
        ("project", "create", "labels", "project", "--labels", "a", "--label-files", "runs"),
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("at")
def test_what_is_not_there_is_one_sentence(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    Path("runs").mkdir()
    assert main(words) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("napari-salient: ")
    assert last.endswith(".")


def test_a_simulation_goes_on_where_it_was(at: Folders, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("simulate", "--images", at.images, "--labels", at.labels, "--output", "out.json")
    tiny = [word.replace("--", "--segmentation.") for word in TINY]
    options = ("--strategies", "random", "--initial", "2", "--batch", "2", "--rounds", "1")
    result = json_of(capsys, *words, *options, "--seeds", "1", "--processes", "1", *tiny)
    assert [record["labelled_slices"] for record in result["records"]] == [2, 4]
    assert json.loads(Path("out.json").read_text())["records"] == result["records"]
    assert Path("out.png").exists()
