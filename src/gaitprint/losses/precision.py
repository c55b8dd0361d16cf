"""The precision that losses are computed in, whatever the model's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def at_least_float32(values: Tensor) -> Iterator[Tensor]:
    """Yield float16 and bfloat16 values as float32 and others as they are, with automatic mixed precision off inside.

    Differences of nearly equal distances, and exponentials of scaled cosines, need more than the 3 digits of bfloat16.

    >>> with at_least_float32(torch.zeros(2, dtype=torch.bfloat16)) as values:
    ...     values.dtype
    torch.float32
    """
    with torch.autocast(values.device.type, enabled=False):
        yield values.float() if values.dtype.itemsize < 4 else values
