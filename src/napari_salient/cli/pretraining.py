"""``train pretraining``: an encoder from volumes without labels."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_salient.cli.commands import WrongUsage
from napari_salient.cli.follow import exit_code, follow
from napari_salient.cli.output import pairs, show
from napari_salient.cli.run_folders import metrics_of, recorded, refuse_beside_resume, start
from napari_salient.engine import ranks
from napari_salient.engine.bounds import Bounded, EveryNth, Positive
from napari_salient.engine.control import Control
from napari_salient.engine.events import FinishReason
from napari_salient.pretraining.settings import KIND, PoolTraining, PretrainingSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from napari_salient.engine.events import Finished
    from napari_salient.engine.run import Run


def train(
    pool: Path | None = None,
    /,
    *,
    published: bool = False,
    minutes: Positive | None = None,
    held_out_every: EveryNth = 5,
    runs: Path | None = None,
    resume: Path | None = None,
    json: bool = False,
    output: Path | None = None,
    settings: PretrainingSettings,
) -> int:
    """Teach an encoder on volumes that nobody has labelled.

    It learns to solve a task whose answers need no labels, such as by how much a view was turned.
    Every n-th patient is held out: on these it shows how much better than chance the answers are.
    Ctrl-C saves first; --resume goes on from there.

    Parameters
    ----------
    pool
        Folder of volumes or of colour pictures, or of a labelling project, whose pool is taken.
    published
        Settings with which the task was published, up to 1,000 epochs of this pool. Options given
        beside it hold instead; masked has none.
    minutes
        Time for training instead of a number of steps; five steps are timed first.
    held_out_every
        Every n-th patient in sorted order is held out, the same as by --test_every of finetune.
    runs
        Where the run gets its folder: a project's own place for runs, or ./runs.
    resume
        Folder of an interrupted run to go on with, with its settings and pool.
    json
        Print JSON instead of a table.
    output
        Also write the JSON to this file.
    settings
        The task, the network and the run.
    """
    given = PoolTraining(
        **vars(settings), pool=pool and pool.absolute(), held_out_every=held_out_every
    )
    refuse_beside_resume(resume, bool(published or minutes or runs or given != PoolTraining()))
    if resume is None and pool is None:
        raise WrongUsage("Name a folder of volumes or a project.")
    if minutes is not None and ranks.count() > 1:
        raise WrongUsage("Minutes are for one process; name --fit.steps for several.")
    if minutes is not None:
        given = _within(minutes, given)
    finished, run = _train(given, runs, resume)
    if not ranks.is_first():
        return exit_code(finished)
    result = {"run": str(run.directory), **metrics_of(finished.result)}
    show(result, pairs(result), as_json=json, output=output)
    return exit_code(finished)


def pool_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the published settings, and what the pool fixes: pictures have no neighbours."""
    from napari_salient.data.pictures import find_pictures
    from napari_salient.project.layout import is_project

    pool = options["pool"] and Path(options["pool"])
    chosen = _published(pool, options) if pool and options["published"] else {}
    of_pictures = pool and not is_project(pool) and find_pictures(pool)
    return chosen | ({"context": 0} if of_pictures else {})


def _published(pool: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    from napari_salient.pretraining.intake import find_pool
    from napari_salient.pretraining.presets import examples_in, published

    dims = options["spatial_dims"]
    files = find_pool(pool, options["held_out_every"])
    settings = published(options["task"], dims, examples_in(files, dims, options["plane"]))
    return dict(_options(settings))


def _options(settings: Bounded, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each setting by the name of its option, those of a group as ``group.name``."""
    for name, value in vars(settings).items():
        if isinstance(value, Bounded):
            yield from _options(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _train(given: PoolTraining, runs: Path | None, resume: Path | None) -> tuple[Finished, Run]:
    from napari_salient.pretraining.job import pretrain_job

    if resume is None:
        given.files()  # A pool that cannot be used leaves no run behind.
    run, kept = start(resume, runs or _runs_of(given), KIND, given)
    job = pretrain_job(kept.files(), run.directory, kept, run.control, resume=resume is not None)
    return follow(recorded(run, job), run.control, "train pretraining"), run


def _within(minutes: float, given: PoolTraining) -> PoolTraining:
    """Return the settings with as many steps as fit into some minutes on this machine."""
    from napari_salient.pretraining.job import steps_within, time_job

    control = Control()
    finished = follow(time_job(given.files(), given, control), control, "train pretraining")
    if finished.reason is FinishReason.CANCELLED:
        raise KeyboardInterrupt
    steps = steps_within(minutes, finished.result)
    print(
        f"train pretraining: a step takes {finished.result:.2g} s, so {minutes:g} minutes are "
        f"{steps:,} steps",
        file=sys.stderr,
    )
    return replace(given, fit=replace(given.fit, steps=steps))


def _runs_of(given: PoolTraining) -> Path:
    """Return a project's own place for runs, or one in the current folder."""
    from napari_salient.project.layout import RUNS, is_project

    return given.pool / RUNS if given.pool and is_project(given.pool) else Path(RUNS)
