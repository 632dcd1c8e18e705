"""Keeps the cases that were read last in memory, up to a number of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_salient.active_learning.open_case import OpenCase


class CaseCache:
    """The cases used last; safe from any thread, and a case that two threads want is read once.

    Parameters
    ----------
    limit_bytes
        The least recently used cases are let go above this; the newest always stays.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._cases: OrderedDict[int, OpenCase] = OrderedDict()
        self._generation = 0
        self._guard = threading.Lock()
        self._reading: dict[int, threading.Lock] = {}

    def get(self, case_id: int, read: Callable[[int], OpenCase]) -> OpenCase:
        """Return the case, from memory or through `read`; what `read` raises is passed on."""
        with self._guard:
            reading = self._reading.setdefault(case_id, threading.Lock())
        with reading:
            while True:
                found, generation = self._look(case_id)
                if found is not None:
                    return found
                case = read(case_id)
                if self._keep(case_id, case, generation):
                    return case

    def __contains__(self, case_id: int) -> bool:
        with self._guard:
            return case_id in self._cases

    def clear(self, keep: OpenCase | None = None) -> None:
        """Forget all cases but `keep`; what is being read at this moment will be read again."""
        with self._guard:
            self._generation += 1
            self._cases.clear()
            if keep is not None:
                self._cases[keep.case.id] = keep

    def _look(self, case_id: int) -> tuple[OpenCase | None, int]:
        with self._guard:
            if case_id in self._cases:
                self._cases.move_to_end(case_id)
            return self._cases.get(case_id), self._generation

    def _keep(self, case_id: int, case: OpenCase, generation: int) -> bool:
        """Store the case unless the cache was cleared since it began to be read."""
        with self._guard:
            if generation != self._generation:
                return False
            self._cases[case_id] = case
            while len(self._cases) > 1 and self._bytes() > self._limit_bytes:
                self._cases.popitem(last=False)
            return True

    def _bytes(self) -> int:
        return sum(case.nbytes for case in self._cases.values())
