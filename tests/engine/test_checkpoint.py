"""A checkpoint is whole or refused with a sentence, whatever happens to the process or the file."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from tiny_tasks import SETTINGS, SplitTask, TinyTask, end, same, saved_state, train

from napari_salient.engine.checkpoint import (
    checkpoint_path,
    checkpoint_paths,
    keep_newest,
    latest_checkpoint,
    load_checkpoint,
    load_model_weights,
    save_checkpoint,
)
from napari_salient.engine.events import FinishReason
from napari_salient.errors import RunError

CHILD = Path(__file__).with_name("tiny_child.py")
KILLS = 20


@pytest.fixture
def saved(tmp_path):
    """The path of a checkpoint."""
    path = checkpoint_path(tmp_path, 12)
    save_checkpoint(path, {"weight": torch.rand(50, 7)}, {"task": {"a": 1}}, {"step": 12})
    return path


def test_what_was_saved_is_loaded(tmp_path):
    model = {
        "weight": torch.rand(3, 4),
        "half": torch.rand(2).bfloat16(),
        "steps": torch.tensor(5),
        "none": torch.empty(0, 3),
        "view": torch.rand(4, 4).t(),
    }
    state = {
        "optimiser": {"state": {0: {"step": torch.tensor(3.0)}}, "betas": (0.9, 0.999)},
        "task": {"name": "μ", "nothing": None, "infinite": float("inf")},
    }
    path = checkpoint_path(tmp_path, 7)
    save_checkpoint(path, model, state, {"step": 7, "threads": 2})
    loaded = load_checkpoint(path)
    assert same(loaded.model, model)
    assert same(loaded.state, state)
    assert loaded.meta == {"step": 7, "threads": 2}
    assert loaded.step == 7
    assert loaded.task == state["task"]
    assert same(load_model_weights(path), model)


@pytest.mark.parametrize("kept", [0, 4, 40, 300, -1], ids="{} bytes".format)
def test_cut_off_file_is_refused(saved, kept):
    saved.write_bytes(saved.read_bytes()[:kept])
    with pytest.raises(RunError, match="cut off, damaged or no checkpoint"):
        load_checkpoint(saved)


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_single_flipped_bit_is_noticed(saved, place, bit):
    damaged = bytearray(saved.read_bytes())
    damaged[int(place * len(damaged))] ^= 1 << bit
    path = saved.with_name("damaged.safetensors")
    path.write_bytes(damaged)
    with pytest.raises(RunError, match=r"damaged\.safetensors"):
        load_checkpoint(path)


def test_foreign_files_are_refused(tmp_path):
    foreign = tmp_path / "foreign.safetensors"
    save_file({"model.weight": torch.zeros(2)}, foreign)
    with pytest.raises(RunError, match="not written by this program"):
        load_checkpoint(foreign)
    pickled = tmp_path / "model.pt"
    torch.save({"weight": torch.zeros(2)}, pickled)
    with pytest.raises(RunError, match=r"model\.pt"):
        load_checkpoint(pickled)
    with pytest.raises(RunError, match="no checkpoint"):
        load_checkpoint(tmp_path / "absent.safetensors")
    with pytest.raises(RunError, match=str(tmp_path)):
        load_checkpoint(tmp_path)


def test_latest_skips_what_cannot_be_loaded(saved):
    run_dir = saved.parent.parent
    checkpoint_path(run_dir, 13).write_bytes(b"torn")
    assert latest_checkpoint(run_dir) == saved
    saved.unlink()
    assert latest_checkpoint(run_dir) is None
    assert latest_checkpoint(run_dir / "nowhere") is None


def test_two_newest_are_kept_and_leftovers_of_killed_processes_removed(tmp_path):
    for step in (9, 10, 100):
        save_checkpoint(checkpoint_path(tmp_path, step), {}, {}, {"step": step})
    leftover = tmp_path / "checkpoints" / ".step-00000101.safetensors.77.tmp"
    leftover.write_bytes(b"half")
    keep_newest(tmp_path)
    assert checkpoint_paths(tmp_path) == [checkpoint_path(tmp_path, s) for s in (100, 10)]
    assert not leftover.exists()


def test_killed_while_saving_leaves_everything_acknowledged(tmp_path):
    rng = random.Random(0)
    with _saver(tmp_path) as child:
        for _ in range(KILLS):
            child.stdin.write("again\n")
            child.stdin.flush()
            pid = int(child.stdout.readline())
            acknowledged = [int(child.stdout.readline()) for _ in range(rng.randint(1, 4))][-1]
            _spin(rng.uniform(0, 0.01))
            os.kill(pid, signal.SIGKILL)
            while (line := child.stdout.readline()) != "dead\n":
                acknowledged = int(line)
            _assert_whole(tmp_path, acknowledged)


@contextmanager
def _saver(folder):
    command = [sys.executable, str(CHILD), "save", str(folder)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as child:
        yield child
        child.stdin.close()


def _spin(seconds):
    until = perf_counter() + seconds
    while perf_counter() < until:
        pass


def _assert_whole(run_dir, acknowledged):
    paths = checkpoint_paths(run_dir)
    assert load_checkpoint(paths[0]).step >= acknowledged
    for path in paths:
        stored = load_checkpoint(path)
        assert torch.equal(stored.model["weight"], torch.full((100, 1000), float(stored.step)))


@contextmanager
def _small_disk(folder, size):
    """A file system of `size` bytes."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small file system is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_full_disk_while_saving_ends_typed_and_the_checkpoint_before_it_loads(tmp_path):
    train(TinyTask(), tmp_path / "whole")
    room = int(2.5 * checkpoint_paths(tmp_path / "whole")[0].stat().st_size)
    disk = tmp_path / "disk"
    with _small_disk(disk, 1 << 20):
        (disk / "ballast").write_bytes(bytes((1 << 20) - room))
        finished = end(train(TinyTask(), disk))
        assert finished.reason is FinishReason.ERRORED
        assert isinstance(finished.error, RunError)
        assert "No space left on device" in finished.message
        assert load_checkpoint(latest_checkpoint(disk)).step < finished.step
        assert not list((disk / "checkpoints").glob(".*"))

        (disk / "ballast").unlink()
        train(TinyTask(), disk, resume=True)
        assert same(saved_state(disk), saved_state(tmp_path / "whole"))


def test_disk_that_cannot_be_written_is_found_before_the_first_step(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        finished = end(train(SplitTask(), tmp_path, SETTINGS))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert isinstance(finished.error, RunError)
    assert finished.step == 0
    assert "File too large" in finished.message
