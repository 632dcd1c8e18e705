"""Many trainings over worker processes, each kept as a line of a file as soon as it is done."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

Training = dict[str, Any]
Record = dict[str, Any]


def run_trainings(
    wanted: Iterable[Training],
    measure: Callable[[Training], Record],
    output: Path,
    processes: int,
) -> list[Record]:
    """Return what `measure` found for each training; a second start goes on where one ended.

    `wanted` says in plain values what is trained. Records stand in ``<output>.partial.jsonl``, each
    with its training, and are printed as they come.
    """
    partial = output.with_name(output.name + ".partial.jsonl")
    partial.parent.mkdir(parents=True, exist_ok=True)
    wanted = list(wanted)
    records = [record for record in read_lines(partial) if record["training"] in wanted]
    done = [record["training"] for record in records]
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=one_thread) as pool:
        jobs = {pool.submit(measure, job): job for job in wanted if job not in done}
        for future in as_completed(jobs):
            records.append({"training": jobs[future], **future.result()})
            with partial.open("a") as file:
                file.write(json.dumps(records[-1]) + "\n")
            print(json.dumps(records[-1]), flush=True)
    return records


def read_lines(path: Path) -> list[Record]:
    """Return the records of a file; a torn last line is left out."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().rpartition("\n")[0].splitlines()]


def one_thread() -> None:
    """Keep a worker process to one core."""
    import torch

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
