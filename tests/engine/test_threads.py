from __future__ import annotations

import os
import sys
import threading

import pytest
import torch

from napari_salient.engine import threads
from napari_salient.engine.threads import limit_threads, responsive_window, thread_share
from napari_salient.errors import InputError


@pytest.fixture
def window(monkeypatch):
    monkeypatch.setattr(threads, "has_window", lambda: True)


@pytest.fixture
def no_window(monkeypatch):
    monkeypatch.setattr(threads, "has_window", lambda: False)


@pytest.fixture
def four_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)


@pytest.mark.usefixtures("no_window", "four_cores")
def test_without_a_window_a_job_takes_every_core():
    assert thread_share() == 4


@pytest.mark.usefixtures("window", "four_cores")
def test_a_window_keeps_a_core_for_itself():
    assert thread_share() == 3


@pytest.mark.usefixtures("no_window", "four_cores")
def test_the_environment_limits_the_share(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert thread_share() == 2
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert thread_share() == 4


def test_a_number_asked_for_is_taken_as_it_is():
    assert thread_share(7) == 7
    with pytest.raises(InputError):
        thread_share(-1)


def test_the_limit_holds_in_its_thread_and_ends_with_its_block():
    before = torch.get_num_threads()
    seen = []

    def work():
        with limit_threads(before + 1):
            seen.append(torch.get_num_threads())
        seen.append(torch.get_num_threads())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen[0] == before + 1
    assert torch.get_num_threads() == before


@pytest.mark.usefixtures("window")
def test_turns_are_short_until_the_last_job_beside_a_window_ends():
    before = sys.getswitchinterval()
    with responsive_window():
        with responsive_window():
            assert sys.getswitchinterval() < before
        assert sys.getswitchinterval() < before
    assert sys.getswitchinterval() == before


@pytest.mark.usefixtures("no_window")
def test_turns_are_left_alone_without_a_window():
    before = sys.getswitchinterval()
    with responsive_window():
        assert sys.getswitchinterval() == before
