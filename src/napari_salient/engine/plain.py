"""Turning settings and events into the plain values that JSON and YAML hold."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def plain(value: Any) -> Any:
    """Return `value` as a nest of dicts, lists, strings, numbers, booleans and `None`.

    Dataclasses become dicts, enums their values, paths their text, NumPy and torch scalars Python
    numbers; tuples become lists.
    """
    if isinstance(value, enum.Enum):
        return plain(value.value)
    if value is None or type(value) in (str, int, float, bool):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return plain(value.item()) if hasattr(value, "item") else str(value)
