"""What a round's model says about the pool, kept in the folder of its run until it is adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.engine.atomic import write_atomically
from napari_salient.errors import RunError
from napari_salient.project.rounds import Scores

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "scores.safetensors"
MEASURE = "measure/"


def write_scores(run_dir: Path, scores: Scores) -> None:
    """Store slices and measures; the file is on disk when this returns."""
    from safetensors.numpy import save

    measures = {MEASURE + name: values for name, values in scores.measures.items()}
    columns = {"case_id": scores.case_id, "index": scores.index, **measures}
    write_atomically(run_dir / FILE_NAME, save(columns))


def read_scores(run_dir: Path) -> Scores:
    """Return what `write_scores` kept.

    Raises
    ------
    RunError
        If the file is missing or broken.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = run_dir / FILE_NAME
    try:
        stored = load(path.read_bytes())
        case_id, index = stored.pop("case_id"), stored.pop("index")
    except (OSError, SafetensorError, KeyError) as error:
        raise RunError(f"{path} cannot be read ({error}); train a new round.") from error
    measures = {name.removeprefix(MEASURE): values for name, values in stored.items()}
    return Scores(case_id, index, measures)
