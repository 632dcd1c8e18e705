"""What the panel says, in words: tasks, budgets, what was learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_salient.pretraining.survey import counted
from napari_salient.widgets.time_left import duration_text

if TYPE_CHECKING:
    from napari_salient.pretraining.settings import PoolTraining, TaskName
    from napari_salient.pretraining.survey import Estimate
    from napari_salient.widgets.pretrain.history import History

TASKS: dict[TaskName, tuple[str, str]] = {
    "rotation": ("Rotation", "Says by how much a view was turned."),
    "jigsaw": ("Jigsaw", "Says in which order the pieces of a view were shuffled."),
    "relative_location": (
        "Relative location",
        "Says where one piece of a view lies as seen from the piece in the middle.",
    ),
    "cpc": (
        "Predictive coding (CPC)",
        "Picks the piece that really continues what lies above it, among many others.",
    ),
    "exemplar": (
        "Exemplar",
        "Tells a deformed and re-contrasted copy of a view from a view of another volume.",
    ),
    "masked": ("Masked reconstruction", "Fills in small cubes of a view that were hidden."),
}
"""Name of each task, and what the network learns in it."""

HARDLY = 0.05
"""Share of what lies between chance and perfection up to which hardly anything was learned."""


def title_of(training: PoolTraining) -> str:
    """Return what a run is, in a line: ``Rotation in 3D on images``."""
    pool = training.pool.name if training.pool else "an unknown pool"
    return f"{TASKS[training.task][0]} in {training.spatial_dims}D on {pool}"


def estimate_text(known: Estimate, steps: int) -> str:
    """Return what a training takes: ``A step takes 0.12 s: 250 steps in 30 s. It needs …``."""
    whole = duration_text(steps * known.seconds)
    pace = f"A step takes {known.seconds:.2g} s: {counted(steps, 'steps')} in {whole}."
    return f"{pace} {known.memory.warning or f'It {known.memory.sentence}.'}"


def outcome_text(task: TaskName, history: History) -> str:
    """Return in one sentence what was learned, measured on held-out volumes where there are any."""
    accuracy, chance = history.measured.get("accuracy", history.reached), history.chance
    if accuracy is None or chance is None:
        return "Nothing was measured."
    where = "held-out volumes" if history.measured else "the volumes it learned from"
    if task == "masked":
        said = f"On {where} it explains {accuracy:.0%} of what was hidden; the mean explains none"
    else:
        said = (
            f"On {where} {accuracy:.0%} of its answers are right; by chance it would be "
            f"{chance:.0%}"
        )
    if accuracy - chance <= HARDLY * (1 - chance):
        return f"{said}: it learned hardly anything. Train longer, or choose another task."
    return f"{said}."
