"""Work over many cases in local threads."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from napari_salient.engine.threads import thread_share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from napari_salient.engine.control import Control

Case = TypeVar("Case")
Result = TypeVar("Result")


@dataclass(frozen=True)
class CaseFailed(Generic[Case]):
    """A case that raised; the others went on."""

    case: Case
    error: Exception


def map_cases(
    function: Callable[[Case], Result],
    cases: Iterable[Case],
    control: Control,
    workers: int = 0,
) -> Iterator[Result | CaseFailed[Case]]:
    """Apply `function` to each case in threads and yield the results in order of completion.

    Parameters
    ----------
    function
        Called from several threads at once. One that uses torch sets its own thread count, with
        `engine.threads.limit_threads`.
    cases
        Read no faster than they are worked off, so that a long list needs no memory.
    control
        Looked at before each result: paused, no further case is begun; cancelled, the iterator
        ends once the cases that were begun are through, and their results are dropped.
    workers
        Threads; 0 takes this process's share of the cores.

    Yields
    ------
    Result or CaseFailed
        One for each case.
    """
    workers = thread_share(workers)
    remaining = iter(cases)
    with ThreadPoolExecutor(workers, thread_name_prefix="case") as pool:

        def begin(count: int) -> set[Future[Result | CaseFailed[Case]]]:
            return {pool.submit(_apply, function, case) for case in islice(remaining, count)}

        running = begin(workers)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                if not control.proceed():
                    return
                running |= begin(1)
                yield future.result()


def _apply(function: Callable[[Case], Result], case: Case) -> Result | CaseFailed[Case]:
    try:
        return function(case)
    except Exception as error:
        return CaseFailed(case, error)
