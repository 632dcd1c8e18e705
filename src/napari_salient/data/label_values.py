"""The two label values that mean the same everywhere, whatever the classes of a project."""

BACKGROUND = 0
UNSURE = 255
"""Voxels that training and metrics ignore."""
