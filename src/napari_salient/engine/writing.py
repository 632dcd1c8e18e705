"""One thing for each case: the cases where that cannot be done are told, and do not stop others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from napari_salient.engine.events import CaseSkipped, Event, Finished, FinishReason, Progress
from napari_salient.errors import SalientError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from pathlib import Path

    from napari_salient.engine.control import Control

T = TypeVar("T")


@dataclass(frozen=True)
class Written:
    """The files that were written, and why each other case was left out, by its name."""

    files: tuple[Path, ...]
    left_out: Mapping[str, str]

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        return outcome_sentence(len(self.files), self.left_out, "written")


def outcome_sentence(
    count: int, left_out: Mapping[str, str], done: str, what: str = "volumes"
) -> str:
    """Return how many `what` were `done` (written, measured) and which were left out."""
    names = f"; left out: {', '.join(left_out)}" if left_out else ""
    return f"{count} of {count + len(left_out)} {what} were {done}{names}."


def write_each(
    cases: Sequence[tuple[str, Callable[[], Path]]], what: str, control: Control
) -> Iterator[Event]:
    """Write a file for each case.

    Parameters
    ----------
    cases
        The name of each, and a function that writes its file and returns the path; a `SalientError`
        from it leaves the case out.
    what
        The unit of progress.
    control
        Looked at after every case.

    Yields
    ------
    CaseSkipped
        For each case that is left out.
    Progress
        After each case.
    Finished
        At the end, with a `Written` as its result, also when cancelled.
    """
    files, left_out, reason = yield from attempt_each(cases, what, control)
    written = Written(tuple(files), left_out)
    yield Finished(reason, message=written.sentence, result=written)


def attempt_each(
    cases: Sequence[tuple[str, Callable[[], T]]], what: str, control: Control
) -> Generator[Event, None, tuple[list[T], dict[str, str], FinishReason]]:
    """Do something for each case; see `write_each` for the parameters and events.

    Returns
    -------
    tuple
        What came of the cases, why each other one was left out, by its name, and how it ended.
    """
    results: list[T] = []
    left_out: dict[str, str] = {}
    for done, (name, attempt) in enumerate(cases, start=1):
        try:
            results.append(attempt())
        except SalientError as error:
            left_out[name] = str(error)
            yield CaseSkipped(name, str(error))
        yield Progress(done, len(cases), what)
        if not control.proceed():
            return results, left_out, FinishReason.CANCELLED
    return results, left_out, FinishReason.COMPLETED
