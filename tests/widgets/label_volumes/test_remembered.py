from __future__ import annotations

import pytest
import yaml

from napari_salient.active_learning.settings import LoopSettings, SegmentationSettings
from napari_salient.engine.run import Run
from napari_salient.engine.settings import FitSettings
from napari_salient.widgets.label_volumes.remembered import remembered_settings


def test_without_a_round_there_are_defaults(tmp_path):
    assert remembered_settings(tmp_path) == LoopSettings()


def test_the_settings_of_the_newest_round_come_back(tmp_path):
    model = SegmentationSettings(width=4, fit=FitSettings(steps=7, learning_rate=1e-4))
    settings = LoopSettings(strategy="random", batch=3, segmentation=model)
    Run.create(tmp_path, "segmentation", settings)
    assert remembered_settings(tmp_path) == settings


@pytest.mark.parametrize(
    "values", [{"strategy": "gone"}, {"batch": "many"}, {"segmentation": 3}, [], "nonsense", None]
)
def test_what_does_not_fit_is_left_at_its_default(tmp_path, values):
    run = Run.create(tmp_path, "segmentation", LoopSettings())
    (run.directory / "settings.yaml").write_text(yaml.safe_dump(values))
    assert remembered_settings(tmp_path) == LoopSettings()


def test_what_is_out_of_its_bounds_is_left_at_its_default_and_told(tmp_path, caplog):
    run = Run.create(tmp_path, "segmentation", LoopSettings())
    values = {"batch": 5, "segmentation": {"width": 4, "fit": {"steps": -5}}}
    (run.directory / "settings.yaml").write_text(yaml.safe_dump(values))
    model = SegmentationSettings(width=4)
    assert remembered_settings(tmp_path) == LoopSettings(batch=5, segmentation=model)
    assert "'steps' must be 1 or more, not -5." in caplog.text
