"""A file for each case: one that cannot be written does not stop the others."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from napari_salient.engine.control import Control
from napari_salient.engine.events import CaseSkipped, Event, Finished, FinishReason, Progress
from napari_salient.engine.writing import Written, write_each
from napari_salient.errors import InputError


def write(name: str) -> Path:
    if name == "b":
        raise InputError("The image of b is gone.")
    return Path(name)


def events_of(names: str, control: Control) -> list[Event]:
    return [*write_each([(name, partial(write, name)) for name in names], "files", control)]


def test_a_case_that_cannot_be_written_is_told_and_left_out() -> None:
    events = events_of("abc", Control())
    written = Written((Path("a"), Path("c")), {"b": "The image of b is gone."})
    message = "2 of 3 volumes were written; left out: b."
    assert events == [
        Progress(1, 3, "files"),
        CaseSkipped("b", "The image of b is gone."),
        Progress(2, 3, "files"),
        Progress(3, 3, "files"),
        Finished(FinishReason.COMPLETED, message=message, result=written),
    ]


def test_cancelled_it_says_what_was_written_until_then() -> None:
    control = Control()
    control.cancel()
    *_, last = events_of("ac", control)
    assert isinstance(last, Finished)
    assert last.reason is FinishReason.CANCELLED
    assert last.result == Written((Path("a"),), {})


def test_without_cases_nothing_is_written() -> None:
    (last,) = events_of("", Control())
    assert isinstance(last, Finished)
    assert last.message == "0 of 0 volumes were written."
