"""What the strategies cost: measuring slices, and choosing some out of a million.

``python benchmarks/strategy_costs.py``: seconds on the clock and of the processor. The hippocampus
volumes are in memory, the network has random weights, and so have the measures and features of the
10,000 volumes with 100 slices that are chosen from, 500 of them labelled.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from napari_salient.active_learning.pool import FEATURES, PoolState
from napari_salient.active_learning.scoring import Scorer
from napari_salient.active_learning.strategies import STRATEGIES, needs_of, select
from napari_salient.engine.threads import limit_threads
from scoring import DATA, Pool, timed
from support.figures import print_table, write_result

VOLUMES, SLICES, LABELLED = 10_000, 100, 500
ONE_PASS = needs_of(STRATEGIES) - {"bald", "ensemble"}
MEASURED = {
    "entropy alone": {"entropy"},
    "all measures of one pass, and features": ONE_PASS,
    "entropy and ensemble": {"entropy", "ensemble"},
    "entropy and bald": {"entropy", "bald"},
}


def main() -> None:
    given = parse_arguments()
    with limit_threads(1):
        pool = Pool(given.data, given.cases)
        measuring = {name: per_thousand(pool, needs) for name, needs in MEASURED.items()}
        rows = [[name, *taken.values()] for name, taken in measuring.items()]
        print_table([["1,000 slices measured", "clock s", "processor s"], *rows])
        features = Scorer(pool.model, {FEATURES}).score(0, pool.held(0)).features
        assert features is not None
        million = million_slices(features.shape[1])
        choosing = [chosen(name, million, k) for name in STRATEGIES for k in (12, 128)]
    names = ("strategy", "slices", "features", "first s", "again s")
    print_table([list(names), *([row[name] for name in names] for row in choosing)])
    write_result("strategy_costs", given, measuring=measuring, choosing=choosing)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of volumes")
    parser.add_argument("--cases", type=int, default=60, help="volumes that are measured")
    parser.add_argument("--output", type=Path, default=Path("out/strategy_costs.json"))
    return parser.parse_args()


def per_thousand(pool: Pool, needs: set[str] | frozenset[str]) -> dict[str, float]:
    """Return the seconds for 1,000 slices, after one volume was measured."""
    scorer = Scorer(pool.model, needs, [pool.model, pool.model])
    scorer.score(0, pool.held(0))
    taken = timed(lambda: [scorer.score(c, image) for c, image in enumerate(pool.images)])
    return {name: 1000 * seconds / pool.slices for name, seconds in taken.items()}


def million_slices(features: int) -> PoolState:
    """Return a pool of which some slices are labelled, with every measure there is."""
    rng, count = np.random.default_rng(0), VOLUMES * SLICES
    return PoolState(
        "axial",
        np.repeat(np.arange(VOLUMES), SLICES),
        np.tile(np.arange(SLICES), VOLUMES),
        np.arange(count) % (count // LABELLED) == 0,
        {name: rng.random(count) for name in needs_of(STRATEGIES) - {FEATURES}},
        rng.standard_normal((count, features), np.float32),
    )


def chosen(name: str, state: PoolState, k: int) -> dict[str, Any]:
    """Choose so many slices twice; what the first time works out, the second time need not."""
    first, again = (
        timed(lambda: select(name, state, k, np.random.default_rng(0)))["clock"] for _ in range(2)
    )
    uses = "yes" if FEATURES in needs_of([name]) else "no"
    return {"strategy": name, "slices": k, "features": uses, "first s": first, "again s": again}


if __name__ == "__main__":
    main()
