"""The numbers that a setting may have, said once in its type: ``steps: Count = 300``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_type_hints

from napari_salient.errors import InputError


@dataclass(frozen=True)
class Bounds:
    """The finite numbers from `low` to `high`, without `low` itself if `above`."""

    low: float
    high: float = math.inf
    above: bool = False

    def __contains__(self, value: float) -> bool:
        inside = self.low < value if self.above else self.low <= value
        return inside and value <= self.high and math.isfinite(value)

    def __str__(self) -> str:
        if self.high < math.inf:
            return f"from {self.low:g} to {self.high:g}"
        return f"above {self.low:g}" if self.above else f"{self.low:g} or more"


Count = Annotated[int, Bounds(1)]
Natural = Annotated[int, Bounds(0)]
EveryNth = Annotated[int, Bounds(2)]
Share = Annotated[float, Bounds(0, 1)]
Positive = Annotated[float, Bounds(0, above=True)]
NonNegative = Annotated[float, Bounds(0)]


@dataclass(frozen=True)
class Bounded:
    """Base of a settings dataclass, which cannot be made with a number out of its bounds.

    It is a dataclass itself, since jsonargparse takes others for classes to be named in YAML.

    Raises
    ------
    InputError
        When it is made, with the field's name and what it may be.
    """

    def __post_init__(self) -> None:
        for name, annotation in annotations_of(type(self)).items():
            if complaint := complaint_about(name, annotation, getattr(self, name)):
                raise InputError(complaint)


def annotations_of(documented: Any) -> dict[str, Any]:
    """Return the annotations of a class or function by name, with their bounds."""
    return get_type_hints(documented, include_extras=True)


def bounds_of(annotation: Any) -> Bounds | None:
    """Return the bounds that an annotation names, also one or `None`; `None` if it has none."""
    for part in (annotation, *get_args(annotation)):
        for extra in getattr(part, "__metadata__", ()):
            if isinstance(extra, Bounds):
                return extra
    return None


def complaint_about(name: str, annotation: Any, value: Any) -> str | None:
    """Return a sentence on a number out of its bounds, or `None` if there is nothing to say."""
    bounds = bounds_of(annotation)
    if bounds is None or value is None or value in bounds:
        return None
    return f"'{name}' must be {bounds}, not {value}."
