"""How long a labelling project takes to open, and how much memory, by its number of cases.

``python benchmarks/project_open.py --output project_open.json``

Projects of tiny volumes are made, with a few journalled edits a case. Each is then opened in fresh
processes, which tell the time of `Project.open` (imports apart), of listing a hundred cases,
and the growth of their resident memory.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SHAPE = (4, 8, 8)
OPEN = """
import json, sys, time
from itertools import islice
from pathlib import Path
import psutil
from napari_salient.project.project import Project

rss, started = psutil.Process().memory_info().rss, time.perf_counter()
project = Project.open(Path(sys.argv[1]))
opened = time.perf_counter()
count, page = project.catalogue.count(), list(islice(project.catalogue.cases(), 100))
listed = time.perf_counter()
grown = psutil.Process().memory_info().rss
assert count == int(sys.argv[2]) and len(page) == 100
print(json.dumps({
    "open_seconds": opened - started,
    "first_page_seconds": listed - opened,
    "rss_mib": grown / 2**20,
    "rss_growth_mib": (grown - rss) / 2**20,
}))
"""


def main() -> None:
    options = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        records = [
            measure(Path(folder) / str(cases), cases, options) for cases in sorted(options.cases)
        ]
    result = {
        "benchmark": "project_open",
        "settings": {
            "cases": sorted(options.cases),
            "edits_per_case": options.edits,
            "repeats": options.repeats,
            "seed": options.seed,
        },
        "records": records,
        "summary": summarise(records),
    }
    text = json.dumps(result, indent=2)
    print(text)
    if options.output:
        options.output.write_text(text + "\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--edits", type=int, default=3, help="journalled edits a case")
    parser.add_argument("--repeats", type=int, default=5, help="fresh processes a size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="file for the JSON result")
    return parser.parse_args()


def measure(folder: Path, cases: int, options: argparse.Namespace) -> dict[str, Any]:
    """Make a project of so many cases; return the medians over fresh processes that open it."""
    images = make_images(folder / "images", cases, options.seed)
    started = time.perf_counter()
    make_project(folder / "project", images, options.edits)
    created = time.perf_counter() - started
    opened = [open_once(folder / "project", cases) for _ in range(options.repeats)]
    medians = {key: statistics.median(o[key] for o in opened) for key in opened[0]}
    return {"cases": cases, "create_seconds": created, **medians}


def make_images(folder: Path, count: int, seed: int) -> list[Path]:
    """Write tiny uncompressed volumes, all of different content."""
    import nibabel as nib

    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    paths = [folder / f"sub-{number:05}.nii" for number in range(count)]
    for path in paths:
        voxels = rng.integers(0, 999, SHAPE, np.int16)
        path.write_bytes(nib.Nifti1Image(voxels.T, np.eye(4)).to_bytes())
    return paths


def make_project(folder: Path, images: list[Path], edits: int) -> None:
    """Make a project with a few edits in each case."""
    from napari_salient.project.labels import LabelSchema
    from napari_salient.project.project import Project

    before, after = np.zeros((1, 4, 4), np.uint8), np.ones((1, 4, 4), np.uint8)
    with Project.create(folder, images, labels=LabelSchema.of("organ")) as project:
        for case_id in range(1, len(images) + 1):
            for index in range(edits):
                states = {("axial", index): ("accepted", "edited")}
                box = (index, index + 1, 0, 4, 0, 4)
                project.journal.record(case_id, "stroke", box, before, after, states)


def open_once(folder: Path, cases: int) -> dict[str, float]:
    command = [sys.executable, "-c", OPEN, str(folder), str(cases)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def summarise(records: list[dict[str, Any]]) -> dict[str, float]:
    """Compare the largest project with the smallest."""
    small, large = records[0], records[-1]
    return {
        "open_seconds_of_largest": large["open_seconds"],
        "rss_of_largest_over_smallest": large["rss_mib"] / small["rss_mib"],
    }


if __name__ == "__main__":
    main()
