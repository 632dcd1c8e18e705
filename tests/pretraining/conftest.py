"""What the tests of the proxy tasks share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from napari_salient.pretraining.geometry import Geometry

from .toys import CUBES, SIDE, settings_of

if TYPE_CHECKING:
    from collections.abc import Callable


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
