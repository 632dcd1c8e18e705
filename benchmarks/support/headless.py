"""Trains rounds of a project without a window: ``headless.py PROJECT THREADS``.

For each line of standard input, a number of seconds, it trains that long and writes the steps a
second as a line.
"""

from __future__ import annotations

import sys
from pathlib import Path

from training import loop_settings, train_headless

from napari_salient.active_learning.session import LabellingSession
from napari_salient.project.project import Project


def main() -> None:
    with Project.open(Path(sys.argv[1])) as project:
        session = LabellingSession(project, loop_settings(threads=int(sys.argv[2])))
        for line in sys.stdin:
            print(train_headless(session, float(line)), flush=True)


if __name__ == "__main__":
    main()
