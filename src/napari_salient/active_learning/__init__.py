"""Labels 3D volumes slice by slice, the slices that matter first (Burmeister et al. 2022)."""
