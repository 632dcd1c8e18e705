"""How long things take to start: the import, the command line, the panel.

``xvfb-run -a python benchmarks/start_up.py``

Each figure comes from fresh processes, in turns. The import is what ``import napari_salient`` adds
to a bare interpreter. The panel is docked into a napari window that is open and at rest, as from
the Plugins menu: the time from importing it to its first painting, before torch is loaded.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from support.display import require_display
from support.figures import interval_text, median_interval, print_table, say, write_result

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAVY = ("torch", "qtpy", "napari", "monai", "numpy", "scipy", "nibabel", "lightning_fabric")
LOADED = f"""
import json, sys
import napari_salient
print(json.dumps([name for name in {HEAVY} if name in sys.modules]))
"""
PANEL = """
import json, sys, time
import napari
from qtpy.QtCore import QEvent, QEventLoop, QObject, QTimer

viewer = napari.Viewer()
loop = QEventLoop()
QTimer.singleShot(1500, loop.quit)
loop.exec_() if hasattr(loop, "exec_") else loop.exec()

class Painted(QObject):
    at = 0.0
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and not self.at:
            self.at = time.perf_counter()
            QTimer.singleShot(0, loop.quit)
        return False

begun = time.perf_counter()
from napari_salient.widgets.label_volumes import LabelVolumes
panel, painted = LabelVolumes(viewer), Painted()
panel.set_up.create.installEventFilter(painted)
viewer.window.add_dock_widget(panel, name="Label Volumes", area="right")
loop.exec_() if hasattr(loop, "exec_") else loop.exec()
print(json.dumps({"ms": 1e3 * (painted.at - begun), "torch": "torch" in sys.modules}))
viewer.close()
"""
COMMANDS = {
    "bare interpreter": ["-c", "pass"],
    "import napari_salient": ["-c", "import napari_salient"],
    "--version": ["-m", "napari_salient", "--version"],
    "--help": ["-m", "napari_salient", "--help"],
}
IMPORT_MS, COMMAND_MS, PANEL_MS = 50.0, 300.0, 1000.0


def main() -> None:
    options = parse_arguments()
    require_display()
    wall: dict[str, list[float]] = {name: [] for name in COMMANDS}
    panel: list[float] = []
    for number in range(options.repeats + 1):
        taken = {name: run_ms(words) for name, words in COMMANDS.items()}
        opened = panel_ms()
        if number:  # the first turn fills the disk cache
            panel.append(opened)
            for name, milliseconds in taken.items():
                wall[name].append(milliseconds)
    bare = wall["bare interpreter"]
    pairs = zip(wall["import napari_salient"], bare, strict=True)
    summary = {
        "import": median_interval([imported - without for imported, without in pairs]),
        "version": median_interval(wall["--version"]),
        "help": median_interval(wall["--help"]),
        "panel": median_interval(panel),
    }
    loaded = json.loads(output_of(["-c", LOADED]))
    show(summary, bare, loaded)
    records = {**wall, "panel": panel}
    write_result("start_up", options, records=records, summary=summary, loaded_by_import=loaded)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=10, help="fresh processes for each figure")
    parser.add_argument("--output", type=Path, default=Path("out/start_up.json"))
    return parser.parse_args()


def run_ms(words: Sequence[str]) -> float:
    """Return the milliseconds that an interpreter takes from start to end."""
    begun = time.perf_counter()
    output_of(words)
    return 1e3 * (time.perf_counter() - begun)


def output_of(words: Sequence[str]) -> str:
    """Return what an interpreter prints."""
    done = subprocess.run([sys.executable, *words], check=True, capture_output=True, text=True)
    return done.stdout


def panel_ms() -> float:
    """Return the milliseconds until the panel is painted; torch must not be loaded by then."""
    told = json.loads(output_of(["-c", PANEL]).splitlines()[-1])
    if told["torch"]:
        sys.exit("The panel has loaded torch before it was painted.")
    return float(told["ms"])


def show(
    summary: dict[str, dict[str, float]], bare: Sequence[float], loaded: Sequence[str]
) -> None:
    """Print the figures and how they stand to the targets."""
    rows: list[list[object]] = [["start-up", "median (95 % interval)"]]
    rows.append(["bare interpreter", interval_text(median_interval(bare), "ms")])
    rows += [[name, interval_text(interval, "ms")] for name, interval in summary.items()]
    print_table(rows)
    say(not loaded, f"import napari_salient loads none of {', '.join(HEAVY)} (found: {loaded})")
    for name, limit in (
        ("import", IMPORT_MS),
        ("version", COMMAND_MS),
        ("help", COMMAND_MS),
        ("panel", PANEL_MS),
    ):
        say(summary[name]["median"] < limit, f"{name} (target {limit:.0f} ms)")


if __name__ == "__main__":
    main()
