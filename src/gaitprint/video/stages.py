"""Where the time of a piece of work goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Stages:
    """Where time goes: name of a stage -> seconds by the clock, and of processor time of the whole process."""

    seconds: dict[str, float] = field(default_factory=dict)
    processor_seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Add the time that the context takes."""
        start, worked = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
            worked = time.process_time() - worked
            self.processor_seconds[name] = self.processor_seconds.get(name, 0.0) + worked

    def add(self, other: Stages) -> None:
        """Add the times of another piece of work."""
        for own, others in ((self.seconds, other.seconds), (self.processor_seconds, other.processor_seconds)):
            for name, spent in others.items():
                own[name] = own.get(name, 0.0) + spent
