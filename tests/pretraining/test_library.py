"""The library of pretrained encoders: all of them, the newest first, whatever state they are in."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from napari_salient.engine.checkpoint import checkpoint_paths, load_checkpoint, load_outline
from napari_salient.engine.fit import fit
from napari_salient.engine.run import SETTINGS, Run
from napari_salient.errors import RunError
from napari_salient.pretraining.library import (
    NOTE,
    newest_checkpoint,
    pretraining_runs,
    read_entry,
    set_note,
)
from napari_salient.pretraining.task import PretrainingTask

from .toys import pool_of, settings_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def pretrain(tmp_path):
    """Return a function that trains for four steps in a new run and returns its folder."""

    def make(day: int = 1, held_out: bool = True, **changes: Any) -> Path:
        settings = settings_of(changes.pop("task", "rotation"), **changes)
        kept = {**vars(settings), "pool": tmp_path / "images"}
        run = Run.create(tmp_path / "runs", "pretraining", kept)
        directory = run.directory.with_name(f"pretraining-202603{day:02}T100000-00aa")
        run.directory.rename(directory)
        run = Run.open(directory)
        task = PretrainingTask(settings, pool_of(), pool_of(2, 7) if held_out else None)
        *_, last = run.record(fit(task, settings.fit, run.control, directory))
        assert last.error is None
        return directory

    return make


def test_an_entry_says_what_the_encoder_is_and_how_good(pretrain, tmp_path):
    run_dir = pretrain()
    (entry,) = pretraining_runs([tmp_path / "runs"])
    assert entry.run_dir == run_dir
    assert entry.started.isoformat() == "2026-03-01T10:00:00+00:00"
    assert (entry.task, entry.state, entry.steps, entry.total) == ("rotation", "finished", 4, 4)
    assert (entry.spec.plane, entry.spec.width, entry.spec.volumes) == ("axial", 4, 4)
    assert entry.pool == tmp_path / "images"
    assert entry.checkpoint == newest_checkpoint(run_dir)
    assert entry.chance == pytest.approx(0.25)
    assert 0 <= entry.accuracy <= 1
    assert (entry.note, entry.problem) == ("", "")


def test_runs_of_several_folders_are_listed_once_the_newest_first(pretrain, tmp_path):
    pretrain(1), pretrain(3), pretrain(2)
    nowhere = tmp_path / "nowhere"
    found = pretraining_runs([tmp_path / "runs", nowhere, tmp_path / "runs"])
    assert [entry.started.day for entry in found] == [3, 2, 1]


def test_the_fingerprint_tells_networks_and_pools_apart(pretrain, tmp_path):
    pretrain(1), pretrain(2, task="jigsaw"), pretrain(3, width=6)
    wide, other_task, same = (
        entry.fingerprint.split("-") for entry in pretraining_runs([tmp_path / "runs"])
    )
    assert same == other_task
    assert wide[0] != same[0]
    assert wide[1] == same[1]


def test_what_was_not_measured_is_not_told(pretrain):
    entry = read_entry(pretrain(held_out=False))
    assert (entry.accuracy, entry.chance) == (None, None)


def test_a_note_stays_until_it_is_replaced_or_emptied(pretrain):
    run_dir = pretrain()
    set_note(run_dir, " good on thick slices – keep\n")
    assert read_entry(run_dir).note == "good on thick slices – keep"
    set_note(run_dir, "")
    assert read_entry(run_dir).note == ""
    assert not (run_dir / NOTE).exists()


def test_a_note_that_cannot_be_saved_is_said(tmp_path):
    with pytest.raises(RunError, match="note could not be saved"):
        set_note(tmp_path / "gone", "text")


def cut_off(run_dir):
    path = checkpoint_paths(run_dir)[0]
    path.write_bytes(path.read_bytes()[:-40])


def foreign(run_dir):
    checkpoint_paths(run_dir)[0].write_bytes(b"not weights")


DAMAGE = {
    "cut off": cut_off,
    "is cut off, damaged or no checkpoint": foreign,
    "it has no settings.yaml": lambda run_dir: (run_dir / SETTINGS).unlink(),
    "cannot be read": lambda run_dir: (run_dir / SETTINGS).write_text("a: [b"),
    "damaged": lambda run_dir: (run_dir / SETTINGS).write_text("just text"),
    "is damaged": lambda run_dir: (run_dir / NOTE).write_bytes(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("words", DAMAGE)
def test_a_damaged_run_is_listed_with_what_is_wrong_and_hides_no_other(pretrain, tmp_path, words):
    DAMAGE[words](pretrain(2))
    pretrain(1)
    damaged, whole = pretraining_runs([tmp_path / "runs"])
    assert words in damaged.problem
    assert (whole.problem, whole.state) == ("", "finished")


def test_an_encoder_whose_settings_are_lost_can_still_be_used(pretrain):
    run_dir = pretrain()
    (run_dir / SETTINGS).unlink()
    entry = read_entry(run_dir)
    assert (entry.task, entry.steps, entry.state) == ("rotation", 4, "unknown")
    assert entry.checkpoint is not None


def test_a_run_that_failed_says_why(tmp_path):
    run = Run.create(tmp_path, "pretraining", settings_of("cpc"))
    list(run.record(iter([])))
    entry = read_entry(run.directory)
    assert (entry.state, entry.task, entry.checkpoint) == ("failed", "cpc", None)
    assert "stopped without saying why" in entry.problem


def test_a_folder_without_checkpoints_has_no_encoder(tmp_path):
    with pytest.raises(RunError, match="no checkpoint in"):
        newest_checkpoint(tmp_path)
    with pytest.raises(RunError, match="no checkpoint in"):
        newest_checkpoint(tmp_path / "gone.safetensors")


def test_the_outline_of_a_checkpoint_is_what_the_whole_says(pretrain):
    path = checkpoint_paths(pretrain())[0]
    outline, whole = load_outline(path), load_checkpoint(path)
    assert (outline.task, outline.meta, outline.model) == (whole.task, whole.meta, {})
    assert replace(whole, model={}, state={}) == replace(outline, state={})


def test_looking_through_the_library_needs_no_torch(pretrain, tmp_path):
    pretrain()
    code = (
        "import sys; from pathlib import Path\n"
        "from napari_salient.pretraining.library import pretraining_runs\n"
        f"assert pretraining_runs([Path({str(tmp_path / 'runs')!r})])[0].spec\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
