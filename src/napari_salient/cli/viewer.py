"""``open`` and ``demo``: the commands that show the window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from napari_salient.cli.probes import has_display
from napari_salient.errors import InputError


def open_paths(paths: Sequence[Path] = (), /) -> int:
    """Open a labelling project or volumes in the viewer, with the panel docked.

    Parameters
    ----------
    paths
        A project folder, or volumes; none opens an empty viewer.
    """
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise InputError(f"There is no file or folder {missing[0]}; check its name.")
    _require_display()
    from napari_salient.widgets.launch import open_viewer

    return open_viewer(list(paths))


def demo(folder: Path | None = None, /, *, screenshots: Path | None = None) -> int:
    """Label a sample project: volumes, a first model and the panel are set up.

    Parameters
    ----------
    folder
        Where the sample project goes; in the user's cache folder if not given. A second start goes
        on with what is there.
    screenshots
        Let the session's oracle label by itself, then leave pictures and a summary in this folder.
    """
    _require_display()
    from platformdirs import user_cache_path

    from napari_salient.widgets.launch import run_demo

    return run_demo(folder or user_cache_path("napari-salient") / "demo", screenshots)


def _require_display() -> None:
    if not has_display():
        raise InputError(
            "There is no display for a window; log in to a desktop or put xvfb-run -a before "
            "the command."
        )
