from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from npe2 import PluginManifest

import napari_salient

PACKAGED = Path(napari_salient.__file__).with_name("napari.yaml")
ROOT = Path(__file__).parents[2] / "napari.yaml"


@pytest.fixture(scope="module")
def manifest() -> PluginManifest:
    return PluginManifest.from_distribution("napari-salient")


def test_napari_finds_the_manifest_of_the_installed_plugin(manifest):
    assert manifest.display_name == "Salient"
    assert {category.value for category in manifest.categories} == {
        "Annotation", "Segmentation", "Visualization",
    }  # fmt: skip


def test_the_manifest_at_the_root_is_the_packaged_one():
    assert ROOT.read_bytes() == PACKAGED.read_bytes()


def test_every_command_leads_to_something_callable(manifest):
    for command in manifest.contributions.commands:
        module, _, name = command.python_name.partition(":")
        assert callable(getattr(importlib.import_module(module), name)), command.id


def test_the_menus_say_what_users_look_for(manifest):
    widgets = [widget.display_name for widget in manifest.contributions.widgets]
    assert widgets == ["Label Volumes", "Pretrain", "Inspect Caries"]
    samples = manifest.contributions.sample_data
    assert [sample.display_name for sample in samples] == [
        "Brain pool (MNI)",
        "Bitewing radiograph (drawn)",
    ]
