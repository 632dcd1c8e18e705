"""A job ends with an event, whatever happens in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from napari_salient.engine.events import Event, Finished, FinishReason, Progress
from napari_salient.engine.jobs import job
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


@job
def count(end: int, error: BaseException | None = None) -> Iterator[Event]:
    """Count."""
    for done in range(end):
        yield Progress(done, end, "numbers")
    if error:
        raise error
    yield Finished(FinishReason.COMPLETED)


def test_a_job_that_works_is_passed_on_as_it_is() -> None:
    assert [*count(1)] == [Progress(0, 1, "numbers"), Finished(FinishReason.COMPLETED)]
    assert count.__doc__ == "Count."


def test_an_exception_is_the_last_event_of_a_job() -> None:
    error = InputError("There are no numbers.")
    *_, last = count(2, error)
    assert last == Finished(FinishReason.ERRORED, message="There are no numbers.", error=error)


def test_an_exception_without_words_is_called_by_its_name() -> None:
    *_, last = count(0, MemoryError())
    assert isinstance(last, Finished)
    assert last.message == "MemoryError"


def test_what_ends_the_process_is_not_held_up() -> None:
    with pytest.raises(KeyboardInterrupt):
        [*count(0, KeyboardInterrupt())]
