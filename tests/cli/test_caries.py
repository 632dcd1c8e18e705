"""The caries model on the command line: trained, resumed, measured, and used."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tifffile import imread

from napari_salient.cli import main
from napari_salient.data.region_files import write_regions
from napari_salient.data.region_masks import polygons_of
from napari_salient.data.regions import ImageKey, ImageRegions, Region

TINY = (
    *("--batch_size", "8", "--attention_width", "8", "--fit.steps", "60"),
    *("--fit.threads", "1", "--fit.device", "cpu"),
)

Results = Callable[..., dict]

HEIGHT, WIDTH, COUNT = 32, 24, 24
TRAINED = 16


def spot(number: int) -> np.ndarray:
    """Return where the lesion of an image is, bool (row, column)."""
    rng = np.random.default_rng([number, 1])
    y, x = rng.integers(6, HEIGHT - 6), rng.integers(6, WIDTH - 6)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    inside: np.ndarray = (rows - y) ** 2 + (columns - x) ** 2 < 9
    return inside


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write ``films``, ``labels.csv``, and ``regions`` of the first eight and of those tested."""
    root = tmp_path_factory.mktemp("radiographs")
    for folder in ("films", "regions"):
        (root / folder).mkdir()
    rows = []
    for number in range(COUNT):
        shows = number % 2 == 1
        pixels = np.random.default_rng(number).normal(150, 10, (HEIGHT, WIDTH))
        pixels[spot(number)] -= 90 * shows
        path = root / "films" / f"film-{number:02}.png"
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
        split = "train" if number < TRAINED else "test"
        rows.append((path.name, "caries" if shows else "healthy", split))
        if number < 8 or number >= TRAINED:
            key = ImageKey.of(path, HEIGHT, WIDTH)
            regions = [Region("examined", (key.whole,))]
            if shows:
                regions.append(Region("include", polygons_of(spot(number))))
            drawn = ImageRegions(key, tuple(regions))
            write_regions(root / "regions" / f"film-{number:02}.geojson", drawn)
    with (root / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([("image", "label", "split"), *rows])
    return root


@pytest.fixture
def data(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with ``films``, ``regions`` and ``labels.csv``."""
    for name in ("films", "regions"):
        shutil.copytree(written / name, tmp_path / name)
    shutil.copy(written / "labels.csv", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


TRAIN = ("train", "caries", "films", "--labels", "labels.csv")


@pytest.mark.usefixtures("data")
def test_a_model_is_trained_measured_and_used(json_of: Results) -> None:
    trained = json_of(*TRAIN, "--regions", "regions", *TINY)
    assert trained["auroc"] > 0.9
    found = json_of(
        *("evaluate", "caries", trained["run"], "films"),
        *("--labels", "labels.csv", "--regions", "regions"),
    )
    assert found["images"] == COUNT - TRAINED
    assert found["measures"]["auroc"]["value"] == pytest.approx(trained["auroc"])
    assert found["measures"]["pointing_game"]["low"] <= found["measures"]["pointing_game"]["value"]
    json_of("predict", "caries", trained["run"], "films", "--output", "out")
    maps = imread("out/film-01.maps.tif")
    assert maps.shape == (3, HEIGHT, WIDTH)
    assert maps.min() >= 0
    assert maps.max() <= 1
    with Path("out/scores.csv").open(newline="") as stream:
        rows = {row["image"]: float(row["caries"]) for row in csv.DictReader(stream)}
    assert len(rows) == COUNT
    shown = np.mean([rows[f"film-{n:02}.png"] for n in range(1, COUNT, 2)])
    assert shown > np.mean([rows[f"film-{n:02}.png"] for n in range(0, COUNT, 2)])


def test_sample_bitewings_are_trained_on_with_their_masks(
    json_of: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["samples", "make", "bitewings", "crops", "--cases", "12"]) == 0
    crops = ("crops/images", "--labels", "crops/labels.csv", "--regions", "crops/masks")
    trained = json_of("train", "caries", *crops, *TINY, "--fit.steps", "2")
    assert "pointing_game" in trained


@pytest.mark.usefixtures("data")
def test_a_finished_run_is_repeated_by_its_settings_and_resumed_to_the_same(
    json_of: Results,
) -> None:
    trained = json_of(*TRAIN, *TINY)
    assert json_of("train", "caries", "--resume", trained["run"]) == trained


@pytest.mark.usefixtures("data")
def test_what_is_wrong_with_the_data_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    def complaint(*words: str) -> str:
        assert main([*words, *TINY]) == 1
        said: str = capsys.readouterr().err.splitlines()[-1]
        return said

    shutil.copy("regions/film-01.geojson", "regions/film-99.geojson")
    assert "film-99.geojson belongs to no image" in complaint(*TRAIN, "--regions", "regions")
    Path("regions/film-99.geojson").unlink()
    shutil.copy("regions/film-01.geojson", "regions/film-03.geojson")
    assert "of another image" in complaint(*TRAIN, "--regions", "regions")
    assert "no .geojson or .png files" in complaint(*TRAIN, "--regions", ".")
    Path("films/film-05.png").write_bytes(b"no picture")
    assert "film-05.png cannot be read" in complaint(*TRAIN)


@pytest.mark.usefixtures("data")
def test_an_image_that_cannot_be_read_is_left_out_of_a_prediction(
    json_of: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = json_of(*TRAIN, *TINY)
    Path("films/film-05.png").write_bytes(b"no picture")
    assert main(["predict", "caries", trained["run"], "films", "--output", "out", "--json"]) == 1
    said = capsys.readouterr()
    assert list(json.loads(said.out)["left_out"]) == ["film-05.png"]
    assert not Path("out/film-05.maps.tif").exists()


@pytest.mark.usefixtures("data")
def test_a_list_of_other_classes_is_refused(
    json_of: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = json_of(*TRAIN, *TINY)
    other = Path("labels.csv").read_text().replace("caries", "crown")
    Path("other.csv").write_text(other)
    assert main(["evaluate", "caries", trained["run"], "films", "--labels", "other.csv"]) == 1
    assert "choose the list that belongs to the model" in capsys.readouterr().err


def test_without_data_it_is_wrong_usage() -> None:
    assert main(["train", "caries"]) == 2
