"""The classes that a project labels; they may change while stored voxels stay as they are."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.data.label_values import BACKGROUND, UNSURE
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PALETTE = (
    "#e6550d", "#3182bd", "#31a354", "#756bb1", "#e7ba52", "#d6616b", "#17becf", "#8c6d31",
)  # fmt: skip
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class LabelClass:
    """One class: voxel value (1..254), name, colour ``#rrggbb`` and the key that selects it.

    A retired class is no longer offered; its voxels count as `retired_into` (0 for background).
    """

    value: int
    name: str
    color: str
    key: str
    retired_into: int | None = None

    def __post_init__(self) -> None:
        if not BACKGROUND < self.value < UNSURE:
            raise InputError(
                f"The value of a label class must be 1 to 254, but '{self.name}' has {self.value}."
            )
        if not self.name.strip():
            raise InputError(f"The label class with value {self.value} needs a name.")
        if not _COLOR.fullmatch(self.color):
            raise InputError(
                f"The colour of '{self.name}' must look like #rrggbb, not '{self.color}'."
            )

    @property
    def active(self) -> bool:
        """Whether annotators may still use the class."""
        return self.retired_into is None


@dataclass(frozen=True)
class LabelSchema:
    """The classes of a project. Every change returns a new schema; values are never used twice."""

    classes: tuple[LabelClass, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        _refuse_twice([c.value for c in self.classes], "value")
        _refuse_twice([c.name for c in self.active], "name")
        for retired in self.classes:
            self._follow(retired.value)

    @classmethod
    def of(cls, *names: str) -> LabelSchema:
        """Return a schema with these classes as values 1, 2, … in colours and keys of its own."""
        schema = cls(())
        for name in names:
            schema = schema.add(name)
        return schema

    @property
    def active(self) -> tuple[LabelClass, ...]:
        """The classes that annotators may use, in the order of the schema."""
        return tuple(c for c in self.classes if c.active)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the active classes, without background."""
        return tuple(c.name for c in self.active)

    def add(self, name: str, color: str | None = None, key: str | None = None) -> LabelSchema:
        """Return the schema with one more class, under the lowest value that was never used."""
        value = 1 + max((c.value for c in self.classes), default=0)
        color = color or PALETTE[(value - 1) % len(PALETTE)]
        key = key if key is not None else (str(value) if value < 10 else "")
        return LabelSchema((*self.classes, LabelClass(value, name, color, key)))

    def rename(self, value: int, name: str) -> LabelSchema:
        """Return the schema with the class `value` under another name."""
        return self._changed(value, lambda c: dataclasses.replace(c, name=name))

    def recolour(self, value: int, color: str) -> LabelSchema:
        """Return the schema with the class `value` in another colour ``#rrggbb``."""
        return self._changed(value, lambda c: dataclasses.replace(c, color=color))

    def retire(self, value: int, into: int = BACKGROUND) -> LabelSchema:
        """Return the schema without the class `value`, whose voxels count as `into` from now on."""
        if into not in (BACKGROUND, UNSURE):
            self._valued(into)
        return self._changed(value, lambda c: dataclasses.replace(c, retired_into=into))

    def restore(self, value: int) -> LabelSchema:
        """Return the schema with a retired class in use again, without its key if that is taken."""
        keys = {c.key for c in self.active}
        return self._changed(
            value,
            lambda c: dataclasses.replace(c, retired_into=None, key="" if c.key in keys else c.key),
        )

    def name_of(self, value: int) -> str:
        """Return what voxels of a value count as, in a word: a class, background or unsure."""
        known = {BACKGROUND: "background", UNSURE: "unsure"}
        return (known | {c.value: c.name for c in self.active})[self._follow(value)]

    def resolve(self, labels: np.ndarray) -> np.ndarray:
        """Return a copy of uint8 labels of any shape in which retired values are replaced."""
        if len(self.active) == len(self.classes):
            return labels.copy()
        table = np.arange(256, dtype=np.uint8)
        for retired in self.classes:
            table[retired.value] = self._follow(retired.value)
        return np.asarray(table[labels])

    def to_indices(self, labels: np.ndarray) -> np.ndarray:
        """Return labels as class indices: 0 background, 1..n in the order of `active`, 255 unsure.

        A network counts its classes without the gaps that retired values leave. Values that no
        class has become unsure, so that nothing is trained on them.
        """
        table = np.full(256, UNSURE, np.uint8)
        table[BACKGROUND] = BACKGROUND
        for index, label in enumerate(self.active, start=1):
            table[label.value] = index
        return np.asarray(table[self.resolve(labels)])

    def refuse_unknown_values(self, labels: np.ndarray, path: Path) -> None:
        """Raise `InputError` if labels read from `path` have a value that no class ever had."""
        known = {BACKGROUND, UNSURE, *(c.value for c in self.classes)}
        unknown = sorted(set(np.unique(labels).tolist()) - known)
        if unknown:
            raise InputError(
                f"{path} has the label value {unknown[0]}, which no class of the project has; add "
                "the class or choose another file."
            )

    def _follow(self, value: int) -> int:
        targets = {c.value: c.retired_into for c in self.classes if c.retired_into is not None}
        seen = {value}
        while value in targets:
            value = targets[value]
            if value in seen:
                raise InputError(
                    f"Label class {value} is retired into itself; retire it into another."
                )
            seen.add(value)
        return value

    def _valued(self, value: int) -> LabelClass:
        for label in self.classes:
            if label.value == value:
                return label
        known = ", ".join(str(c.value) for c in self.classes) or "none"
        raise InputError(f"There is no label class with value {value}; the schema has {known}.")

    def _changed(self, value: int, change: Callable[[LabelClass], LabelClass]) -> LabelSchema:
        changed = change(self._valued(value))
        return LabelSchema(tuple(changed if c.value == value else c for c in self.classes))


def _refuse_twice(items: list[int] | list[str], what: str) -> None:
    twice = [str(item) for item in items if items.count(item) > 1]  # type: ignore[arg-type]
    if twice:
        raise InputError(f"Two label classes have the {what} '{twice[0]}'; give each its own.")
