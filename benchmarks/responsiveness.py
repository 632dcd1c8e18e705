"""What training costs the window, and the window the training.

``xvfb-run -a python benchmarks/responsiveness.py``

The panel is open on a sample project of brains. Four conditions take turns, some times over:
painting without training, painting with training at full speed, training with the window untouched,
and the same training headless in another process. Strokes (20 a second) and slice changes (one a
second) come from a process of their own as mouse and key events for the canvas, and so does the
clock: every 5 ms it writes the time into a pipe, and the latency of the event loop is how much
later the window's thread reads it. Torch is loaded and everything was done once before.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import QCoreApplication, QEvent, QPointF, QSocketNotifier, Qt
from qtpy.QtGui import QKeyEvent, QMouseEvent

import support
from support import hand
from support.display import require_display
from support.figures import (
    interval_text,
    median_interval,
    print_table,
    quantiles,
    say,
    write_result,
)
from support.training import loop_settings, steps_per_second
from support.window import SampleWindow, make_sample_project

LABELLED = 16
STROKES_PER_SECOND = 20.0
SPREAD_PX, STROKE_PX = 120, 8
SLICES_EACH_WAY = 5
P99_TARGET_MS, MAX_TARGET_MS, SPEED_TARGET = 5.0, 200.0, 0.9


class Reader:
    """Reads a hand's records on the window's thread: notes their lateness, passes on the rest."""

    def __init__(self, canvas: Any, seconds: float, strokes: float, seed: int) -> None:
        self.canvas = canvas
        self.late_ms: list[float] = []
        self.done: Counter[bytes] = Counter()
        self.frames = 0
        command = [sys.executable, hand.__file__, str(seconds), str(strokes)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0)
        assert self.process.stdout is not None
        self.pipe = self.process.stdout
        self.notifier = QSocketNotifier(self.pipe.fileno(), QSocketNotifier.Type.Read)
        self.notifier.activated.connect(self._read)
        self._spots = np.random.default_rng(seed).integers(-SPREAD_PX, SPREAD_PX, (10_000, 2))
        self._spot = QPointF()
        canvas.frameSwapped.connect(self._drawn)

    @property
    def ended(self) -> bool:
        """Whether the last record has come."""
        return self.done[hand.END] > 0

    def close(self) -> None:
        """Read no more; call before the next one is made."""
        self.notifier.setEnabled(False)
        self.canvas.frameSwapped.disconnect(self._drawn)
        self.process.wait()
        self.pipe.close()

    def _drawn(self) -> None:
        self.frames += 1

    def _read(self, *_socket: object) -> None:
        data, now = self.pipe.read(hand.RECORD.size * 256), time.monotonic()
        for sent, kind, number in hand.RECORD.iter_unpack(data):
            self.done[kind] += 1
            if kind == hand.TIME:
                self.late_ms.append(1e3 * (now - sent))
            elif kind == hand.SLICE:
                self._change_slice(number)
            elif kind != hand.END:
                self._move_mouse(kind, number)

    def _change_slice(self, number: int) -> None:
        up = number // SLICES_EACH_WAY % 2 == 0
        key = Qt.Key.Key_Right if up else Qt.Key.Key_Left
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, key, Qt.KeyboardModifier.NoModifier)
            QCoreApplication.postEvent(self.canvas, event)

    def _move_mouse(self, kind: bytes, number: int) -> None:
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        if kind == hand.PRESS:
            right, down = self._spots[number % len(self._spots)]
            self._spot = QPointF(self.canvas.rect().center()) + QPointF(right, down)
            what = QEvent.Type.MouseButtonPress, left, left
        elif kind == hand.MOVE:
            self._spot += QPointF(STROKE_PX, STROKE_PX / 2)
            what = QEvent.Type.MouseMove, none, left
        else:
            what = QEvent.Type.MouseButtonRelease, left, none
        there = QPointF(self.canvas.mapToGlobal(self._spot.toPoint()))
        event = QMouseEvent(
            what[0], self._spot, there, what[1], what[2], Qt.KeyboardModifier.NoModifier
        )
        QCoreApplication.postEvent(self.canvas, event)


class Headless:
    """The same training in a process without a window, on a copy of the project."""

    def __init__(self, project: Path, threads: int) -> None:
        script = Path(support.__file__).with_name("headless.py")
        command = [sys.executable, str(script), str(project), str(threads)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def steps_per_second(self, seconds: float) -> float:
        """Train for so long after some steps to warm up."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(seconds, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def close(self) -> None:
        """Let the process end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def main() -> None:
    options = parse_arguments()
    require_display()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = make_sample_project(folder)
        window = SampleWindow(folder, loop_settings(threads=options.threads), LABELLED)
        copy = folder / "headless"
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns("*lock*"))
        other = Headless(copy, options.threads)
        repetition(window, other, 3.0, 0)
        turns = range(1, options.repeats + 1)
        records = [repetition(window, other, options.seconds, turn) for turn in turns]
        other.close()
        window.close()
    summary = summarise(records)
    show(records, summary)
    for record in records:
        del record["painting"]["late_ms"], record["painting_training"]["late_ms"]
    write_result("responsiveness", options, records=records, summary=summary)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0, help="of each condition")
    parser.add_argument("--repeats", type=int, default=4, help="turns of the four conditions")
    parser.add_argument("--threads", type=int, default=1, help="of the training")
    parser.add_argument("--output", type=Path, default=Path("out/responsiveness.json"))
    return parser.parse_args()


def repetition(window: SampleWindow, other: Headless, seconds: float, turn: int) -> dict[str, Any]:
    """Take the four conditions in turn."""
    painting = paint(window, seconds, 2 * turn)
    run = window.start_training()
    begin = datetime.now(UTC)
    painting_training = paint(window, seconds, 2 * turn + 1)
    painting_training["steps_per_s"] = steps_per_second(run.directory, begin, datetime.now(UTC))
    begin = datetime.now(UTC)
    window.rest(seconds)
    untouched = steps_per_second(run.directory, begin, datetime.now(UTC))
    window.stop_training()
    return {
        "painting": painting,
        "painting_training": painting_training,
        "untouched_steps_per_s": untouched,
        "headless_steps_per_s": other.steps_per_second(seconds),
    }


def paint(window: SampleWindow, seconds: float, seed: int) -> dict[str, Any]:
    """Paint in places that follow from the seed; return the lateness of the clock and the rates."""
    recorded: list[int] = []
    window.desk.view.recorder.recorded.connect(recorded.append)
    reader = Reader(window.canvas, seconds, STROKES_PER_SECOND, seed)
    window.wait(lambda: reader.ended)
    reader.close()
    window.rest(0.5)
    window.desk.view.recorder.recorded.disconnect(recorded.append)
    return {
        "late_ms": reader.late_ms,
        **quantiles(reader.late_ms),
        "strokes_per_s": reader.done[hand.PRESS] / seconds,
        "recorded_per_s": len(recorded) / seconds,
        "frames_per_s": reader.frames / seconds,
    }


def summarise(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return medians over the repetitions with their intervals, and quantiles over all of them."""
    alone, training = (
        np.concatenate([record[name]["late_ms"] for record in records])
        for name in ("painting", "painting_training")
    )
    headless = [record["headless_steps_per_s"] for record in records]
    untouched = [record["untouched_steps_per_s"] for record in records]
    painted = [record["painting_training"]["steps_per_s"] for record in records]
    return {
        "painting_ms": quantiles(alone),
        "painting_training_ms": quantiles(training),
        "p99_difference_ms": median_interval(
            [r["painting_training"]["p99"] - r["painting"]["p99"] for r in records]
        ),
        "untouched_steps_per_s": median_interval(untouched),
        "headless_steps_per_s": median_interval(headless),
        "painting_steps_per_s": median_interval(painted),
        "untouched_to_headless": median_interval(np.divide(untouched, headless).tolist()),
        "painting_to_headless": median_interval(np.divide(painted, headless).tolist()),
    }


def show(records: list[dict[str, Any]], summary: dict[str, Any]) -> None:
    """Print the figures and how they stand to the targets."""
    names = ("p50", "p95", "p99", "max")
    rows: list[list[object]] = [["event loop (ms)", *names, "strokes/s", "recorded/s", "frames/s"]]
    for name in ("painting", "painting_training"):
        parts = [record[name] for record in records]
        rates = [
            float(np.mean([part[rate] for part in parts]))
            for rate in ("strokes_per_s", "recorded_per_s", "frames_per_s")
        ]
        rows.append([name, *(summary[f"{name}_ms"][q] for q in names), *rates])
    print_table(rows)
    print_table(
        [["training", "median (95 % interval)"]]
        + [
            [name, interval_text(summary[name], digits=2)]
            for name in summary
            if name.endswith(("steps_per_s", "headless"))
        ]
    )
    difference, longest = summary["p99_difference_ms"], summary["painting_training_ms"]["max"]
    ratio = summary["untouched_to_headless"]
    say(
        difference["median"] <= P99_TARGET_MS,
        f"p99 with training is {interval_text(difference, 'ms')} longer (target 5 ms)",
    )
    say(longest < MAX_TARGET_MS, f"longest with training {longest:.0f} ms (target 200 ms)")
    say(
        ratio["median"] >= SPEED_TARGET,
        f"window untouched / headless {interval_text(ratio, digits=2)} (target 0.90)",
    )


if __name__ == "__main__":
    main()
