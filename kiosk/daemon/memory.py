"""What keeps the daemon small on a machine that has little memory."""

import ctypes
import gc
import os
from typing import Final

M_ARENA_MAX: Final = -8  # mallopt(3)
ARENAS: Final = 2
M_MMAP_THRESHOLD: Final = -3
LARGE_BYTES: Final = 128 * 1024  # glibc raises its own limit with each frame that is freed


def lean_heap() -> None:
    """Have glibc keep less: few heaps for the threads, and none of the memory of old frames."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, ARENAS)
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
    # Read when numpy loads, with the camera: its own threads would only hold buffers.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def give_back() -> None:
    """Return to the system what only the start needed."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
