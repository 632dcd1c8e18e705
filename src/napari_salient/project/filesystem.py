"""Where a project may be written: not on network shares, where SQLite's log is unsafe."""

from __future__ import annotations

from pathlib import Path

from napari_salient.errors import ProjectError

# fmt: off
NETWORK_TYPES = frozenset({
    "9p", "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.ceph-fuse", "fuse.davfs2",
    "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre",
    "ncpfs", "nfs", "nfs3", "nfs4", "prl_fs", "smb", "smb2", "smb3", "smbfs", "vboxsf", "webdav",
})
# fmt: on


def refuse_network_share(folder: Path) -> None:
    """Raise `ProjectError` if `folder` (or where it would be made) is on a network file system."""
    kind = network_type(folder)
    if kind is not None:
        raise ProjectError(
            f"{folder} is on a network share ({kind}), where edits could be lost; keep the project "
            "on a local disk (its images may stay on the share)."
        )


def network_type(folder: Path) -> str | None:
    """Return the type of the network file system that `folder` is on; `None` for a local disk."""
    import psutil

    folder = folder.resolve()
    if str(folder).startswith("\\\\"):
        return "UNC path"
    mounts = [p for p in psutil.disk_partitions(all=True) if folder.is_relative_to(p.mountpoint)]
    if not mounts:
        return None
    mount = max(mounts, key=lambda p: len(Path(p.mountpoint).parts))
    remote = mount.fstype.lower() in NETWORK_TYPES or "remote" in mount.opts.split(",")
    return (mount.fstype or "remote") if remote else None
