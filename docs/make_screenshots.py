"""Makes the pictures of the documentation from the running program, the sample session."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

IMAGES = Path(__file__).parent / "images"
PICTURES = {
    "4-labelling.png": "label-volumes.png",
    "6-uncertainty.png": "label-volumes-uncertainty.png",
    "7-model.png": "label-volumes-model.png",
    "9-interpolated.png": "label-volumes-interpolated.png",
}


def main() -> None:
    """Run the sample session and keep some of its pictures."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        project, pictures = Path(folder, "project"), Path(folder, "pictures")
        command = [sys.executable, "-m", "napari_salient", "demo", str(project)]
        subprocess.run([*command, "--screenshots", str(pictures)], check=True)
        for source, target in PICTURES.items():
            shutil.copy(pictures / source, IMAGES / target)


if __name__ == "__main__":
    main()
