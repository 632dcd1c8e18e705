"""The table from which the panel says what was measured about each query strategy.

``python benchmarks/measured_strategies.py hippocampus=AXIAL.json hippocampus=CORONAL.json ...``
reads what `napari-salient simulate` wrote, each with the name of its data, and writes the table
into the package. It trains nothing. A strategy is called better than random only where that shows
on two planes of the same data.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

import napari_salient.active_learning.strategies as package
from napari_salient.active_learning.simulation.summary import (
    BASELINES,
    areas_under_curves,
    paired_difference,
)
from napari_salient.active_learning.strategies.measured import FILE_NAME, claim, read

Record = dict[str, Any]

TABLE = Path(package.__file__).with_name(FILE_NAME)
HEAD = "# Written by benchmarks/measured_strategies.py; differences in Dice, see measured.py.\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="+", help="DATA=FILE.json, as simulate wrote it")
    parser.add_argument("--output", type=Path, default=TABLE)
    given = parser.parse_args()
    rows = []
    for (data, plane), records in pooled(given.results).items():
        rows += rows_of(data, plane, records)
    given.output.write_text(HEAD + yaml.safe_dump(rows, sort_keys=False))
    for name in dict.fromkeys(row["strategy"] for row in rows):
        print(f"{name}: {claim(name, read(rows))}")
    return 0


def pooled(results: list[str]) -> dict[tuple[str, str], list[Record]]:
    """Return the records by data and plane; what two results of the same have in common is equal.

    Seeds share slices and weights over all strategies, so those of two experiments that differ in
    nothing but the strategies can be paired.
    """
    found: dict[tuple[str, str], dict[tuple[Any, ...], Record]] = {}
    settings: dict[tuple[str, str], dict[str, Any]] = {}
    for data, _, path in (result.partition("=") for result in results):
        result = json.loads(Path(path).read_text())
        key = data, result["settings"]["plane"]
        own = {**result["settings"], "strategies": "", "processes": 0}
        if settings.setdefault(key, own) != own:
            sys.exit(f"{path} has other settings than the results before it on {' '.join(key)}.")
        for record in result["records"]:
            place = record["strategy"], record["seed"], record["labelled_slices"]
            first = found.setdefault(key, {}).setdefault(place, record)
            if first["dice"] != record["dice"]:
                sys.exit(f"{path} differs from the results before it in {place}.")
    return {key: list(records.values()) for key, records in found.items()}


def rows_of(data: str, plane: str, records: list[Record]) -> list[dict[str, Any]]:
    """Return the rows of a plane: each strategy against each baseline that took part."""
    areas = areas_under_curves(
        (r["strategy"], r["seed"], r["labelled_slices"], r["dice"]) for r in records
    )
    slices = [record["labelled_slices"] for record in records]
    rows = []
    for name, against in ((n, b) for n in areas for b in BASELINES if b in areas and b != n):
        found = paired_difference(areas[name], areas[against])
        low, high = found["interval_95"]
        rows.append(
            {
                "strategy": name,
                "against": against,
                "data": data,
                "plane": plane,
                "seeds": len(areas[name]),
                "slices": [min(slices), max(slices)],
                "mean": round(found["mean"], 5),
                "low": round(low, 5),
                "high": round(high, 5),
            }
        )
    return rows


if __name__ == "__main__":
    sys.exit(main())
