"""The training that goes on beside what is measured, and how fast it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from napari_salient.active_learning.settings import LoopSettings, SegmentationSettings
from napari_salient.engine.events import Step
from napari_salient.engine.run import Run, read_events
from napari_salient.engine.settings import FitSettings

if TYPE_CHECKING:
    from pathlib import Path

    from napari_salient.active_learning.session import LabellingSession

ENDLESS = 1_000_000
"""Steps of a training that ends when it is cancelled."""
WARM_STEPS = 10


def loop_settings(steps: int = ENDLESS, threads: int = 1) -> LoopSettings:
    """Return the tool's settings for rounds of so many steps that do not start by themselves."""
    fit = FitSettings(steps=steps, threads=threads, device="cpu")
    model = SegmentationSettings(fit=fit)
    return LoopSettings(train_after_batch=False, segmentation=model)


def steps_per_second(run_dir: Path, begin: datetime, end: datetime) -> float:
    """Return how fast a run was between two times, from its event log."""
    times = [
        time for time, event in read_events(run_dir) if isinstance(event, Step) and time >= begin
    ]
    return sum(time < end for time in times) / (end - begin).total_seconds()


def train_headless(session: LabellingSession, seconds: float) -> float:
    """Train a round in this thread for so long after some steps; return the steps a second."""
    run = Run.create(session.project.runs_dir, "round", session.settings)
    begin = None
    for event in run.record(session.round_job(run)):
        now = datetime.now(UTC)
        if isinstance(event, Step) and event.step == WARM_STEPS:
            begin = now
        elif begin is not None and (now - begin).total_seconds() > seconds:
            run.control.cancel()
    assert begin is not None
    return steps_per_second(run.directory, begin, begin + timedelta(seconds=seconds))
