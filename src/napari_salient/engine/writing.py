"""One file for each case: the cases that cannot be written are told, and do not stop the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_salient.engine.events import CaseSkipped, Event, Finished, FinishReason, Progress
from napari_salient.errors import SalientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from napari_salient.engine.control import Control


@dataclass(frozen=True)
class Written:
    """The files that were written, and why each other case was left out, by its name."""

    files: tuple[Path, ...]
    left_out: Mapping[str, str]

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        count = len(self.files) + len(self.left_out)
        left_out = f"; left out: {', '.join(self.left_out)}" if self.left_out else ""
        return f"{len(self.files)} of {count} volumes were written{left_out}."


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
    files: list[Path] = []
    left_out: dict[str, str] = {}
    reason = FinishReason.COMPLETED
    for done, (name, write) in enumerate(cases, start=1):
        try:
            files.append(write())
        except SalientError as error:
            left_out[name] = str(error)
            yield CaseSkipped(name, str(error))
        yield Progress(done, len(cases), what)
        if not control.proceed():
            reason = FinishReason.CANCELLED
            break
    written = Written(tuple(files), left_out)
    yield Finished(reason, message=written.sentence, result=written)
