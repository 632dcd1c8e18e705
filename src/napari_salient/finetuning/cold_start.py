"""The first slices to label, chosen by a pretrained encoder before there is any label."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.choosing import pool_sizes
from napari_salient.active_learning.pool import PoolScores
from napari_salient.engine.events import Event, Finished, FinishReason, Progress, Warned
from napari_salient.engine.jobs import Cancelled, job, outcome
from napari_salient.engine.threads import limit_threads, thread_share
from napari_salient.errors import InputError
from napari_salient.pretraining.library import newest_checkpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_salient.active_learning.pool import Proposal
    from napari_salient.active_learning.session import LabellingSession
    from napari_salient.engine.control import Control
    from napari_salient.pretraining.encoder import Encoder
    from napari_salient.pretraining.spec import PretrainingSpec
    from napari_salient.project.project import Project

WHERE = "in the features of the pretraining"


def look_at_pool(session: LabellingSession, source: Path, control: Control) -> Iterator[Event]:
    """Return the job that gives the pool's slices features, to be iterated in a worker thread.

    Parameters
    ----------
    session
        Its pool is looked at, but for the cases that are set aside.
    source
        Checkpoint of a pretraining, or the folder of its run, whose newest one is taken.
    control
        Looked at after every case.

    Yields
    ------
    Progress
        After each case.
    CaseSkipped
        For each case that cannot be read, or has other channels than the pretraining.
    Finished
        At the end, with what `propose_first` takes as its result.

    Raises
    ------
    InputError
        At once, if the project has a trained model, which knows better what to propose.
    """
    project = session.project
    if project.catalogue.rounds():
        raise InputError(
            f"{project.folder} has a trained model, whose rounds propose what to label next."
        )
    cases = [c for c in pool_sizes(project.catalogue, session.plane) if c not in session.set_aside]
    threads = session.settings.segmentation.fit.threads
    return _features(project, cases, source, threads, control)


def propose_first(
    session: LabellingSession, features: PoolScores, count: int | None = None
) -> list[Proposal]:
    """Put slices into the queue that are far from each other in the eyes of the encoder.

    Parameters
    ----------
    session
        On its own thread.
    features
        Result of `look_at_pool`.
    count
        How many; one batch by default.

    Returns
    -------
    list of Proposal
        The new ones, in order; slices that were labelled meanwhile are not among them.
    """
    return session.propose_by(features, WHERE, count)


@dataclass(frozen=True)
class _Looker:
    """Gives slices their features, and no measures."""

    encoder: Encoder
    spec: PretrainingSpec

    def score(self, case_id: int, image: NDArray[np.float32]) -> PoolScores:
        from napari_salient.pretraining.features import slice_features

        features = slice_features(self.encoder, self.spec, image)
        index = np.arange(len(features))
        return PoolScores(np.full(len(index), case_id), index, {}, features)


@job
def _features(
    project: Project, cases: Sequence[int], source: Path, threads: int, control: Control
) -> Iterator[Event]:
    import sklearn.metrics  # noqa: F401 - takes seconds, and `propose_first` may be in a window

    from napari_salient.active_learning.scoring import score_pool
    from napari_salient.data.volumes import load_image, normalise
    from napari_salient.pretraining.features import encoder_of

    yield Progress(0, len(cases), "loading the encoder")
    plane = project.settings.plane
    encoder, spec = encoder_of(newest_checkpoint(source))
    if spec.plane != plane:
        yield Warned(f"The encoder was taught on {spec.plane} and not on {plane} slices.")

    def load(case_id: int) -> NDArray[np.float32]:
        header = project.header(case_id)
        if header.channels != spec.channels:
            raise InputError(
                f"{header.path} has {header.channels} channels and the encoder was pretrained on "
                f"{spec.channels}; choose a pretraining on volumes of the same kind."
            )
        return normalise(load_image(header))

    looker = _Looker(encoder, dataclasses.replace(spec, plane=plane))
    try:
        with limit_threads(thread_share(threads)):
            found = yield from outcome(score_pool(looker, cases, load, control))
    except Cancelled:
        yield Finished(FinishReason.CANCELLED)
        return
    if found.features is None:
        raise InputError("No volume of the pool could be looked at, so nothing is proposed.")
    yield Finished(FinishReason.COMPLETED, result=found)
