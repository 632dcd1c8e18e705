from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import napari_salient.widgets.label_volumes
heavy = {"torch", "monai", "lightning_fabric", "nilearn", "matplotlib", "pandas", "sklearn"}
print(sorted(heavy & set(sys.modules)))
"""


def test_the_panel_is_there_before_torch_is_loaded():
    found = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=120
    )
    assert found.stdout.strip() == "[]"
