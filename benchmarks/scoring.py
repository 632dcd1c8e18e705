"""What scoring a pool costs beyond the forward passes of the network.

``python benchmarks/scoring.py``

`score_pool` over volumes, once with the volumes normalised in memory and once read from their
files, against the bare forward passes on the very same batches: cut, padded, in memory, and in
inference mode. The three take turns. The network has random weights, on which its time does not
depend.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from napari_salient.active_learning.model import Segmenter, build_segmenter
from napari_salient.active_learning.scoring import Scorer, score_pool
from napari_salient.active_learning.settings import SegmentationSettings
from napari_salient.active_learning.spec import spec_for
from napari_salient.data.discover import find_volumes
from napari_salient.data.volumes import load_image, normalise, read_header
from napari_salient.engine.control import Control
from napari_salient.engine.events import Finished, FinishReason
from napari_salient.engine.threads import limit_threads
from napari_salient.samples.brain import make_brain_pool
from support.figures import interval_text, median_interval, print_table, say, write_result

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_salient.data.volumes import VolumeHeader

DATA = Path(__file__).resolve().parents[2] / "shared/data/hippocampus/images"
SAMPLES = 8
TARGET = 1.15
FORWARD, IN_MEMORY, FROM_FILES = (
    "forward passes alone",
    "score_pool, volumes in memory",
    "score_pool, volumes in files",
)


class Pool:
    """Volumes, once more in memory, and a network for them."""

    def __init__(self, folder: Path, cases: int) -> None:
        self.headers = [read_header(path) for path in find_volumes(folder)[:cases]]
        self.images = [self.read(number) for number in range(len(self.headers))]
        self.slices = sum(header.shape[0] for header in self.headers)
        self.model = make_model(self.headers)

    def read(self, case: int) -> NDArray[np.float32]:
        """Read a volume from its file."""
        return normalise(load_image(self.headers[case]))

    def held(self, case: int) -> NDArray[np.float32]:
        """Return a volume from memory."""
        return self.images[case]


def make_model(headers: list[VolumeHeader]) -> Segmenter:
    """Return the tool's network on slices, with a patch as large as the largest slice."""
    settings = SegmentationSettings()
    spec = spec_for(
        settings,
        "axial",
        channels=headers[0].channels,
        class_names=("one", "two"),
        label_values=(0, 1, 2),
        spacing=headers[0].spacing,
    )
    rows, columns = (max(header.shape[axis] for header in headers) for axis in (1, 2))
    torch.manual_seed(0)
    return build_segmenter(spec.with_patch((rows, columns), settings.crop)).eval()


def main() -> None:
    options = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        images = options.data
        if not images.is_dir():
            images = make_brain_pool(Path(folder), min(options.cases, SAMPLES)).images
        pool = Pool(images, options.cases)
        with limit_threads(options.threads):
            records = measure(pool, options.repeats)
    summary = summarise(records)
    show(pool, summary)
    size = {"volumes": len(pool.images), "slices": pool.slices}
    write_result("scoring", options, pool=size, records=records, summary=summary)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of volumes")
    parser.add_argument("--cases", type=int, default=60, help="volumes of the pool")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--output", type=Path, default=Path("out/scoring.json"))
    return parser.parse_args()


def measure(pool: Pool, repeats: int) -> list[dict[str, dict[str, float]]]:
    """Time the three in turn, after each was done once; return seconds by name."""
    batches = batches_of(pool)
    conditions: dict[str, Callable[[], object]] = {
        FORWARD: lambda: forward(pool.model, batches),
        IN_MEMORY: lambda: score(pool, pool.held),
        FROM_FILES: lambda: score(pool, pool.read),
    }
    turns = [{name: timed(work) for name, work in conditions.items()} for _ in range(repeats + 1)]
    return turns[1:]


def batches_of(pool: Pool) -> list[Tensor]:
    """Return what the network is given when the pool is scored, in that order."""
    batches: list[Tensor] = []

    def keep(_net: object, inputs: tuple[Tensor, ...]) -> None:
        batches.append(inputs[0].clone(memory_format=torch.preserve_format))

    hook = pool.model.net.register_forward_pre_hook(keep)
    score(pool, pool.held)
    hook.remove()
    return batches


def forward(model: Segmenter, batches: list[Tensor]) -> None:
    """Run the network on ready batches and throw the outcome away."""
    with torch.inference_mode():
        for batch in batches:
            model.net(batch)


def score(pool: Pool, load: Callable[[int], NDArray[np.float32]]) -> None:
    """Score the pool as a round does."""
    (*_, last) = score_pool(
        Scorer(pool.model, {"entropy"}), range(len(pool.headers)), load, Control()
    )
    assert isinstance(last, Finished)
    assert last.reason is FinishReason.COMPLETED, last.message
    assert len(last.result.measures["entropy"]) == pool.slices


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Return seconds on the clock and of the processor, over all threads."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return {"clock": time.perf_counter() - clock, "processor": time.process_time() - processor}


def summarise(records: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, Any]]:
    """Return for each way of scoring its ratios to the forward passes of the same turn."""
    return {
        name: {
            time_: median_interval([r[name][time_] / r[FORWARD][time_] for r in records])
            for time_ in ("clock", "processor")
        }
        for name in (IN_MEMORY, FROM_FILES)
    } | {FORWARD: {"clock": median_interval([r[FORWARD]["clock"] for r in records])}}


def show(pool: Pool, summary: dict[str, dict[str, Any]]) -> None:
    """Print the figures and how they stand to the target."""
    bare = summary[FORWARD]["clock"]
    milliseconds = {name: 1e3 * bare[name] / pool.slices for name in ("median", "low", "high")}
    print(f"{len(pool.images)} volumes, {pool.slices} slices")
    print(f"{FORWARD}: {interval_text(milliseconds, 'ms', 2)} a slice")
    rows: list[list[object]] = [["ratio to that", "clock", "processor"]]
    for name in (IN_MEMORY, FROM_FILES):
        rows.append([name, *(interval_text(summary[name][t], digits=3) for t in summary[name])])
    print_table(rows)
    ratio = summary[FROM_FILES]["clock"]
    say(
        ratio["median"] <= TARGET,
        f"scoring / forward passes {interval_text(ratio, digits=3)} (target {TARGET})",
    )


if __name__ == "__main__":
    main()
