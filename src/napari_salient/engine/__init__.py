"""Runs whatever takes long: training, scoring, scanning. Knows no method and no window."""
