"""What a pretraining costs: its memory against the forecast, and the time that batches take.

``python benchmarks/pretraining_costs.py``

Memory: each training is a fresh process on volumes of noise: three steps, checkpoints and an
evaluation, after a tiny training that loads the program. The peak is that of the resident memory,
as Linux keeps it. Batches: the share of a step's processor time that goes into cutting views out
of volumes in memory, at the default settings on real volumes. A second start goes on where the
first was stopped.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from napari_salient.engine.control import Control
from napari_salient.engine.events import MIB, Finished, FinishReason, MemoryForecast
from napari_salient.engine.settings import FitSettings
from napari_salient.pretraining.settings import PretrainingSettings, TaskName
from support.figures import print_table, say, write_result
from support.trainings import run_trainings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_salient.engine.events import Event

DATA = Path(__file__).resolve().parents[2] / "shared/data/hippocampus/images"
SIZES: dict[int, dict[str, dict[str, int]]] = {
    2: {
        "small": {"side": 48, "batch_size": 16, "width": 8},
        "large": {"side": 96, "batch_size": 16, "width": 16},
    },
    3: {
        "small": {"side": 40, "batch_size": 8, "width": 8},
        "large": {"side": 64, "batch_size": 2, "width": 16},
    },
}
"""Sides of the volumes, and settings."""

MUCH_DATA = {"task": "rotation", "dims": 2, "size": "much data", "side": 160, "batch_size": 4}
VOLUMES = 6
ERROR, SHARE = 0.2, 0.1
"""Targets."""

WARM, TIMED = 3, 20
"""Steps."""


def main() -> int:
    given = parse_arguments()
    if given.case:
        print(json.dumps(peak_of(json.loads(given.case))))
        return 0
    parts: dict[str, Any] = {}
    if "memory" in given.parts:
        parts["memory"] = run_trainings(cases(given), in_fresh_process, given.output, 1)
        show_memory(parts["memory"])
    if "batches" in given.parts and given.data.is_dir():
        parts["batches"] = [share_of(name, dims, given.data) for name, dims in tasks(given)]
        show_batches(parts["batches"])
    elif "batches" in given.parts:
        print(f"There are no volumes in {given.data}, so batches are not timed.", file=sys.stderr)
    write_result("pretraining_costs", given, **parts)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of volumes")
    names = get_args(TaskName)
    parser.add_argument("--parts", nargs="+", default=["memory", "batches"])
    parser.add_argument("--tasks", nargs="+", default=names, choices=names)
    parser.add_argument("--dims", nargs="+", type=int, default=[2, 3], choices=[2, 3])
    parser.add_argument("--sizes", nargs="+", default=["small", "large", "much data"])
    parser.add_argument("--output", type=Path, default=Path("out/pretraining_costs.json"))
    parser.add_argument("--case", help=argparse.SUPPRESS)
    return parser.parse_args()


def tasks(given: argparse.Namespace) -> Iterator[tuple[TaskName, int]]:
    for dims in given.dims:
        yield from ((name, dims) for name in given.tasks)


def cases(given: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for name, dims in tasks(given):
        for size, values in SIZES[dims].items():
            if size in given.sizes:
                yield {"task": name, "dims": dims, "size": size, **values}
    if "much data" in given.sizes:
        yield MUCH_DATA


def in_fresh_process(case: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, __file__, "--case", json.dumps(case)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def peak_of(case: dict[str, Any]) -> dict[str, Any]:
    """Pretrain in this process; return the forecast and by how much its memory grew, in bytes."""
    shape = {name: value for name, value in case.items() if name in ("batch_size", "width")}
    settings = PretrainingSettings(
        task=case["task"],
        spatial_dims=case["dims"],
        held_out_batches=1,
        fit=FitSettings(steps=3, threads=1, device="cpu"),
        **shape,
    )
    with tempfile.TemporaryDirectory() as folder:
        write_volumes(Path(folder) / "volumes", case["side"])
        small = {"width": 2, "crop": 32, "batch_size": 2}
        train(replace(settings, **small), Path(folder), "warm")
        Path("/proc/self/clear_refs").write_text("5")  # The peak begins anew.
        before = memory("VmRSS")
        events = train(settings, Path(folder), "run")
    (forecast,) = (event for event in events if isinstance(event, MemoryForecast))
    peak = memory("VmHWM") - before
    return {"forecast": forecast.needed, "peak": peak, "error": forecast.needed / peak - 1}


def train(settings: PretrainingSettings, folder: Path, run: str) -> list[Event]:
    from napari_salient.pretraining.intake import find_pool
    from napari_salient.pretraining.job import pretrain_job

    files = find_pool(folder / "volumes", 3)
    events = list(pretrain_job(files, folder / run, settings, Control()))
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.reason is FinishReason.COMPLETED, last.message
    return events


def write_volumes(folder: Path, side: int) -> None:
    import nibabel

    folder.mkdir()
    for number in range(VOLUMES):
        noise = np.random.default_rng(number).standard_normal((side,) * 3, np.float32)
        nibabel.save(nibabel.Nifti1Image(noise, np.eye(4)), folder / f"case-{number}.nii")


def memory(key: str) -> int:
    """Return a figure of this process in bytes: ``VmRSS``, resident now, or ``VmHWM``, at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(key)).split()[1])


def share_of(name: TaskName, dims: int, data: Path) -> dict[str, Any]:
    """Return milliseconds of the processor for a step and for its batch."""
    from napari_salient.engine.optimise import Training
    from napari_salient.engine.threads import limit_threads
    from napari_salient.pretraining.pool import VolumePool
    from napari_salient.pretraining.task import PretrainingTask

    fit = FitSettings(threads=1, device="cpu")
    settings = PretrainingSettings(task=name, spatial_dims=2 if dims == 2 else 3, fit=fit)
    task = PretrainingTask(settings, VolumePool.of_files(sorted(data.glob("*.nii.gz"))[:60]))
    with limit_threads(1):
        training = Training(task, fit)
        for step in range(WARM + TIMED):
            task.batch(step)  # Volumes are read before anything is timed.
        steps, batches = [], []
        for step in range(WARM + TIMED):
            begun = time.thread_time()
            task.batch(step)
            batches.append(time.thread_time() - begun)
            begun = time.thread_time()
            list(training.take_step(Control()))
            steps.append(time.thread_time() - begun)
    batch_ms, step_ms = (1000 * float(np.median(times[WARM:])) for times in (batches, steps))
    share = batch_ms / step_ms
    found = {"task": name, "dims": dims, "batch_ms": batch_ms, "step_ms": step_ms, "share": share}
    print(json.dumps(found), flush=True)
    return found


def show_memory(records: list[dict[str, Any]]) -> None:
    names = ("task", "dims", "size")
    rows: list[list[Any]] = [[*names, "forecast MiB", "peak MiB", "error %"]]
    for record in records:
        figures = [record["forecast"] / MIB, record["peak"] / MIB, 100 * record["error"]]
        rows.append([*(record["training"][name] for name in names), *figures])
    print_table(rows)
    worst = max(abs(record["error"]) for record in records)
    say(worst <= ERROR, f"forecast within {ERROR:.0%} of the peak; at worst {worst:.0%} off")


def show_batches(records: list[dict[str, Any]]) -> None:
    names = ("task", "dims", "batch_ms", "step_ms")
    rows = [[record[name] for name in names] + [100 * record["share"]] for record in records]
    print_table([[*names, "share %"], *rows])
    worst = max(record["share"] for record in records)
    say(worst <= SHARE, f"batches take at most {SHARE:.0%} of a step; at most {worst:.0%}")


if __name__ == "__main__":
    sys.exit(main())
