from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from napari_salient.errors import ProjectError
from napari_salient.project.filesystem import network_type
from napari_salient.project.labels import LabelSchema
from napari_salient.project.project import Project


def pretend(monkeypatch: pytest.MonkeyPatch, mounts: dict[Path, str], opts: str = "rw") -> None:
    """Let the system have these file systems mounted."""
    partitions = [
        SimpleNamespace(mountpoint=str(folder), fstype=fstype, opts=opts)
        for folder, fstype in mounts.items()
    ]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: partitions)


def test_a_local_disk_is_fine(tmp_path: Path) -> None:
    assert network_type(tmp_path) is None


@pytest.mark.parametrize("fstype", ["nfs4", "cifs", "smbfs", "fuse.sshfs", "9p"])
def test_a_share_is_known_by_its_type(tmp_path: Path, monkeypatch, fstype: str) -> None:
    pretend(monkeypatch, {Path("/"): "ext4", tmp_path / "share": fstype})
    assert network_type(tmp_path / "share" / "project") == fstype
    assert network_type(tmp_path / "shared") is None


def test_a_mapped_drive_is_known_by_its_options(tmp_path: Path, monkeypatch) -> None:
    pretend(monkeypatch, {tmp_path: "NTFS"}, "rw,remote")
    assert network_type(tmp_path) == "NTFS"


def test_a_local_disk_mounted_below_a_share_is_fine(tmp_path: Path, monkeypatch) -> None:
    pretend(monkeypatch, {Path("/"): "nfs", tmp_path: "ext4"})
    assert network_type(tmp_path) is None


def test_a_project_on_a_share_is_neither_made_nor_written(
    tmp_path: Path, project: Project, images: list[Path], monkeypatch
) -> None:
    project.close()
    pretend(monkeypatch, {tmp_path: "nfs"})
    with pytest.raises(ProjectError, match=r"on a network share \(nfs\)"):
        Project.create(tmp_path / "new", images, labels=LabelSchema.of("x"))
    with pytest.raises(ProjectError, match=r"on a network share \(nfs\)"):
        Project.open(project.folder)
    assert not (tmp_path / "new").exists()


def test_a_project_on_a_share_may_be_read(tmp_path: Path, project: Project, monkeypatch) -> None:
    project.close()
    pretend(monkeypatch, {tmp_path: "nfs"})
    with Project.open(project.folder, read_only=True) as reader:
        assert reader.catalogue.count() == 10
