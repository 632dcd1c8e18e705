from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication
application = QApplication([])
from napari_salient.widgets.inspect_caries import InspectCaries
panel = InspectCaries(ViewerModel())
panel.show()
application.processEvents()
heavy = {"torch", "timm", "monai", "lightning_fabric", "matplotlib", "pandas", "sklearn"}
print(sorted(heavy & set(sys.modules)))
"""


def test_the_panel_is_there_before_torch_is_loaded():
    found = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=120
    )
    assert found.stdout.strip() == "[]"
