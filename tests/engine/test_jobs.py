"""A job ends with an event, whatever happens in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from napari_salient.engine.events import Event, Finished, FinishReason, Progress
from napari_salient.engine.jobs import Cancelled, job, outcome, result_of
from napari_salient.errors import InputError, RunError

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


def test_a_job_within_a_job_passes_its_events_on_and_gives_its_result() -> None:
    def inner() -> Iterator[Event]:
        yield Progress(0, 1, "numbers")
        yield Finished(FinishReason.COMPLETED, result=7)

    assert [*outcome(inner())] == [Progress(0, 1, "numbers")]
    assert result_of(inner()) == 7


def test_what_ends_an_inner_job_ends_the_outer_one() -> None:
    with pytest.raises(InputError, match="no numbers"):
        result_of(count(1, InputError("There are no numbers.")))
    with pytest.raises(Cancelled):
        result_of(iter([Finished(FinishReason.CANCELLED)]))
    with pytest.raises(RunError, match="without saying how"):
        result_of(iter([]))
