"""Results read well as a table and parse as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.cli.output import pairs, show, table

if TYPE_CHECKING:
    import pytest


def test_every_result_says_research_use_only(capsys: pytest.CaptureFixture[str]) -> None:
    show({"dice": 0.8}, "dice 0.8")
    assert "Research use only" in capsys.readouterr().out
    show({"dice": 0.8}, "dice 0.8", as_json=True)
    assert "Research use only" in json.loads(capsys.readouterr().out)["notice"]


def test_json_has_no_nan_and_no_foreign_types(capsys: pytest.CaptureFixture[str]) -> None:
    result = {"dice": np.float32(0.5), "lost": float("nan"), "at": Path("a"), "of": (1, 2)}
    show(result, "", as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert shown | {"notice": ""} == {
        "dice": 0.5, "lost": None, "at": "a", "of": [1, 2], "notice": "",
    }  # fmt: skip


def test_numbers_stand_right_and_words_left() -> None:
    assert table(("case", "dice"), [("a", 0.51234), ("long", float("nan")), ("b", 1)]) == (
        "case    dice\na     0.5123\nlong       –\nb          1"
    )


def test_a_table_without_rows_is_its_head() -> None:
    assert table(("case", "dice"), []) == "case  dice"


def test_pairs_align_their_values() -> None:
    assert pairs({"run": "x", "state": None}) == "run    x\nstate  –"
