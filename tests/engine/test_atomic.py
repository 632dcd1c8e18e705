from __future__ import annotations

import resource
from contextlib import suppress

import pytest

from napari_salient.engine.atomic import atomic_target, remove_leftovers, write_atomically


def test_content_is_replaced_whole(tmp_path):
    path = tmp_path / "project.toml"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_failure_while_writing_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "project.toml"
    write_atomically(path, b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_atomically(path, bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_interruption_while_writing_leaves_the_old_file(tmp_path):
    path = tmp_path / "labels.nii"
    path.write_bytes(b"old")
    with suppress(KeyboardInterrupt), atomic_target(path) as temporary:
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_leftovers_are_removed_and_nothing_else(tmp_path):
    for name in (".a.12.tmp", "a.tmp", ".hidden"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "a.tmp"]
