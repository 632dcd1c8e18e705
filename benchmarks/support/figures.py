"""Quantiles with intervals, and how a benchmark's figures leave it."""

from __future__ import annotations

import json
import os
import platform
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

DRAWS = 2000


def median_interval(values: Sequence[float], seed: int = 0) -> dict[str, float]:
    """Return the median with its 95 % bootstrap interval, and the number of values."""
    drawn = np.random.default_rng(seed).choice(values, (DRAWS, len(values)))
    low, high = np.percentile(np.median(drawn, axis=1), (2.5, 97.5))
    return {
        "median": float(np.median(values)),
        "low": float(low),
        "high": float(high),
        "n": len(values),
    }


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """Return p50, p95, p99 and the maximum."""
    p50, p95, p99 = np.percentile(values, (50, 95, 99))
    return {"p50": float(p50), "p95": float(p95), "p99": float(p99), "max": float(np.max(values))}


def interval_text(interval: dict[str, float], unit: str = "", digits: int = 1) -> str:
    """Return ``12.3 ms (11.9 to 12.8)``."""
    middle, low, high = (f"{interval[name]:.{digits}f}" for name in ("median", "low", "high"))
    return f"{middle}{unit and ' ' + unit} ({low} to {high})"


def print_table(rows: Sequence[Sequence[object]]) -> None:
    """Print rows, the first of them the head, in columns."""
    texts = [[f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in r] for r in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )


def say(passed: bool, what: str) -> None:
    """Print a target and whether it was reached."""
    print(f"{'reached' if passed else 'MISSED '}  {what}")


def write_result(name: str, options: argparse.Namespace, **parts: Any) -> None:
    """Write the result as JSON to where ``--output`` says, with the machine it was measured on."""
    result = {
        "benchmark": name,
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "system": platform.system(),
            "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
        },
        "settings": {
            option: value for option, value in vars(options).items() if option != "output"
        },
        **parts,
    }
    output: Path = options.output
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(result, indent=2, default=str) + "\n")
    print(f"written to {output}", file=sys.stderr)
