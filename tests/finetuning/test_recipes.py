"""Recipes with pretraining: honest about their origin, and they run in the layouts of the data."""

from __future__ import annotations

import dataclasses
import json
from typing import get_args

import nibabel
import numpy as np
import pytest
from skimage.io import imsave

from napari_salient.cli import main
from napari_salient.data.brats import CHANNELS
from napari_salient.finetuning.recipes import GradingRecipe, SegmentationRecipe, read_recipe
from napari_salient.finetuning.settings import ComparisonSettings, GradingSettings

SMALL = (
    *("--segmentation.width", "4", "--segmentation.fit.steps", "2"),
    *("--segmentation.batch_size", "3", "--segmentation.spatial_dims", "2"),
    *("--tasks", "rotation", "--pretraining_steps", "1", "--fractions", "0.5"),
    *("--seeds", "1", "--curve_points", "1", "--processes", "1", "--frozen", "false"),
)


def names_of(settings, prefix=""):
    found = set()
    for name, value in vars(settings).items():
        nested = dataclasses.is_dataclass(value)
        found |= names_of(value, f"{prefix}{name}.") if nested else {prefix + name}
    return found


@pytest.mark.parametrize("name", get_args(SegmentationRecipe) + get_args(GradingRecipe))
def test_a_recipe_names_settings_that_exist_and_where_each_is_from(name):
    recipe = read_recipe(name)
    grading = name in get_args(GradingRecipe)
    assert set(recipe.settings) <= names_of(GradingSettings() if grading else ComparisonSettings())
    assert all(origin.startswith(("published", "own: ")) for origin in recipe.origins.values())
    assert recipe.differences
    assert "Taleb" in recipe.paper


def block(number, channels=1):
    truth = np.zeros((20, 18, 10), np.uint8)
    truth[4:12, 5:12, 2 + number % 3 : 8] = 1
    noise = np.random.default_rng(number).normal(0, 0.2, (*truth.shape, channels))
    return (truth[..., None] + noise).astype(np.float32).squeeze(), truth


def save(path, voxels):
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(voxels, np.eye(4)), path)


def compare(tmp_path, recipe):
    words = ("compare", "pretraining", "--data", str(tmp_path / "data"), "--recipe", recipe)
    assert main([*words, "--output", str(tmp_path / "out.json"), *SMALL]) == 0
    return json.loads((tmp_path / "out.json").read_text())


@pytest.mark.slow
def test_the_pancreas_recipe_runs_on_a_decathlon_folder(tmp_path):
    data, listed = tmp_path / "data", []
    for number in range(6):
        image, truth = block(number)
        entry = {key: f"./{key}sTr/pancreas_{number}.nii.gz" for key in ("image", "label")}
        save(data / entry["image"], image)
        save(data / entry["label"], truth)
        listed.append(entry)
    said = {"modality": {"0": "CT"}, "labels": {"0": "background", "1": "pancreas"}}
    (data / "dataset.json").write_text(json.dumps({**said, "training": listed}))
    result = compare(tmp_path, "pancreas")
    assert result["experiment"]["settings"]["warm_up"] == 25 / 400
    assert [o["arm"] for o in result["outcomes"]] == ["scratch", "rotation"]


@pytest.mark.slow
def test_the_brats_recipe_runs_on_a_folder_for_each_case(tmp_path):
    for number in range(6):
        name = f"Brats18_{number}"
        image, truth = block(number, 4)
        files = dict(zip(CHANNELS, np.moveaxis(image, 3, 0), strict=True)) | {"seg": 4 * truth}
        for channel, voxels in files.items():
            save(tmp_path / "data" / "HGG" / name / f"{name}_{channel}.nii.gz", voxels)
    result = compare(tmp_path, "brats")
    assert result["data"]["classes"] == {"4": "class 4"}
    assert len(list((tmp_path / "out.json.volumes" / "images").iterdir())) == 6


def test_the_retinopathy_recipe_runs_on_a_list_of_pictures(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train_images").mkdir()
    rows = ["id_code,diagnosis"]
    for number in range(8):
        picture = np.full((24, 30, 3), 90 + 40 * (number % 2), np.uint8)
        imsave(tmp_path / "train_images" / f"a{number}.png", picture, check_contrast=False)
        rows.append(f"a{number},{number % 2}")
    (tmp_path / "train.csv").write_text("\n".join(rows) + "\n")
    words = ("finetune", "classification", "train_images", "train.csv", "--recipe", "retinopathy")
    small = ("--width", "4", "--side", "32", "--batch_size", "2", "--fit.steps", "1")
    assert main([*words, *small, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert set(result) >= {"kappa", "accuracy"}
    settings = (tmp_path / result["run"] / "settings.yaml").read_text()
    assert "warm_up: 0.15" in settings
    assert "learning_rate: 5.0e-05" in settings
