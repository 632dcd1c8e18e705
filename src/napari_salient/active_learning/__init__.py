"""Labels 3D volumes slice by slice: which slices next, what the model thinks of them, and when to stop (Burmeister et al. 2022)."""
