"""Whether a window can be opened here."""

from __future__ import annotations

import os
import sys


def require_display() -> None:
    """End with a sentence where no window can be opened."""
    if sys.platform == "linux" and not os.environ.get("DISPLAY"):
        sys.exit('There is no display; run this under xvfb-run -a -s "-screen 0 1600x1000x24".')
