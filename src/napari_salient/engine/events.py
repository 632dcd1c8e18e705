"""What a job says while it runs: small frozen events, the only channel to whoever follows it."""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, field
from typing import Any, ClassVar

from napari_salient.engine.plain import plain

GIB, MIB = 2**30, 2**20


class FinishReason(enum.StrEnum):
    """Why a job ended."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    ERRORED = "errored"


@dataclass(frozen=True)
class Event:
    """Base of all events; a subclass becomes a record type under its own name."""

    _kinds: ClassVar[dict[str, type[Event]]] = {}

    def __init_subclass__(cls) -> None:
        Event._kinds[cls.__name__] = cls

    def to_record(self) -> dict[str, Any]:
        """Return the event as plain JSON values, without the fields marked ``record=False``."""
        shown = [f.name for f in dataclasses.fields(self) if f.metadata.get("record", True)]
        values = {name: plain(getattr(self, name)) for name in shown}
        return {"event": type(self).__name__, **values}

    @staticmethod
    def from_record(record: dict[str, Any]) -> Event | None:
        """Rebuild an event from a line of ``events.jsonl``; `None` if this version cannot."""
        kind = Event._kinds.get(str(record.get("event")))
        if kind is None:
            return None
        known = {f.name for f in dataclasses.fields(kind) if f.metadata.get("record", True)}
        try:
            return kind(**{name: value for name, value in record.items() if name in known})
        except (TypeError, ValueError):
            return None


@dataclass(frozen=True)
class Started(Event):
    """The job runs: from `step`, which is above zero when it was resumed, to `total`.

    `device` and `threads` are those of each process; there are several under torchrun.
    """

    total: int
    step: int = 0
    device: str = "cpu"
    threads: int = 1
    processes: int = 1


@dataclass(frozen=True)
class Step(Event):
    """One optimiser step was taken: `step` counts those done, `seconds` is its duration."""

    step: int
    total: int
    loss: float
    seconds: float
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress(Event):
    """`done` of `total` units of `what` are through, in a long step or a job without steps."""

    done: int
    total: int
    what: str


@dataclass(frozen=True)
class Evaluated(Event):
    """The task measured itself after `step` steps."""

    step: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class Saved(Event):
    """A checkpoint of all state after `step` steps is safely on disk at `path`."""

    step: int
    path: str


@dataclass(frozen=True)
class MemoryForecast(Event):
    """A training will take about `needed` bytes at most; `available` are free on its device."""

    needed: int
    available: int
    device: str = "cpu"

    @property
    def sentence(self) -> str:
        """What it needs and what there is, in words."""
        where = "on the GPU" if self.device == "cuda" else "of memory"
        return f"needs about {in_units(self.needed)} {where}; {in_units(self.available)} are free"

    @property
    def warning(self) -> str:
        """What to do if that is too much; empty if it is not."""
        if self.needed <= self.available:
            return ""
        return (
            f"The training {self.sentence}: it may run out of memory. Take smaller batches or "
            "split them into micro-batches, crop smaller views, or close other programs."
        )


@dataclass(frozen=True)
class MemoryFallback(Event):
    """Memory ran out at `step`; the job goes on one rung lower on the ladder."""

    step: int
    rung: str
    detail: str


@dataclass(frozen=True)
class Warned(Event):
    """Something the user should know, though the job goes on."""

    message: str


@dataclass(frozen=True)
class CaseSkipped(Event):
    """A case, by its id in the project or its file's name, was left out; the job goes on."""

    case: int | str
    message: str


@dataclass(frozen=True)
class Paused(Event):
    """The run was told to wait; what it was in the middle of may still be told after this."""


@dataclass(frozen=True)
class Resumed(Event):
    """The run goes on after a pause."""


@dataclass(frozen=True)
class Finished(Event):
    """The last event of every job; `result` and `error` stay in the process, `message` is shown."""

    reason: FinishReason
    step: int = 0
    message: str = ""
    result: Any = field(default=None, metadata={"record": False})
    error: BaseException | None = field(default=None, metadata={"record": False})

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", FinishReason(self.reason))


def in_units(size: int) -> str:
    """Return a number of bytes as ``1.3 GiB`` or ``40 MiB``."""
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{max(size / MIB, 1):.0f} MiB"
