"""``doctor``: what is wrong with this machine and how to mend it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from napari_salient.cli import checks, probes
from napari_salient.cli.output import show, table

CHECKS = (
    ("versions", checks.versions),
    ("window", probes.window),
    ("devices", probes.devices),
    ("memory", checks.memory),
    ("threads", checks.threads),
    ("llvm", checks.llvm),
    ("readers", checks.readers),
    ("writing", checks.writing),
)


def doctor(*, json: bool = False, output: Path | None = None) -> int:
    """Say what is wrong with this machine and how to mend it.

    Looks at versions, the Qt binding and whether a window opens, devices, memory, threads,
    readers and writing. The exit code is 1 if anything failed; a warning leaves it at 0.

    Parameters
    ----------
    json
        Print JSON instead of a table.
    output
        Also write the JSON to this file.
    """
    rows = list(checks.examine(CHECKS))
    shown = [(row.check, row.status, row.found) for row in rows]
    advice = [f"{row.check}: {row.mend}" for row in rows if row.status != "ok"]
    findings = table(("check", "status", "found"), shown)
    text = "\n".join([findings, "", *advice]) if advice else findings
    result = {"rows": [dataclasses.asdict(row) for row in rows], "healthy": not _failed(rows)}
    show(result, text, as_json=json, output=output)
    return 1 if _failed(rows) else 0


def _failed(rows: list[checks.Row]) -> bool:
    return any(row.status == "fail" for row in rows)
