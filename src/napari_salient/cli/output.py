"""A command's result: a table to read, or JSON for the next program."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from napari_salient.cli.commands import NOTICE
from napari_salient.engine.plain import plain
from napari_salient.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from napari_salient.engine.writing import Written


def show(
    result: Mapping[str, Any], text: str, *, as_json: bool = False, output: Path | None = None
) -> None:
    """Print `text`, or `result` as JSON; write the JSON to `output` as well if there is one.

    Both say that the outcome is for research use only.
    """
    document = json.dumps({**_finite(plain(result)), "notice": NOTICE}, indent=2)
    if output is not None:
        _write(output, document)
    print(document if as_json else f"{text}\n\n{NOTICE}")


def show_written(written: Written, folder: Path, *, as_json: bool = False) -> None:
    """Say which files a job wrote to `folder`, and what it left out."""
    files = [path.name for path in written.files]
    result = {"folder": str(folder), "files": files, "left_out": dict(written.left_out)}
    show(result, f"{len(written.files)} label files are in {folder}.", as_json=as_json)


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return aligned columns of text; numbers stand right."""
    cells = [list(heads), *([_cell(value) for value in row] for row in rows)]
    numeric = [all(_is_number(row[i]) for row in cells[1:]) for i in range(len(heads))]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    lines = []
    for row in cells:
        aligned = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=True)
        ]
        lines.append("  ".join(aligned).rstrip())
    return "\n".join(lines)


def pairs(values: Mapping[str, Any]) -> str:
    """Return one line for each name and value, with the values aligned."""
    width = max((len(name) for name in values), default=0)
    return "\n".join(f"{name:{width}}  {_cell(value)}" for name, value in values.items())


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _is_number(text: str) -> bool:
    return text == "–" or text.replace(".", "", 1).replace("-", "", 1).isdigit()


def _finite(value: Any) -> Any:
    """Return plain values with null for numbers that are none, which JSON has no word for."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _write(path: Path, document: str) -> None:
    from napari_salient.engine.atomic import write_atomically

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, document.encode())
    except OSError as error:
        raise InputError(f"The result cannot be written to {path}: {error.strerror}.") from error
