"""Recipes of published experiments: complete, honest about their origin, and run to the end."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest

from napari_salient.active_learning.recipes import RECIPES, read_recipe
from napari_salient.active_learning.settings import SimulationSettings
from napari_salient.active_learning.simulation.cohort import Cohort
from napari_salient.active_learning.strategies import STRATEGIES
from napari_salient.cli import main
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

LISTING: dict[str, dict[str, Any]] = {
    "heart": {"modality": ["MRI"], "labels": ["background", "left atrium"]},
    "hippocampus": {"modality": ["MRI"], "labels": ["background", "Anterior", "Posterior"]},
    "prostate": {"modality": ["T2", "ADC"], "labels": ["background", "PZ", "TZ"]},
}
QUICK = ["--initial", "4", "--batch", "2", "--rounds", "1", "--seeds", "1", "--processes", "1"]
SMALL = ["--segmentation.width", "4", "--segmentation.batch_size", "2"]
SHORT = ["--segmentation.fit.steps", "2", "--strategies", "random,strided"]


def write_task(folder: Path, recipe: str, cases: int = 6) -> Path:
    """Write a tiny data set in the layout and with the channels and classes of the real one."""
    said = {key: dict(enumerate(names)) for key, names in LISTING[recipe].items()}
    classes, channels = len(said["labels"]), len(said["modality"])
    grid = np.mgrid[:20, :18, :10]
    training = []
    for number in range(cases):
        label = np.zeros(grid.shape[1:], np.uint8)
        for value in range(1, classes):
            centre = np.array([6 * value, 8 + number % 3, 5])
            label[((grid - centre[:, None, None, None]) ** 2).sum(0) < 9] = value
        noise = np.random.default_rng(number).normal(0, 0.2, (*label.shape, channels))
        image = (label[..., None] * np.array([1, -1])[:channels] + noise).astype(np.float32)
        entry = {}
        for key, voxels in (("image", image.squeeze()), ("label", label)):
            entry[key] = f"./{key}sTr/case_{cases - number:02}.nii.gz"
            (folder / f"{key}sTr").mkdir(parents=True, exist_ok=True)
            nib.save(nib.Nifti1Image(voxels, np.eye(4)), folder / entry[key])
        training.append(entry)
    (folder / "dataset.json").write_text(json.dumps(said | {"training": training}))
    return folder


def names_of(settings: Any, prefix: str = "") -> set[str]:
    found = set()
    for name, value in vars(settings).items():
        nested = dataclasses.is_dataclass(value)
        found |= names_of(value, f"{prefix}{name}.") if nested else {prefix + name}
    return found


@pytest.mark.parametrize("name", RECIPES)
def test_every_setting_of_a_recipe_exists_and_says_where_it_comes_from(name: str) -> None:
    recipe = read_recipe(name)
    assert set(recipe.settings) <= names_of(SimulationSettings())
    assert all(text.startswith(("published: ", "own: ")) for text in recipe.origins.values())
    assert any("validation cases" in text for text in recipe.differences)
    assert set(recipe.settings["strategies"].split(",")) <= set(STRATEGIES)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_runs_on_data_in_its_own_layout(name: str, tmp_path: Path) -> None:
    data, output = write_task(tmp_path / "data", name), tmp_path / "out.json"
    words = ["simulate", "--recipe", name, "--data", str(data), "--output", str(output)]
    assert main([*words, *QUICK, *SMALL, *SHORT]) == 0
    result = json.loads(output.read_text())
    assert list(result["data"]["classes"].values()) == LISTING[name]["labels"][1:]
    assert [result["data"][side] for side in ("pool", "validation", "test")] == [3, 2, 1]
    assert all(row["validation_dice"] is not None for row in result["records"])
    kept = result["settings"]["segmentation"]
    assert kept["augment"] is False
    assert kept["fit"]["learning_rate"] == 0.001
    assert kept["width"] == 4


def test_the_split_follows_the_list_and_its_sides_are_apart(tmp_path: Path) -> None:
    cohort = Cohort.read_decathlon(write_task(tmp_path, "heart", 11), "axial", 4, 5)
    assert cohort.validation == (0, 5, 10)
    assert cohort.test == (1, 6)
    assert cohort.pool == (2, 3, 4, 7, 8, 9)
    assert cohort.images[0].name == "case_11.nii.gz"


def test_the_network_on_volumes_is_a_flag_away(tmp_path: Path) -> None:
    data, output = write_task(tmp_path / "data", "prostate"), tmp_path / "out.json"
    words = ["simulate", "--recipe", "prostate", "--data", str(data), "--output", str(output)]
    options = [*QUICK, *SMALL, "--segmentation.spatial_dims", "3"]
    assert main([*words, *options, "--segmentation.fit.steps", "2", "--strategies", "entropy"]) == 0
    assert len(json.loads(output.read_text())["records"]) == 2


def test_a_recipe_needs_the_folder_of_its_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = ["--output", str(tmp_path / "out.json")]
    assert main(["simulate", "--recipe", "heart", *output]) == 2
    assert "as --data" in capsys.readouterr().err
    assert main(["simulate", "--recipe", "heart", "--data", str(tmp_path), *output]) == 1
    assert "dataset.json cannot be read" in capsys.readouterr().err


def test_an_unknown_recipe_is_refused_with_those_that_exist() -> None:
    with pytest.raises(InputError, match="choose one of heart, hippocampus, prostate"):
        read_recipe("lung")
