"""The settings of the loop as they were in the newest round of a project."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, get_type_hints

from napari_salient.active_learning.modelling import KIND
from napari_salient.active_learning.settings import LoopSettings
from napari_salient.active_learning.strategies import STRATEGIES
from napari_salient.engine.run import list_runs
from napari_salient.errors import RunError

if TYPE_CHECKING:
    from pathlib import Path


def remembered_settings(runs_dir: Path) -> LoopSettings:
    """Return what the newest round was trained with, and defaults where it does not say."""
    newest = next((run for run in list_runs(runs_dir) if run.kind == KIND), None)
    try:
        values = newest.settings() if newest else None
    except RunError:
        values = None
    settings = _overlaid(LoopSettings(), values)
    return settings if settings.strategy in STRATEGIES else LoopSettings()


def _overlaid(settings: Any, values: Any) -> Any:
    """Return a dataclass with the plain values that fit its fields by name and type."""
    if not isinstance(values, dict):
        return settings
    hints = get_type_hints(type(settings))
    taken = {}
    for name in hints.keys() & values.keys():
        here = getattr(settings, name)
        if dataclasses.is_dataclass(here):
            taken[name] = _overlaid(here, values[name])
        elif isinstance(values[name], type(here)):
            taken[name] = values[name]
    return dataclasses.replace(settings, **taken)
