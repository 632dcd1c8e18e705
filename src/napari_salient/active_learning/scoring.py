"""Scores every slice of a pool by how unsure the model is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from napari_salient.active_learning.predict import entropy
from napari_salient.data.planes import axis_of
from napari_salient.engine.events import Event, Finished, FinishReason, Progress
from napari_salient.errors import SalientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from napari_salient.active_learning.model import Segmenter
    from napari_salient.engine.control import Control


@dataclass(frozen=True)
class PoolScores:
    """The outcome of scoring: one row a slice.

    Parameters
    ----------
    case_id, index : int64 arrays, shape (slice,)
    entropy : float64 array, shape (slice,)
        Mean Shannon entropy over the slice's own pixels, in nats.
    """

    case_id: NDArray[np.int64]
    index: NDArray[np.int64]
    entropy: NDArray[np.float64]


@dataclass(frozen=True)
class CaseSkipped(Event):
    """A case could not be read; the job went on without it."""

    case_id: int
    message: str


def score_pool(
    model: Segmenter,
    case_ids: Iterable[int],
    load: Callable[[int], NDArray[np.float32]],
    control: Control,
) -> Iterator[Event]:
    """Score all slices of the cases along the model's plane; a second thread reads ahead.

    Parameters
    ----------
    model
        In evaluation mode.
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
    rows: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    try:
        for done, (case, image) in enumerate(_read_ahead(cases, load), start=1):
            if isinstance(image, SalientError):
                yield CaseSkipped(case, str(image))
            else:
                scores = slice_entropies(model, image)
                rows.append((np.full(len(scores), case), np.arange(len(scores)), scores))
            yield Progress(done, len(cases), "volumes scored")
            if not control.proceed():
                yield Finished(FinishReason.CANCELLED)
                return
        yield Finished(FinishReason.COMPLETED, result=_stack(rows))
    except Exception as error:
        yield Finished(FinishReason.ERRORED, message=str(error), error=error)


def slice_entropies(model: Segmenter, image: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return each slice's mean entropy, shape (slice,), of a volume ``(channel, z, y, x)``."""
    count = image.shape[axis_of(model.spec.plane) + 1]
    means = [entropy(logits).mean((1, 2)) for _, logits in model.slice_logits(image, range(count))]
    return np.concatenate([mean.cpu().numpy() for mean in means]).astype(np.float64)


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


def _stack(
    rows: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]],
) -> PoolScores:
    if not rows:
        nothing = np.zeros(0, dtype=np.int64)
        return PoolScores(nothing, nothing, np.zeros(0))
    case_id, index, scores = (np.concatenate(column) for column in zip(*rows, strict=True))
    return PoolScores(case_id, index, scores)
