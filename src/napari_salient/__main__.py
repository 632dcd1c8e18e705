"""``python -m napari_salient``: the command line."""

from __future__ import annotations

import sys

from napari_salient.cli import main

if __name__ == "__main__":
    sys.exit(main())
