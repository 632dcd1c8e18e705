from __future__ import annotations

import threading

import pytest

from napari_salient.engine.cases import CaseFailed, map_cases
from napari_salient.engine.control import Control


def test_every_case_is_worked_on_once():
    assert sorted(map_cases(lambda n: n * n, range(50), Control(), workers=4)) == [
        n * n for n in range(50)
    ]


def test_results_come_in_order_of_completion():
    second_done = threading.Event()

    def work(case):
        if case == "slow":
            second_done.wait(10)
        return case

    results = map_cases(work, ["slow", "quick"], Control(), workers=2)
    assert next(results) == "quick"
    second_done.set()
    assert list(results) == ["slow"]


def test_a_case_that_raises_is_a_result_and_the_others_go_on():
    results = list(map_cases(lambda n: 6 // n, [3, 0, 2], Control(), workers=1))
    assert results[0] == 2
    assert isinstance(results[1], CaseFailed)
    assert results[1].case == 0
    assert isinstance(results[1].error, ZeroDivisionError)
    assert results[2] == 3


def test_cases_are_not_read_ahead_of_the_work():
    read = []

    def cases():
        for n in range(1000):
            read.append(n)
            yield n

    results = map_cases(lambda n: n, cases(), Control(), workers=2)
    for _ in range(5):
        next(results)
    assert len(read) <= 5 + 2
    results.close()


def test_cancel_begins_no_further_case():
    control, begun = Control(), []
    results = map_cases(lambda n: begun.append(n), range(100), control, workers=1)
    next(results)
    control.cancel()
    assert list(results) == []
    assert len(begun) <= 2


def test_pause_begins_no_further_case_until_resumed():
    control, begun = Control(), []
    results = map_cases(lambda n: begun.append(n) or n, range(4), control, workers=1)
    next(results)
    control.pause()
    rest = []
    thread = threading.Thread(target=lambda: rest.extend(results))
    thread.start()
    assert len(begun) <= 2
    control.resume()
    thread.join(10)
    assert rest == [1, 2, 3]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_no_cases_no_results(workers):
    assert list(map_cases(str, [], Control(), workers)) == []
