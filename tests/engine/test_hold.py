from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from napari_salient.engine.hold import is_held, take_hold
from napari_salient.errors import RunError


def test_a_run_is_held_by_one_and_told_to_all(tmp_path):
    assert not is_held(tmp_path)
    hold = take_hold(tmp_path)
    assert is_held(tmp_path)
    with pytest.raises(RunError, match="being worked on already"):
        take_hold(tmp_path)
    hold.release()
    assert not is_held(tmp_path)


def test_a_hold_ends_with_its_process(tmp_path):
    code = (
        "import sys; from pathlib import Path; from napari_salient.engine.hold import take_hold; "
        "hold = take_hold(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as child:
        assert child.stdout.readline() == "held\n"
        assert is_held(tmp_path)
        child.kill()
        child.wait()
        assert not is_held(tmp_path)


def test_a_hold_is_released_from_another_thread(tmp_path):
    hold = take_hold(tmp_path)
    thread = threading.Thread(target=hold.release)
    thread.start()
    thread.join()
    assert not is_held(tmp_path)


def test_lookers_do_not_keep_anyone_from_taking_hold(tmp_path):
    take_hold(tmp_path).release()
    stop = threading.Event()

    def look():
        while not stop.is_set():
            is_held(tmp_path)

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for thread in lookers:
        thread.start()
    try:
        for _ in range(50):
            take_hold(tmp_path).release()
    finally:
        stop.set()
        for thread in lookers:
            thread.join()
