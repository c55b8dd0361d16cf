"""Frames in their order, wherever they come from: what everything that reads a video is written against."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Frame(NamedTuple):
    """One frame.

    Args:
        number: from 0, in steps of the frame rate; where a frame was late, lost or left out, numbers are missing.
        pixels: uint8 [H, W, 3], RGB; all frames of a source have one size.
    """

    number: int
    pixels: NDArray[np.uint8]


class FrameSource(ABC):
    """Frames in their order.

    Attributes:
        name: for people and for labels.
        frame_rate_hz: frames a second.
        total: how many frames there are said to be; None where nobody knows.
        is_live: whether frames come as they happen, and only once.
        warning: what was wrong, one line; empty where nothing was. Complete when the iteration has ended.
    """

    name: str
    frame_rate_hz: float
    total: int | None = None
    is_live: bool = False
    warning: str = ""

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames; `UnreadableFileError` where there is none."""

    def sample(self, count: int, seconds: float) -> Iterator[NDArray[np.uint8]]:
        """Yield so many frames in advance, evenly from the first seconds; none of a live source."""
        if self.is_live:
            return
        within = min(seconds * self.frame_rate_hz, self.total or np.inf)
        step = max(1, int(within / count))
        for frame in islice(iter(self), 0, count * step, step):
            yield frame.pixels
