"""Scores every slice of a pool: how unsure the model is about it, and what it is like."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import TYPE_CHECKING, Protocol

import numpy as np

from napari_salient.active_learning.committee import thinned
from napari_salient.active_learning.doubt import MAPS, disagreement
from napari_salient.active_learning.pool import FEATURES, PoolScores
from napari_salient.data.planes import axis_of
from napari_salient.engine.events import CaseSkipped, Event, Finished, FinishReason, Progress
from napari_salient.engine.jobs import job
from napari_salient.errors import SalientError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_salient.active_learning.model import Segmenter, SliceOutput
    from napari_salient.engine.control import Control


class SliceScorer(Protocol):
    """What `score_pool` asks about each volume."""

    def score(self, case_id: int, image: NDArray[np.float32]) -> PoolScores:
        """Return what there is to say about each slice of a volume ``(channel, z, y, x)``."""


class Scorer:
    """Measures the slices of volumes, all that was asked for from one reading of each.

    The thinned networks of ``bald`` and the snapshots of ``ensemble`` look at each volume as well;
    everything else comes from one pass of the model.

    Parameters
    ----------
    model
        In evaluation mode.
    needs
        Names of measures, and ``features``.
    snapshots
        Networks whose disagreement is ``ensemble``; with fewer than two there is no such measure.
    """

    def __init__(
        self, model: Segmenter, needs: Collection[str], snapshots: Sequence[Segmenter] = ()
    ) -> None:
        self.model = model
        self.needs = frozenset(needs)
        self._committees: dict[str, Sequence[Segmenter]] = {}
        if "bald" in self.needs:
            self._committees["bald"] = thinned(model)
        if "ensemble" in self.needs and len(snapshots) > 1:
            self._committees["ensemble"] = snapshots

    def score(self, case_id: int, image: NDArray[np.float32]) -> PoolScores:
        """Return what there is to say about each slice of a volume ``(channel, z, y, x)``."""
        indices = range(image.shape[axis_of(self.model.spec.plane) + 1])
        outputs = self.model.slice_outputs(image, indices)
        measures, features = zip(*(self._of_part(output) for output in outputs), strict=True)
        joined = {name: np.concatenate([part[name] for part in measures]) for name in measures[0]}
        for name, networks in self._committees.items():
            joined[name] = _disagreement(networks, image, indices)
        return PoolScores(
            case_id=np.full(len(indices), case_id),
            index=np.arange(len(indices)),
            measures=joined,
            features=np.concatenate(features) if FEATURES in self.needs else None,
        )

    def _of_part(
        self, output: SliceOutput
    ) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float32]]:
        logits = output.logits
        measures = {
            name: _column(pixels(logits).mean((1, 2)))
            for name, pixels in MAPS.items()
            if name in self.needs
        }
        if "foreground" in self.needs:
            measures["foreground"] = _column((logits.argmax(1) > 0).sum((1, 2)))
        return measures, output.features.cpu().numpy()


@job
def score_pool(
    scorer: SliceScorer,
    case_ids: Iterable[int],
    load: Callable[[int], NDArray[np.float32]],
    control: Control,
) -> Iterator[Event]:
    """Score all slices of the cases along the model's plane; a second thread reads ahead.

    Parameters
    ----------
    scorer
        Says what to measure, with which network.
    case_ids
        The pool.
    load
        Returns a case's normalised volume (channel, z, y, x); a `SalientError` from it skips the
        case.
    control
        Looked at after every case.

    Yields
    ------
    Progress
        After each case.
    CaseSkipped
        For each case that could not be read.
    Finished
        At the end, with `PoolScores` as its result.
    """
    cases = list(case_ids)
    parts: list[PoolScores] = []
    for done, (case, image) in enumerate(_read_ahead(cases, load), start=1):
        if isinstance(image, SalientError):
            yield CaseSkipped(case, str(image))
        else:
            parts.append(scorer.score(case, image))
        yield Progress(done, len(cases), "volumes scored")
        if not control.proceed():
            yield Finished(FinishReason.CANCELLED)
            return
    yield Finished(FinishReason.COMPLETED, result=stack_scores(parts))


def stack_scores(parts: Sequence[PoolScores]) -> PoolScores:
    """Put the scores of several cases into one table."""
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        return PoolScores(nothing, nothing, {})
    features = [part.features for part in parts if part.features is not None]
    return PoolScores(
        case_id=np.concatenate([part.case_id for part in parts]),
        index=np.concatenate([part.index for part in parts]),
        measures={
            name: np.concatenate([part.measures[name] for part in parts])
            for name in parts[0].measures
        },
        features=np.concatenate(features) if features else None,
    )


def _disagreement(
    networks: Sequence[Segmenter], image: NDArray[np.float32], indices: Sequence[int]
) -> NDArray[np.float64]:
    """Return the mean disagreement over each slice; one network's output is held at a time."""
    streams = [network.slice_outputs(image, indices) for network in networks]
    columns = []
    for first in streams[0]:
        logits = chain([first.logits], (next(stream).logits for stream in streams[1:]))
        columns.append(_column(disagreement(logits).mean((1, 2))))
    return np.concatenate(columns)


def _column(values: Tensor) -> NDArray[np.float64]:
    return values.cpu().numpy().astype(np.float64)


def _read_ahead(
    cases: list[int], load: Callable[[int], NDArray[np.float32]], ahead: int = 2
) -> Iterator[tuple[int, NDArray[np.float32] | SalientError]]:
    """Yield (case, volume or the error that reading it gave) while the next ones are being read."""

    def read(case: int) -> NDArray[np.float32] | SalientError:
        try:
            return load(case)
        except SalientError as error:
            return error

    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead") as reader:
        waiting = iter(cases)
        pending = [(case, reader.submit(read, case)) for case in islice(waiting, ahead)]
        try:
            while pending:
                case, volume = pending.pop(0)
                yield case, volume.result()
                pending += [(case, reader.submit(read, case)) for case in islice(waiting, 1)]
        finally:
            for _, volume in pending:
                volume.cancel()
