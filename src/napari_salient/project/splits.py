"""Which cases may be learned from: drawn once, patient by patient, and guarded ever after."""

from __future__ import annotations

import hashlib
import math
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

from napari_salient.errors import InputError, ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_salient.data.label_list import Listed
    from napari_salient.project.catalogue import Catalogue

Split = Literal["pool", "validation", "test"]
"""``pool`` is proposed and trained on; ``validation`` chooses checkpoints; ``test`` nothing."""

SPLITS: tuple[Split, ...] = get_args(Split)

Use = Literal["propose", "train", "choose"]
"""What cases are wanted for: to be proposed, trained on, or used to choose a checkpoint."""

_ALLOWED: dict[Use, tuple[Split, ...]] = {
    "propose": ("pool",),
    "train": ("pool",),
    "choose": ("pool", "validation"),
}
_VERBS: dict[Use, str] = {
    "propose": "proposed",
    "train": "trained on",
    "choose": "used to choose a checkpoint",
}
_ENOUGH_FOR_ALL = 3


@dataclass(frozen=True)
class SplitFractions:
    """Shares of the patients; they add up to 1."""

    pool: float = 0.8
    validation: float = 0.1
    test: float = 0.1

    def __post_init__(self) -> None:
        shares = astuple(self)
        if min(shares) < 0 or not math.isclose(sum(shares), 1.0, abs_tol=1e-6) or not self.pool:
            raise InputError(
                f"The shares of pool, validation and test must add up to 1 with some pool, not "
                f"{shares}."
            )


def draw_splits(patients: Iterable[str], fractions: SplitFractions, seed: int) -> dict[str, Split]:
    """Return each patient's split, the same for the same patients and seed in any order.

    From three patients on, no split with a share stays empty.
    """
    ordered = sorted(set(patients), key=lambda patient: (_uniform(patient, seed), patient))
    counts = _whole_counts(len(ordered), fractions)
    names = [split for split, count in zip(SPLITS, counts, strict=True) for _ in range(count)]
    return dict(zip(ordered, names, strict=True))


def split_listed(listed: Sequence[Listed], fractions: SplitFractions, seed: int) -> list[Listed]:
    """Return the pictures of a list with their splits, drawn by patient if the list has none."""
    drawn = draw_splits((one.patient for one in listed), fractions, seed)
    return [replace(one, split=one.split or drawn[one.patient]) for one in listed]


def draw_split(patient: str, fractions: SplitFractions, seed: int) -> Split:
    """Return the split of a patient who came later; it depends on nothing but patient and seed."""
    position = _uniform(patient, seed)
    if position < fractions.pool:
        return "pool"
    return "validation" if position < fractions.pool + fractions.validation else "test"


def check_no_leak(catalogue: Catalogue, case_ids: Iterable[int], use: Use) -> None:
    """Refuse a list of cases in which any is held out from `use`.

    Raises
    ------
    ProjectError
        Naming a case that would leak.
    """
    ids = set(case_ids)
    for split in set(SPLITS) - set(_ALLOWED[use]):
        held_out = catalogue.ids_in(split) & ids
        if held_out:
            name = catalogue.case(min(held_out)).name
            others = f" and {len(held_out) - 1} more" if len(held_out) > 1 else ""
            raise ProjectError(
                f"Case '{name}'{others} is held out for {split} and cannot be {_VERBS[use]}; take "
                "it off the list."
            )


def hash_patient(identifier: str, salt: str) -> str:
    """Return the salted hash under which a patient is known; the identifier is not stored."""
    return hashlib.blake2b(identifier.encode(), key=bytes.fromhex(salt), digest_size=16).hexdigest()


def _whole_counts(patients: int, fractions: SplitFractions) -> tuple[int, int, int]:
    least = 1 if patients >= _ENOUGH_FOR_ALL else 0
    held_out = [
        max(int(share * patients + 0.5), least) if share else 0
        for share in (fractions.validation, fractions.test)
    ]
    while sum(held_out) >= max(patients, 1):
        held_out[held_out.index(max(held_out))] -= 1
    return patients - sum(held_out), held_out[0], held_out[1]


def _uniform(patient: str, seed: int) -> float:
    digest = hashlib.blake2b(patient.encode(), key=str(seed).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
