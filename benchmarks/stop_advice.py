"""What obeying the stop advice would have cost and saved in simulated labelling.

``python benchmarks/stop_advice.py RESULT.json ...`` reads what ``napari-salient simulate``
wrote and trains nothing. A run is one strategy with one seed; after each of its rounds the advice
is asked, from the Dice on validation volumes where there were any, else on the test volumes. The
tool starts its rounds from the last weights, so the advice is to be judged on runs with
``--warm_start true``.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from napari_salient.active_learning.stopping import Agreement, advise

LOST, SAVED, SHARE = 0.01, 0.25, 0.8
"""At most this Dice lost and at least this share of slices saved, on this share of the runs."""

AUDITED = Agreement(None, 10)
"""A simulation has no audit slices but held-out volumes: nothing to warn about."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="+", help="output files of simulate")
    parser.add_argument("--output", type=Path, default=Path("out/stop_advice.json"))
    given = parser.parse_args()
    results = [json.loads(path.read_text()) for path in given.results]
    runs = [run for result in results for run in runs_of(result)]
    rows = {
        rule: [obey(run, runs, rule) for run in runs] for rule in ("whole rule", "forecast alone")
    }
    result = {
        "runs": len(runs),
        "warm_start": all(result["settings"].get("warm_start", False) for result in results),
        "forecast": forecast_error(runs),
        "rules": {rule: summarise(of_rule) for rule, of_rule in rows.items()},
        "obeyed": rows,
    }
    say(result)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(result, indent=1) + "\n")
    return 0


def runs_of(result: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the records of each strategy and seed in the order of their rounds."""
    runs = defaultdict(list)
    for record in sorted(result["records"], key=lambda record: record["round"]):
        runs[record["strategy"], record["seed"]].append(record)
    return list(runs.values())


def followed(record: dict[str, Any]) -> float:
    """Return the Dice that the annotator would see."""
    validation = record.get("validation_dice")
    return record["dice"] if validation is None else validation


def advice_after(run: list[dict[str, Any]], rounds: int, rule: str) -> Any:
    """Return the advice after so many rounds of a run that has another one."""
    past = run[:rounds]
    known = [r["stability"] for r in past if r.get("stability") is not None]
    return advise(
        [record["labelled_slices"] for record in past],
        [followed(record) for record in past],
        run[rounds]["labelled_slices"] - past[-1]["labelled_slices"],
        np.random.default_rng(0),
        stabilities=known if rule == "whole rule" else [1.0, 1.0],
        audit=AUDITED,
    )


def obey(run: list[dict[str, Any]], runs: list[list[dict[str, Any]]], rule: str) -> dict[str, Any]:
    """Return what stopping at the first advice to do so loses and saves against the whole run.

    A single training scatters, so the loss is given on the strategy's mean curve too.
    """
    last = run[-1]
    stop = next(
        (n for n in range(1, len(run)) if advice_after(run, n, rule).verdict == "stop"), len(run)
    )
    at = run[stop - 1]
    return {
        "strategy": last["strategy"],
        "seed": last["seed"],
        "stopped_at": at["labelled_slices"],
        "lost": last["dice"] - at["dice"],
        "lost_on_mean_curve": mean_dice(runs, last) - mean_dice(runs, at),
        "saved": 1 - at["labelled_slices"] / last["labelled_slices"],
    }


def mean_dice(runs: list[list[dict[str, Any]]], record: dict[str, Any]) -> float:
    """Return the mean over seeds of what the record's strategy reached in its round."""
    same = [
        other["dice"]
        for run in runs
        for other in run
        if (other["strategy"], other["round"]) == (record["strategy"], record["round"])
    ]
    return float(np.mean(same))


def forecast_error(runs: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """Compare the forecast of each next batch's gain with what the batch brought."""
    errors, gains = [], []
    for run in runs:
        for rounds in range(1, len(run)):
            found = advice_after(run, rounds, "forecast alone").forecast
            if found is not None:
                gain = followed(run[rounds]) - followed(run[rounds - 1])
                errors.append(found.gain - gain)
                gains.append(gain)
    if not errors:
        return {"forecasts": 0}
    return {
        "forecasts": len(errors),
        "mean_error": float(np.mean(errors)),
        "mean_absolute_error": float(np.mean(np.abs(errors))),
        "mean_absolute_gain": float(np.mean(np.abs(gains))),
    }


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    good = [row["lost"] <= LOST and row["saved"] >= SAVED for row in rows]
    return {
        "mean_lost": float(np.mean([row["lost"] for row in rows])),
        "worst_lost": float(np.max([row["lost"] for row in rows])),
        "mean_lost_on_mean_curve": float(np.mean([row["lost_on_mean_curve"] for row in rows])),
        "mean_saved": float(np.mean([row["saved"] for row in rows])),
        "stopped": float(np.mean([row["saved"] > 0 for row in rows])),
        "share_of_good_runs": float(np.mean(good)),
        "to_be_given": bool(np.mean(good) >= SHARE),
    }


def say(result: dict[str, Any]) -> None:
    found = result["forecast"]
    print(f"{result['runs']} runs, {found['forecasts']} forecasts of the next batch's gain")
    if not result["warm_start"]:
        print("NOT all from warm-started rounds, as the tool's are: no ground to give the advice")
    if found["forecasts"]:
        print(
            f"error {100 * found['mean_error']:+.2f} Dice points on average, absolute "
            f"{100 * found['mean_absolute_error']:.2f} (of no forecast at all "
            f"{100 * found['mean_absolute_gain']:.2f})"
        )
    for rule, row in result["rules"].items():
        print(
            f"{rule}: stopped {row['stopped']:.0%} of runs, lost {100 * row['mean_lost']:.2f} Dice "
            f"points (worst {100 * row['worst_lost']:.2f}; on the mean curve "
            f"{100 * row['mean_lost_on_mean_curve']:.2f}), saved {row['mean_saved']:.0%} of the "
            f"slices; good on {row['share_of_good_runs']:.0%} of runs: "
            f"{'give the advice' if row['to_be_given'] else 'WITHHOLD the advice'}"
        )


if __name__ == "__main__":
    sys.exit(main())
