"""How long an annotator waits from accepting a slice to seeing the next proposal.

``xvfb-run -a python benchmarks/next_slice.py``

The panel is open on a sample project of brains, a first round was trained, and its pre-annotations
are accepted one by one with the key for it, after a look at each. The wait ends with the first
frame on the screen that shows the next slice. Blocks of slices with training in the background and
without take turns; steps within a volume and to another volume are told apart.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from support.display import require_display
from support.figures import (
    interval_text,
    median_interval,
    print_table,
    quantiles,
    say,
    write_result,
)
from support.training import ENDLESS, loop_settings
from support.window import SampleWindow, make_sample_project

FIRST_LABELLED, FIRST_STEPS = 12, 60
TARGET_MS = 150.0


class Waiting:
    """Takes the time from the key to the frame that shows another slice than before."""

    def __init__(self, window: SampleWindow) -> None:
        self.window = window
        self.arrived_s: float | None = None
        self.shown_s: float | None = None
        self._before = window.desk.here
        window.desk.changed.connect(self._changed)
        window.canvas.frameSwapped.connect(self._drawn)

    def accept(self) -> dict[str, Any]:
        """Press the key and wait; return the milliseconds and the kind of step."""
        begun = time.perf_counter()
        QTest.keyClick(self.window.canvas, Qt.Key.Key_A)
        self.window.wait(lambda: self.shown_s is not None, look_ms=5)
        self.window.desk.changed.disconnect(self._changed)
        self.window.canvas.frameSwapped.disconnect(self._drawn)
        here, before = self.window.desk.here, self._before
        assert here is not None
        assert before is not None
        assert self.shown_s is not None
        step = "same volume" if here[0] == before[0] else "other volume"
        return {"step": step, "ms": 1e3 * (self.shown_s - begun)}

    def _changed(self) -> None:
        if self.arrived_s is None and self.window.desk.here != self._before:
            self.arrived_s = time.perf_counter()

    def _drawn(self) -> None:
        if self.arrived_s is not None and self.shown_s is None:
            self.shown_s = time.perf_counter()


def main() -> None:
    options = parse_arguments()
    require_display()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_sample_project(folder)
        window = SampleWindow(folder, loop_settings(FIRST_STEPS), FIRST_LABELLED)
        window.finish_round()
        window.session.settings = loop_settings(ENDLESS)
        accept_some(window, options.block // 2, options.look)
        records = []
        for _ in range(options.blocks):
            records += [
                {"training": False, **r} for r in accept_some(window, options.block, options.look)
            ]
            window.start_training()
            records += [
                {"training": True, **r} for r in accept_some(window, options.block, options.look)
            ]
            window.stop_training()
        window.close()
    summary = summarise(records)
    show(summary)
    write_result("next_slice", options, records=records, summary=summary)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=5, help="with training, and as many without")
    parser.add_argument("--block", type=int, default=12, help="slices accepted in a block")
    parser.add_argument("--look", type=float, default=1.0, help="seconds spent on each slice")
    parser.add_argument("--output", type=Path, default=Path("out/next_slice.json"))
    return parser.parse_args()


def accept_some(window: SampleWindow, count: int, look_s: float) -> list[dict[str, Any]]:
    """Accept so many slices, looking at each for a while."""
    records = []
    for _ in range(count):
        window.rest(look_s)
        records.append(Waiting(window).accept())
    return records


def summarise(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return quantiles for each kind of step, with and without training."""
    rows = []
    for training in (False, True):
        for step in ("same volume", "other volume", "all"):
            waits = [
                r["ms"] for r in records if r["training"] == training and step in (r["step"], "all")
            ]
            if waits:
                figures = {**median_interval(waits), **quantiles(waits)}
                rows.append({"training": training, "step": step, **figures})
    return rows


def show(summary: list[dict[str, Any]]) -> None:
    """Print the figures and how they stand to the target."""
    rows: list[list[object]] = [["training", "step", "n", "median (95 % interval)", "p95", "max"]]
    for row in summary:
        training = "yes" if row["training"] else "no"
        wait = interval_text(row, "ms")
        rows.append([training, row["step"], row["n"], wait, row["p95"], row["max"]])
    print_table(rows)
    whole = next(r for r in summary if r["training"] and r["step"] == "all")
    say(
        whole["median"] < TARGET_MS,
        f"median while training {interval_text(whole, 'ms')} (target {TARGET_MS:.0f} ms)",
    )


if __name__ == "__main__":
    main()
