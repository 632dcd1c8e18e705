"""Training examples to look at before anything is trained: pictures, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_salient.engine.threads import limit_threads, thread_share
from napari_salient.pretraining.intake import find_pool
from napari_salient.pretraining.job import pretraining_task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_salient.pretraining.proxy import Picture
    from napari_salient.pretraining.settings import PretrainingSettings, TaskName

EXAMPLES = 8

SENTENCES: dict[TaskName, str] = {
    "rotation": "The network sees this view and says by how much it was turned; here: {first}.",
    "jigsaw": (
        "The network sees the pieces in the order in which they lie here and says which of "
        "{answers} orders it is; here: the one that the numbers of the pieces give."
    ),
    "relative_location": (
        "The network sees two pieces, but not their places, and says where the second lies as seen "
        "from the centre; here: {last}."
    ),
    "cpc": (
        "From the context the network predicts what follows below it, and picks that out of the "
        "pieces of all columns and views of a batch; here: the pieces to be predicted."
    ),
    "exemplar": (
        "The network says from which of two views the deformed one was made; here: from its "
        "original, not from the one of another volume."
    ),
    "masked": "The network sees a view with {first} and fills it in; here: as in the other view.",
}
"""What each task asks, with the answer to the example that is shown."""


@dataclass(frozen=True, eq=False)
class Preview:
    """Examples as the network sees them.

    Parameters
    ----------
    settings
        Of the pretraining that they are examples of.
    examples : list of lists of Picture
        Inputs of the network, example by example.
    sides
        Voxels of what is cut out of a volume, along `axes`.
    piece
        Voxels of a piece of it; the same as `sides` where nothing is cut into pieces.
    axes
        Names of the view's axes.
    cells
        Places of the grid that the pieces lie in; empty without one.
    chance
        Accuracy of guessing.
    notes
        What a user should know about the task on these volumes, in sentences.
    channels
        Image channels of a volume.
    in_colour
        Whether these are red, green and blue.
    """

    settings: PretrainingSettings
    examples: list[list[Picture]]
    sides: tuple[int, ...]
    piece: tuple[int, ...]
    axes: tuple[str, ...]
    cells: tuple[tuple[int, ...], ...]
    chance: float
    notes: tuple[str, ...]
    channels: int
    in_colour: bool

    @property
    def depth(self) -> int:
        """Slices that an input is a stack of."""
        return len(self.examples[0][0].image) // self.channels

    @property
    def axes_shown(self) -> tuple[str, ...]:
        """Names of the axes along which `preview_layout.lay_out` lays the pictures."""
        return ("z", "y", "x") if len(self.axes) == 3 else self.axes

    @property
    def inputs(self) -> list[str]:
        """The channels of an input in words, in their order."""
        names = [f"channel {number + 1}" for number in range(self.channels)]
        slices = [_slice_words(number - self.depth // 2) for number in range(self.depth)]
        return [", ".join(_needed(name, where, self)) for name in names for where in slices]

    def sentence(self, number: int) -> str:
        """Return what the task asks and the answer to one of the examples."""
        pictures = self.examples[number]
        return SENTENCES[self.settings.task].format(
            first=pictures[0].words, last=pictures[-1].words, answers=round(1 / (self.chance or 1))
        )

    def facts(self) -> str:
        """Return the sizes and the chance level in words."""
        axes, seen = ", ".join(self.axes), self.examples[0][0].image.shape[1:]
        said = [f"Cut out of a volume: {_times(self.sides)} voxels ({axes})."]
        if self.piece != self.sides:
            said.append(f"Each piece: {_times(self.piece)} voxels.")
        if seen != self.piece:
            said.append(f"Enlarged to {_times(seen)} for the network.")
        if self.depth > 1:
            said.append(f"Each input is a stack of {self.depth} slices.")
        if self.settings.task == "masked":
            return " ".join([*said, "Guessing the mean explains 0 % of what is hidden."])
        return " ".join([*said, f"Guessing is right in {100 * self.chance:.2g} % of all cases."])


def preview_of(source: Path, held_out_every: int, settings: PretrainingSettings) -> Preview:
    """Draw the first examples that a pretraining on a folder or project would see.

    Raises
    ------
    InputError
        If there is no volume, or they are too small or too few for the task.
    ProjectError
        If the project cannot be opened.
    """
    files = find_pool(source, held_out_every)
    with limit_threads(thread_share()):
        task = pretraining_task(files, settings)
        examples = task.preview(EXAMPLES)
    grid = getattr(task.proxy, "grid", None)
    return Preview(
        settings=settings,
        examples=examples,
        sides=task.proxy.sides,
        piece=grid.piece if grid else task.proxy.sides,
        axes=task.proxy.geometry.axes,
        cells=grid.cells if grid else (),
        chance=task.proxy.chance(settings.batch_size),
        notes=task.notes,
        channels=task.spec.channels,
        in_colour=files.are_pictures,
    )


def _slice_words(step: int) -> str:
    if not step:
        return "the slice itself"
    return f"slice {abs(step)} {'after' if step > 0 else 'before'} it"


def _needed(channel: str, where: str, preview: Preview) -> Sequence[str]:
    """Leave out what all inputs have in common."""
    return [*([channel] if preview.channels > 1 else ()), *([where] if preview.depth > 1 else ())]


def _times(sides: Sequence[int]) -> str:
    return " x ".join(map(str, sides))
