"""What encoders there are, for settings that are read before torch is loaded."""

from __future__ import annotations

from typing import Literal

EncoderName = Literal["tiny", "resnet18", "resnet34", "resnet50"]
"""An encoder that `encoders.build_encoder` knows."""

Norm = Literal["batch", "group"]
"""Batch norm, or group norm where batches are small.

After training, batch norm makes a cell depend on nothing but its surroundings, so that a crop and
the whole image give the same; group norm looks at the whole input, and crops only give about the
same.
"""
