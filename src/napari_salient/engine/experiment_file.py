"""What an experiment has found so far, line by line, so that a kill costs little."""

from __future__ import annotations

import json
import operator
import os
from typing import TYPE_CHECKING, Any

from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Same = Callable[[Any, Any], bool]


class ExperimentFile:
    """The lines of ``<output>.partial.jsonl``, under a first one that says which experiment it is.

    What a killed writer tore off at the end is dropped.

    Parameters
    ----------
    output
        Where the result will be.
    identity
        What must be equal for findings to belong together, as JSON values.
    same
        Whether a stored identity agrees with this one.

    Attributes
    ----------
    found
        What was in the file when it was opened, without the first line.

    Raises
    ------
    InputError
        If the file belongs to another experiment.
    """

    def __init__(self, output: Path, identity: Any, same: Same = operator.eq) -> None:
        self._path = output.with_name(output.name + ".partial.jsonl")
        lines = _whole_lines(self._path)
        if not lines:
            self.append(identity)
        elif not _agrees(lambda: same(json.loads(lines[0]), identity)):
            raise InputError(
                f"{self._path} holds part of an experiment with other settings or volumes, or on "
                "other files; repeat those to go on with it, or delete the file to start anew."
            )
        self.found = [json.loads(line) for line in lines[1:]]

    def append(self, values: Any) -> None:
        """Add a line; it is on disk when this returns."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def close(self) -> None:
        """Remove the file: the result has been written."""
        self._path.unlink()


def refuse_other_result(
    output: Path, identity: Any, identity_in: Callable[[Any], Any], same: Same = operator.eq
) -> None:
    """Refuse to write over anything but a result of the same experiment.

    Parameters
    ----------
    output
        The file to be written.
    identity, same
        As for `ExperimentFile`.
    identity_in
        Finds the identity in the content of a result file.

    Raises
    ------
    InputError
        If the file holds something else, its name is that of the picture beside it, or there is
        such a picture without it.
    """
    if output.suffix == ".png":
        raise InputError(
            f"{output} is a name for a picture, which is drawn beside the output; choose one that "
            "ends in .json."
        )
    if not output.exists():
        _refuse_other_picture(output.with_suffix(".png"))
        return
    if not _agrees(lambda: same(identity_in(json.loads(output.read_bytes())), identity)):
        raise InputError(
            f"{output} holds something other than the result of this experiment; choose another "
            "name for the output, or move that file away."
        )


def _refuse_other_picture(picture: Path) -> None:
    if picture.exists():
        raise InputError(
            f"{picture} is there already, and a picture of that name is drawn beside the output; "
            "choose another name for the output, or move that picture away."
        )


def _agrees(compare: Callable[[], bool]) -> bool:
    """Whether a comparison holds; what cannot be read as an identity agrees with none."""
    try:
        return compare()
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _whole_lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole, encoding="utf-8")
    return whole.splitlines()
