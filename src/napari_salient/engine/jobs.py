"""What all jobs have in common: they end with an event, whatever happens, and run in others."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ParamSpec

from napari_salient.engine.events import Event, Finished, FinishReason
from napari_salient.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

P = ParamSpec("P")


class Cancelled(Exception):
    """A job within a job was told to stop; the outer one ends with `Finished`."""


def job(function: Callable[P, Iterator[Event]]) -> Callable[P, Iterator[Event]]:
    """Decorate a generator of events: an exception becomes its last event."""

    @functools.wraps(function)
    def events(*args: P.args, **kwargs: P.kwargs) -> Iterator[Event]:
        try:
            yield from function(*args, **kwargs)
        except Exception as error:
            yield errored(error)

    return events


def errored(error: BaseException) -> Finished:
    """Return the last event of a job that `error` ended."""
    message = str(error) or type(error).__name__
    return Finished(FinishReason.ERRORED, message=message, error=error)


def outcome(events: Iterator[Event]) -> Generator[Event, None, Any]:
    """Pass on the events of a job within a job and return its result.

    Raises
    ------
    Cancelled
        If the job was cancelled. What it failed with is raised as it is.
    """
    for event in events:
        if not isinstance(event, Finished):
            yield event
        elif event.reason is FinishReason.COMPLETED:
            return event.result
        elif event.reason is FinishReason.CANCELLED:
            raise Cancelled
        else:
            raise event.error or RunError(event.message)
    raise RunError("A part of the job ended without saying how; start it again.")


def result_of(events: Iterator[Event]) -> Any:
    """Run a job to its end with nobody watching and return its result; raises as `outcome` does."""
    rest = outcome(events)
    while True:
        try:
            next(rest)
        except StopIteration as end:
            return end.value
