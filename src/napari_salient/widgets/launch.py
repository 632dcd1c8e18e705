"""Opening napari's window with the panel docked: the commands ``open`` and ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_salient.engine.llvm import guard_before_window

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.widgets.label_volumes import LabelVolumes

SIZE = (1600, 1000)


def open_viewer(paths: list[Path]) -> int:
    """Open a project or volumes in the viewer, and stay until the window is closed.

    Parameters
    ----------
    paths
        A project's folder opens in the panel; folders of volumes, or volumes, are filled into its
        set-up page; nothing opens an empty set-up page.

    Returns
    -------
    int
        Exit code.
    """
    import napari

    _, panel = docked_panel()
    if len(paths) == 1 and (paths[0] / "project.toml").is_file():
        panel.open_project(paths[0])
    elif paths:
        panel.suggest(paths)
    napari.run()
    return 0


def run_demo(folder: Path, pictures: Path | None) -> int:
    """Show a sample session; see `napari_salient.widgets.demo`."""
    from napari_salient.widgets.demo import run

    return run(folder, pictures)


def docked_panel() -> tuple[Any, LabelVolumes]:
    """Open napari's window with the panel at its right; return viewer and panel."""
    guard_before_window()
    import napari

    from napari_salient.widgets.label_volumes import LabelVolumes

    viewer = napari.Viewer(title="napari-salient")
    viewer.window.resize(*SIZE)
    panel = LabelVolumes(viewer)
    viewer.window.add_dock_widget(panel, name="Label Volumes", area="right")
    return viewer, panel
