"""What all jobs have in common: they end with an event, whatever happens."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ParamSpec

from napari_salient.engine.events import Event, Finished, FinishReason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")


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
