"""A strategy is called better than random only where that was measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from napari_salient.active_learning.strategies import STRATEGIES
from napari_salient.active_learning.strategies.measured import (
    Measured,
    claim,
    details,
    is_better,
    measured,
    read,
)

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks/measured_strategies.py"


def row(plane: str, low: float, high: float, **changes: Any) -> Measured:
    values: dict[str, Any] = {
        "strategy": "strided",
        "against": "random",
        "data": "spleen",
        "plane": plane,
        "seeds": 5,
        "slices": (24, 168),
        "mean": (low + high) / 2,
        "low": low,
        "high": high,
    }
    return Measured(**{**values, **changes})


AXIAL, CORONAL = row("axial", 0.002, 0.01), row("coronal", 0.001, 0.012)


def test_a_lead_on_two_planes_is_claimed_with_its_numbers() -> None:
    assert is_better("strided", [AXIAL, CORONAL])
    assert claim("strided", [AXIAL, CORONAL]) == (
        "Better than random, in Dice points: +0.60 (+0.20 to +1.00) on spleen, axial; "
        "+0.65 (+0.10 to +1.20) on spleen, coronal. 5 seeds."
    )


@pytest.mark.parametrize(
    "table",
    [
        [AXIAL],
        [AXIAL, row("coronal", -0.001, 0.012)],
        [AXIAL, row("coronal", 0.001, 0.012, seeds=4)],
        [AXIAL, row("coronal", 0.001, 0.012, data="heart")],
        [AXIAL, row("coronal", 0.001, 0.012, against="random_foreground")],
        [AXIAL, CORONAL, row("axial", -0.02, -0.01, data="heart")],
    ],
)
def test_less_than_that_is_not(table: list[Measured]) -> None:
    assert not is_better("strided", table)
    assert claim("strided", table).startswith("Not shown better than random")


def test_a_single_plane_says_what_is_missing() -> None:
    assert "(that takes two planes of the same data)" in claim("strided", [AXIAL])
    assert "two planes" not in claim("strided", [row("axial", -0.01, 0.01)])


def test_what_was_not_measured_says_so() -> None:
    assert claim("margin", [AXIAL, CORONAL]) == "Not measured against random."
    assert claim("random", []) == "What the others are measured against."


def test_details_name_the_baseline_and_the_budget() -> None:
    foreground = row("axial", -0.001, 0.004, against="random_foreground")
    assert details("strided", [AXIAL, foreground]).splitlines()[1] == (
        "against random_foreground: +0.15 (-0.10 to +0.40) on spleen, axial, 24 to 168 slices, "
        "5 seeds"
    )


def test_the_packaged_table_speaks_of_strategies_that_exist() -> None:
    assert {found.strategy for found in measured()} <= set(STRATEGIES)


def test_one_command_turns_results_into_the_table(tmp_path: Path) -> None:
    shifts = {"random": 0.0, "random_foreground": 0.01, "strided": 0.03}
    for plane in ("axial", "coronal"):
        records = [
            {
                "strategy": name,
                "seed": seed,
                "labelled_slices": slices,
                "dice": 0.5 + slices / 1000 + seed / 100 + shift,
            }
            for name, shift in shifts.items()
            for seed in range(5)
            for slices in (24, 72, 120)
        ]
        result = {"settings": {"plane": plane}, "records": records}
        (tmp_path / f"{plane}.json").write_text(json.dumps(result))
    names = [f"spleen={tmp_path / plane}.json" for plane in ("axial", "coronal")]
    command = [sys.executable, str(SCRIPT), *names, "--output", str(tmp_path / "table.yaml")]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    table = read(yaml.safe_load((tmp_path / "table.yaml").read_text()))
    assert "strided: Better than random, in Dice points: +3.00" in said
    assert is_better("strided", table)
    against = {(found.against, found.plane): found.mean for found in table if found.low}
    assert against["random_foreground", "axial"] == pytest.approx(0.02)
    assert (table[0].slices, table[0].seeds) == ((24, 120), 5)
