"""The settings of the loop as they were in the newest round of a project."""

from __future__ import annotations

import dataclasses
import logging
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from napari_salient.active_learning.modelling import KIND
from napari_salient.active_learning.settings import LoopSettings
from napari_salient.active_learning.strategies import STRATEGIES
from napari_salient.engine.bounds import annotations_of, complaint_about
from napari_salient.engine.run import list_runs
from napari_salient.errors import RunError

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)


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
    taken = {}
    for name, annotation in annotations_of(type(settings)).items():
        here, value = getattr(settings, name), values.get(name)
        if dataclasses.is_dataclass(here):
            taken[name] = _overlaid(here, value)
        elif _is_of_type(annotation, value) and _is_within_bounds(name, annotation, value):
            taken[name] = value
    return dataclasses.replace(settings, **taken)


def _is_of_type(annotation: Any, value: Any) -> bool:
    """Whether a plain value is of a type, or one of the values, that an annotation names."""
    if get_origin(annotation) is Literal:
        return value in get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _is_of_type(get_args(annotation)[0], value)
    parts = get_args(annotation)
    return any(_is_of_type(part, value) for part in parts) if parts else type(value) is annotation


def _is_within_bounds(name: str, annotation: Any, value: Any) -> bool:
    complaint = complaint_about(name, annotation, value)
    if complaint:
        logger.warning("A setting of the newest round is left at its default: %s", complaint)
    return complaint is None
