"""An annotator's hand and clock in a process of their own.

Writes records to standard output, as the display server sends events to a window: every 5 ms the
time, and at their times the parts of strokes and slice changes. Whoever reads a record late is late
by the difference of the clocks, which all processes of a machine share.

``hand.py SECONDS STROKES_PER_SECOND``: 0 strokes is a clock alone, and changes no slices.
"""

from __future__ import annotations

import os
import struct
import sys
import time
from typing import NamedTuple

RECORD = struct.Struct("<dci")
TICK_S = 0.005
MOVES = 3
"""Moves of a stroke between press and release."""
TIME, PRESS, MOVE, RELEASE, SLICE, END = (bytes([letter]) for letter in b"tpmrse")


class Deed(NamedTuple):
    """What happens at a time, in seconds; `number` counts strokes, moves of one, or slices."""

    at: float
    kind: bytes
    number: int


def deeds(seconds: float, strokes: float) -> list[Deed]:
    """Return everything that happens, in order."""
    done = [Deed(tick * TICK_S, TIME, tick) for tick in range(round(seconds / TICK_S))]
    for stroke in range(round(seconds * strokes)):
        begun, step = stroke / strokes, 1 / strokes / (MOVES + 2)
        done.append(Deed(begun, PRESS, stroke))
        done += [Deed(begun + step * m, MOVE, m) for m in range(1, MOVES + 1)]
        done.append(Deed(begun + step * (MOVES + 1), RELEASE, MOVES))
    if strokes:
        done += [Deed(0.5 + second, SLICE, second) for second in range(int(seconds))]
    return [*sorted(done), Deed(seconds, END, 0)]


def main() -> None:
    seconds, strokes = float(sys.argv[1]), float(sys.argv[2])
    start = time.monotonic() + 0.2
    for deed in deeds(seconds, strokes):
        wait = start + deed.at - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        os.write(1, RECORD.pack(time.monotonic(), deed.kind, deed.number))


if __name__ == "__main__":
    main()
