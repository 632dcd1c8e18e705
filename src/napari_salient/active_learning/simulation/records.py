"""The experiment's results on disk: a line for each round, so that a kill costs little."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_salient.active_learning.settings import SimulationSettings
from napari_salient.active_learning.stopping import prequential_agreement
from napari_salient.engine.experiment_file import ExperimentFile

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Record:
    """What one strategy with one seed had reached after one round.

    `labelled` holds the labelled slices as (case, index), `next` those chosen for the following
    round; `audit` says which of these were drawn at random to check the model, and `agreement` how
    much of the model's labels an annotator would leave in each. `dice` is the mean over the
    foreground classes of `dice_per_class`, on the test volumes, `validation_dice` the same on the
    validation volumes, where there are any. `probe` holds the predictions by which the next round
    measures its `stability`: the Dice between the two.
    """

    strategy: str
    seed: int
    round: int
    labelled_slices: int
    volumes_touched: int
    dice_per_class: dict[str, float]
    dice: float
    foreground_dice: float
    dead_classes: list[int]
    seconds: float
    cpu_seconds: float
    labelled: list[tuple[int, int]]
    next: list[tuple[int, int]]
    validation_dice: float | None = None
    probe: str = ""
    stability: float | None = None
    audit: list[bool] = field(default_factory=list)
    agreement: list[float] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """Return what the result file shows: no lists of slices and no predictions.

        The next slices are there as their number and mean agreement, drawn at random and chosen.
        """
        row = dataclasses.asdict(self)
        for name in ("labelled", "next", "probe", "audit", "agreement"):
            del row[name]
        audit, chosen = prequential_agreement(self.agreement, self.audit)
        return {
            **row,
            "next_audit": dataclasses.asdict(audit),
            "next_chosen": dataclasses.asdict(chosen),
        }


class RecordFile:
    """Rounds appended to ``<output>.partial.jsonl``, under a first line with the settings.

    Raises
    ------
    InputError
        If the file holds rounds of an experiment with other settings or other volumes.
    """

    def __init__(self, output: Path, identity: dict[str, Any]) -> None:
        self._file = ExperimentFile(output, identity, same_experiment)
        self.records = [_record(values) for values in self._file.found]

    def add(self, record: Record) -> None:
        """Keep a record; it is on disk when this returns."""
        self._file.append(dataclasses.asdict(record))
        self.records.append(record)

    def last(self, strategy: str, seed: int) -> Record | None:
        """Return the newest record of a strategy and seed."""
        mine = [r for r in self.records if r.strategy == strategy and r.seed == seed]
        return max(mine, key=lambda record: record.round, default=None)

    def close(self) -> None:
        """Remove the file: the result has been written."""
        self._file.close()


def identity_of(
    settings: SimulationSettings,
    names: list[str],
    pretrained: dict[str, Any] | None = None,
    labels: list[str] | None = None,
) -> dict[str, Any]:
    """Return what must be equal for rounds to belong to the same experiment.

    `pretrained` says which encoder trainings start from, if any, `labels` are the hashes of the
    label files.
    """
    settings_and_data = {"settings": dataclasses.asdict(settings), "volumes": names}
    return {**settings_and_data, "labels": labels, "pretrained": pretrained}


def same_experiment(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether two of `identity_of` agree, whatever the number of processes.

    A setting that one lacks was added after it was written, and is as it is by default. Labels that
    one lacks are taken to be those of the other.
    """
    defaults = dataclasses.asdict(SimulationSettings())
    first, second = ({**defaults, **it["settings"], "processes": 0} for it in (one, other))
    alike = (one.get(name) == other.get(name) for name in ("volumes", "pretrained"))
    labels = [it["labels"] for it in (one, other) if it.get("labels")]
    return first == second and all(alike) and labels[:1] == labels[-1:]


def _record(values: dict[str, Any]) -> Record:
    for name in ("labelled", "next"):
        values[name] = [(case, index) for case, index in values[name]]
    return Record(**values)
