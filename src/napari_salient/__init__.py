"""Label what matters: active learning for medical volumes in napari."""

__version__ = "0.1.0"
