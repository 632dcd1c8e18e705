"""What a pretraining would find in a pool, and how it would cut it up, before anything starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_salient.engine.events import Event, Finished, FinishReason, Progress
from napari_salient.engine.jobs import Cancelled, job, outcome

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from napari_salient.engine.control import Control
    from napari_salient.engine.events import MemoryForecast
    from napari_salient.pretraining.intake import PoolFiles
    from napari_salient.pretraining.proxy import Proxy
    from napari_salient.pretraining.settings import PoolTraining


@dataclass(frozen=True)
class PoolSummary:
    """What is in a pool.

    Parameters
    ----------
    volumes, held_out, patients
        How many there are, how many of the volumes are only measured on, and of how many patients.
    channels
        Of the first volume.
    least, most : tuple of float
        The shortest and longest edges of a voxel that occur along (z, y, x), in mm.
    pictures
        Whether they are pictures, not volumes.
    """

    volumes: int
    held_out: int
    patients: int
    channels: int
    least: tuple[float, float, float]
    most: tuple[float, float, float]
    pictures: bool

    def __str__(self) -> str:
        what = "pictures" if self.pictures else "volumes"
        said = f"{counted(self.volumes, what)} of {counted(self.patients, 'patients')}"
        if not self.pictures:
            said += f", {counted(self.channels, 'channels')}, {edges_text(self.least, self.most)}"
        return f"{said}; {self.held_out} held out."


@dataclass(frozen=True)
class Surveyed(Event):
    """The headers of a pool were read.

    `shapes` are those of the volumes to learn from, along (z, y, x); a picture is one voxel.
    """

    summary: PoolSummary = field(metadata={"record": False})
    files: PoolFiles = field(metadata={"record": False})
    shapes: tuple[tuple[int, int, int], ...] = field(metadata={"record": False})


@dataclass(frozen=True)
class Plan:
    """How a task works on a pool.

    Parameters
    ----------
    sizes
        What the network sees, in a sentence.
    notes
        What a user should know.
    """

    sizes: str
    notes: tuple[str, ...]


@job
def survey_job(training: PoolTraining, control: Control) -> Iterator[Event]:
    """Look at a pool, and try whether the task works on it, without training anything.

    Yields
    ------
    Progress
        Over the headers.
    Surveyed
        What was found, long before the rest, which loads torch.
    Finished
        With a `Plan` as its result, or the error that the training would end with.
    """
    files = training.files()
    surveyed = yield from _surveyed(files, control)
    if surveyed is None:
        yield Finished(FinishReason.CANCELLED)
        return
    yield surveyed
    from napari_salient.pretraining.job import notes_on, pretraining_task

    task = pretraining_task(files, training)
    plan = Plan(sizes_text(task.proxy, files.are_pictures), tuple(notes_on(task, files)))
    yield Finished(FinishReason.COMPLETED, result=plan)


@dataclass(frozen=True)
class Estimate:
    """What a training will take, on this machine.

    Parameters
    ----------
    seconds
        For an optimiser step.
    memory
        At most.
    """

    seconds: float
    memory: MemoryForecast


@job
def estimate_job(training: PoolTraining, control: Control) -> Iterator[Event]:
    """Time five steps, and find out how much memory they take; nothing is kept.

    Yields
    ------
    Progress
        After each step.
    Finished
        With an `Estimate` as its result.
    """
    from napari_salient.pretraining.job import forecast_job, time_job

    files = training.files()
    try:
        seconds = yield from outcome(time_job(files, training, control))
        memory = yield from outcome(forecast_job(files, training, control))
    except Cancelled:
        yield Finished(FinishReason.CANCELLED)
    else:
        yield Finished(FinishReason.COMPLETED, result=Estimate(seconds, memory))


def _surveyed(files: PoolFiles, control: Control) -> Generator[Event, None, Surveyed | None]:
    from napari_salient.data.volumes import read_header

    paths = files.learn + files.held_out
    channels, spacings, shapes = 3, [(1.0, 1.0, 1.0)], [(1, 1, 1)] * len(paths)
    if not files.are_pictures:
        headers = []
        for path in paths:
            if not control.proceed():
                return None
            headers.append(read_header(path))
            yield Progress(len(headers), len(paths), "headers read")
        channels, spacings = headers[0].channels, [header.spacing for header in headers]
        shapes = [header.shape for header in headers]
    edges = np.array(spacings)
    least, most = (tuple(edge.tolist()) for edge in (edges.min(0), edges.max(0)))
    held_out = len(files.held_out)
    summary = PoolSummary(
        len(paths), held_out, files.patients, channels, least, most, files.are_pictures
    )
    return Surveyed(summary, files, tuple(shapes[: len(files.learn)]))


def sizes_text(proxy: Proxy[Any], pictures: bool = False) -> str:
    """Return what the network sees of a volume or a picture, in a sentence."""
    geometry, grid = proxy.geometry, getattr(proxy, "grid", None)
    said = f"The network sees views of {_by(proxy.sides)}"
    if geometry.spatial_dims == 3:
        said += " voxels"
    elif pictures:
        said += " pixels"
    else:
        said += f" voxels on {counted(geometry.depth, f'{geometry.plane} slices')}"
    if grid is not None:
        cells = _by((grid.count,) * geometry.spatial_dims)
        said += f", in {cells} pieces of {_by(grid.piece)}"
    whole = "picture" if pictures else "volume"
    return f"{said}; every {whole} has room for that, and {geometry.crop} a side is the most."


def edges_text(
    least: tuple[float, float, float], most: tuple[float, float, float], unit: str = "mm"
) -> str:
    """Return voxel edges along (z, y, x): ``1 × 1 × 1 mm``, with ranges where they differ."""
    pairs = zip(least, most, strict=True)
    return f"{' × '.join(_range(low, high) for low, high in pairs)} {unit}"


def counted(number: int, plural: str) -> str:
    """Return a number with its noun: ``1 channel``, ``1,204 volumes``."""
    return f"{number:,} {plural.removesuffix('s') if number == 1 else plural}"


def _range(low: float, high: float) -> str:
    first, last = f"{low:.3g}", f"{high:.3g}"
    return first if first == last else f"{first}–{last}"


def _by(sides: tuple[int, ...]) -> str:
    return " × ".join(map(str, sides))
