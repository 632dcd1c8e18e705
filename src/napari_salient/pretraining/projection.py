"""Features of many slices on a plane, by t-SNE in a process of its own that can be ended.

scikit-learn's t-SNE takes seconds to a minute and cannot be interrupted. Started as a program, this
module reads principal components from its input and writes points to its output.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

import numpy as np

from napari_salient.engine.threads import BEHIND_WINDOW, thread_share
from napari_salient.errors import RunError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_salient.engine.control import Control

COMPONENTS = 50
"""Principal components that t-SNE starts from."""

LEAST_FOR_TSNE = 12
POLL_S = 0.1
"""How long a cancel may go unheard."""


def project(
    features: NDArray[np.float32], control: Control
) -> tuple[NDArray[np.float32], str] | None:
    """Bring features (slice, feature) to two dimensions, each of them counting alike.

    Returns
    -------
    points : float32 array, shape (slice, 2)
    method : str
        t-SNE, or principal components where there are too few slices for it or all are the same.
        Nothing at all once `control` is cancelled.

    Raises
    ------
    RunError
        If the process that computes it fails.
    """
    components = principal_components(standardised(features))
    flat = components[:, :2].astype(np.float32)
    if len(flat) < LEAST_FOR_TSNE or not flat.std(0).any():
        return flat, "principal components"
    points = _tsne_apart(components[:, :COMPONENTS], control)
    return None if points is None else (points, "t-SNE")


def principal_components(scaled: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return features of mean 0 along their principal axes, at least two, the longest first."""
    left, lengths, _ = np.linalg.svd(scaled, full_matrices=False)
    components: NDArray[np.float64] = left * lengths
    return np.pad(components, [(0, 0), (0, max(2 - components.shape[1], 0))])


def standardised(features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return features of mean 0 and SD 1; those that never vary become 0."""
    spread = features.std(0, dtype=np.float64)
    centred = features - features.mean(0, dtype=np.float64)
    return np.where(spread > 0, centred / np.where(spread > 0, spread, 1), 0)


def tsne(components: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return points (slice, 2), the same ones each time."""
    from sklearn.manifold import TSNE

    flat = components[:, :2]
    perplexity = min(30.0, (len(flat) - 1) / 3)
    start = flat * (1e-4 / flat.std(0).max())
    method = TSNE(perplexity=perplexity, init=start, random_state=0, n_jobs=1)
    points: NDArray[np.float32] = method.fit_transform(components).astype(np.float32)
    return points


def _tsne_apart(components: NDArray[np.float64], control: Control) -> NDArray[np.float32] | None:
    """Run this module on components; end it, and return nothing, once `control` is cancelled."""
    environment = {"PYTHONSAFEPATH": "1", "OMP_NUM_THREADS": str(thread_share())}
    with TemporaryFile() as given, TemporaryFile() as made, TemporaryFile() as complaints:
        np.save(given, components, allow_pickle=False)
        given.seek(0)
        with subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=given,
            stdout=made,
            stderr=complaints,
            env=os.environ | environment,
        ) as child:
            try:
                while not control.cancelled:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        child.wait(POLL_S)
                        return _read(made, complaints)
            finally:
                child.kill()
    return None


def _read(made: IO[bytes], complaints: IO[bytes]) -> NDArray[np.float32]:
    made.seek(0)
    try:
        points: NDArray[np.float32] = np.load(made, allow_pickle=False)
    except (EOFError, ValueError) as error:
        complaints.seek(0)
        said = complaints.read().decode(errors="replace").strip().splitlines()
        why = said[-1] if said else "its process ended without a word"
        raise RunError(f"The map could not be drawn ({why}); draw it again.") from error
    return points


def _main() -> None:
    if hasattr(os, "nice"):
        os.nice(BEHIND_WINDOW)
    components = np.load(sys.stdin.buffer, allow_pickle=False)
    np.save(sys.stdout.buffer, tsne(components), allow_pickle=False)


if __name__ == "__main__":
    _main()
