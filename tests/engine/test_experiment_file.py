"""An experiment goes on where it was, and no other one is mixed in or written over."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING

import pytest

from napari_salient.engine.experiment_file import ExperimentFile, refuse_other_result
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

ME, OTHER = {"settings": {"seeds": 3}}, {"settings": {"seeds": 5}}


def test_what_was_found_is_there_again_but_for_a_torn_end(tmp_path: Path) -> None:
    file = ExperimentFile(tmp_path / "out.json", ME)
    file.append({"dice": 0.8})
    partial = tmp_path / "out.json.partial.jsonl"
    partial.write_text(partial.read_text() + '{"dice": 0.')
    again = ExperimentFile(tmp_path / "out.json", ME)
    assert again.found == [{"dice": 0.8}]
    again.append({"dice": 0.9})
    again = ExperimentFile(tmp_path / "out.json", ME)
    assert again.found == [{"dice": 0.8}, {"dice": 0.9}]
    again.close()
    assert not partial.exists()


@pytest.mark.parametrize("first", [json.dumps(OTHER), "[]", "no JSON"])
def test_findings_of_something_else_are_refused_and_stay(tmp_path: Path, first: str) -> None:
    partial = tmp_path / "out.json.partial.jsonl"
    partial.write_text(first + "\n")
    with pytest.raises(InputError, match="other settings or volumes"):
        ExperimentFile(tmp_path / "out.json", ME)
    assert partial.read_text() == first + "\n"


@pytest.mark.parametrize("content", [json.dumps({"experiment": OTHER}), "[1]", "no JSON"])
def test_only_a_result_of_the_same_experiment_is_written_over(tmp_path: Path, content: str) -> None:
    output = tmp_path / "out.json"
    refuse_other_result(output, ME, itemgetter("experiment"))
    output.write_text(json.dumps({"experiment": ME}))
    refuse_other_result(output, ME, itemgetter("experiment"))
    output.write_text(content)
    with pytest.raises(InputError, match="choose another name"):
        refuse_other_result(output, ME, itemgetter("experiment"))
