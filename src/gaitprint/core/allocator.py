"""Memory that large arrays leave behind is kept for the next ones."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

# From <malloc.h> of the GNU C library; other C libraries have no mallopt.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


@cache
def keep_freed_memory() -> bool:
    """Keep freed blocks of up to 1 GiB in this process instead of returning them to the system.

    The activations of a network on a CPU are tens of megabytes each, allocated and freed in every step. By default each
    is mapped anew, and the system clears it page by page: that is two fifths of the time of a training step of
    `models.cnn_gei`, and three fifths of embedding 64 walks. The price: the process stays as large as it once was.

    Returns:
        whether the C library could be told so.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    return mallopt is not None and all([mallopt(_M_MMAP_THRESHOLD, 1 << 30), mallopt(_M_TRIM_THRESHOLD, 1 << 30)])
