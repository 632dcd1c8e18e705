"""What is alive is left out of collections, nothing dead is kept, and all is given back."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from napari_salient.widgets import heap

if TYPE_CHECKING:
    from collections.abc import Iterator


class Ring:
    """An object that only a collection can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def give_back() -> Iterator[None]:
    yield
    heap.take_back()


def test_what_was_set_aside_is_not_looked_at_until_it_is_taken_back() -> None:
    ring = Ring()
    died = weakref.ref(ring)
    heap.set_aside()
    del ring
    gc.collect()
    assert died() is not None
    heap.take_back()
    gc.collect()
    assert died() is None


def test_what_is_dead_is_collected_and_not_set_aside() -> None:
    died = weakref.ref(Ring())
    heap.set_aside()
    assert died() is None
