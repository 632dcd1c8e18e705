from __future__ import annotations

import dataclasses
from typing import Literal, get_args, get_origin

import pytest
import yaml

from napari_salient.active_learning.settings import LoopSettings, SegmentationSettings
from napari_salient.engine.bounds import annotations_of
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


def other_than_default(settings):
    """Return a copy in which every field, also of the settings within, has another value."""
    changed = {}
    for name, annotation in annotations_of(type(settings)).items():
        value = getattr(settings, name)
        choices = [choice for choice in get_args(annotation) if choice != value]
        if dataclasses.is_dataclass(value):
            changed[name] = other_than_default(value)
        elif get_origin(annotation) is Literal:
            changed[name] = choices[0]
        elif isinstance(value, bool):
            changed[name] = not value
        elif name == "strategy":
            changed[name] = "entropy"
        else:
            changed[name] = 4 if value is None else value / 2 if type(value) is float else value + 1
    return dataclasses.replace(settings, **changed)


def test_every_field_survives_a_restart(tmp_path):
    settings = other_than_default(LoopSettings())
    Run.create(tmp_path, "segmentation", settings)
    assert remembered_settings(tmp_path) == settings
    assert settings.per_volume == settings.min_gap == 4


@pytest.mark.parametrize("field", ["per_volume", "min_gap"])
@pytest.mark.parametrize("value", [True, "3", 2.5, -1])
def test_an_optional_number_takes_nothing_else(tmp_path, field, value):
    run = Run.create(tmp_path, "segmentation", LoopSettings())
    (run.directory / "settings.yaml").write_text(yaml.safe_dump({field: value}))
    assert remembered_settings(tmp_path) == LoopSettings()


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
