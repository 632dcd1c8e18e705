"""What the tests of the proxy tasks share."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from napari_salient.pretraining.geometry import Geometry

from .toys import CUBES, SIDE, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_salient.pretraining.task import PretrainingTask

SHUFFLED = Path(__file__).resolve().parents[2] / "benchmarks/support/shuffled.py"


@pytest.fixture(scope="session")
def shuffle() -> Callable[[PretrainingTask], PretrainingTask]:
    """Return the function by which the benchmark, too, takes the sense out of a task's answers."""
    spec = importlib.util.spec_from_file_location("shuffled", SHUFFLED)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.shuffle


@pytest.fixture
def geometry() -> Callable[..., Geometry]:
    """Return a function that makes the geometry of volumes of one shape and spacing."""

    def make(
        spatial_dims: int = 3,
        shape: tuple[int, int, int] = (SIDE,) * 3,
        spacing: tuple[float, float, float] = CUBES,
        **changes: Any,
    ) -> Geometry:
        settings = replace(settings_of("rotation", spatial_dims), **changes)
        return Geometry.of(settings, [shape], [spacing])

    return make
