"""Keeps two copies of LLVM in one process from ending it.

Mesa's software OpenGL, which draws the window on machines without a graphics driver, loads LLVM.
Torch's optimisers import triton, which carries another LLVM. When triton is loaded second, the
process dies with a segmentation fault (exit code 139), whichever thread does it. Two cures work:
load triton's library before the window exists, or keep triton out once it does. Linux only.
"""

from __future__ import annotations

import ctypes
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

MAPS = Path("/proc/self/maps")
TRITON = "triton"
LIBRARY = "libtriton.so"


def guard_before_window() -> None:
    """Load triton's library where it is installed; call before anything opens a window."""
    library = _triton_library()
    if library is not None and not _is_mapped(LIBRARY) and not _is_mapped("libLLVM"):
        ctypes.CDLL(str(library))


def guard_before_torch() -> None:
    """Keep triton out of a process that already has Mesa's LLVM; call before importing torch.

    Torch then works without it; only compiling for a GPU is lost.
    """
    if _is_mapped("libLLVM") and not _is_mapped(LIBRARY) and TRITON not in sys.modules:
        cast("dict[str, Any]", sys.modules)[TRITON] = None


def llvm_state() -> str:
    """Return in words how this process stands with the two libraries."""
    if not MAPS.exists():
        return "not a concern on this system"
    if sys.modules.get(TRITON, ...) is None:
        return "guarded: the window came first, triton is kept out"
    if _is_mapped(LIBRARY):
        return "guarded: triton's library was loaded first"
    if _is_mapped("libLLVM"):
        return "the window's LLVM is loaded; triton will be kept out when training starts"
    if _triton_library() is None:
        return "not a concern: triton is not installed"
    return "no window yet; triton's library is loaded before one opens"


def _triton_library() -> Path | None:
    """Return the path of triton's library without importing triton."""
    if not MAPS.exists() or sys.modules.get(TRITON, ...) is None:
        return None
    spec = find_spec(TRITON)
    if spec is None or spec.origin is None:
        return None
    library = Path(spec.origin).parent / "_C" / LIBRARY
    return library if library.exists() else None


def _is_mapped(name: str) -> bool:
    """Return whether a library whose file name contains `name` is loaded."""
    return MAPS.exists() and any(name in line for line in MAPS.read_text().splitlines())
