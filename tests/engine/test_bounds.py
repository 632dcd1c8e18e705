"""What a setting may be is said once, in its type, and holds wherever the setting is made."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_salient.active_learning.settings import LoopSettings, SimulationSettings
from napari_salient.engine.bounds import (
    Bounded,
    Bounds,
    Count,
    Natural,
    Positive,
    Share,
    bounds_of,
    complaint_about,
)
from napari_salient.engine.settings import FitSettings
from napari_salient.errors import InputError
from napari_salient.pretraining.settings import PretrainingSettings


@dataclass(frozen=True)
class Part(Bounded):
    rate: Positive = 0.5


@dataclass(frozen=True)
class Whole(Bounded):
    steps: Count = 3
    limit: Natural | None = None
    share: Share = 0.0
    name: str = "a"
    part: Part = field(default_factory=Part)


def test_settings_out_of_their_bounds_cannot_be_made():
    with pytest.raises(InputError, match="'steps' must be 1 or more, not 0"):
        Whole(steps=0)
    with pytest.raises(InputError, match="'share' must be from 0 to 1, not 2"):
        replace(Whole(), share=2)
    with pytest.raises(InputError, match="'rate' must be above 0, not 0"):
        Whole(part=Part(rate=0))
    assert Whole(limit=0, share=1) == replace(Whole(), limit=0, share=1.0)


@pytest.mark.parametrize(
    "make", [FitSettings, LoopSettings, SimulationSettings, PretrainingSettings]
)
def test_the_defaults_are_within_their_bounds(make):
    assert make()


@given(value=st.floats())
def test_bounds_take_finite_numbers_alone(value):
    assert (value in Bounds(-math.inf)) == math.isfinite(value)
    assert (value in Bounds(0, 1)) == (0 <= value <= 1)
    assert (value in Bounds(0, above=True)) == (0 < value < math.inf)


def test_an_optional_number_has_bounds_and_other_types_have_none():
    assert bounds_of(Natural | None) == Bounds(0)
    assert bounds_of(int) is None
    assert complaint_about("name", str, "a") is None
