"""How long a list of work of known weight will take, at the pace that it has had so far."""

from __future__ import annotations

import time
from collections.abc import Callable


class Forecast:
    """What is left to do, in minutes.

    Args:
        minutes: that all work should take.
        clock: seconds that only grow.
    """

    def __init__(self, minutes: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = minutes
        self._done = 0.0
        self._clock = clock
        self._spent_seconds = 0.0
        self._since = clock()

    def leave_out(self) -> None:
        """Leave the time since work was last counted out of the pace: something else was done in it."""
        self._since = self._clock()

    def advance(self, minutes: float) -> None:
        """Count work that should have taken so long as done."""
        now = self._clock()
        self._spent_seconds += now - self._since
        self._since = now
        self._done += minutes

    @property
    def minutes_left(self) -> float:
        """What is left, stretched or shrunk as what is done took longer or shorter than it should have."""
        pace = self._spent_seconds / 60 / self._done if self._done else 1.0
        return max(0.0, self._total - self._done) * pace

    def __str__(self) -> str:
        return duration(self.minutes_left)


def duration(minutes: float) -> str:
    """Return a duration for people to read.

    >>> duration(0.4), duration(12.3), duration(151)
    ('1 min', '12 min', '2 h 31 min')
    """
    whole = max(1, round(minutes))
    return f"{whole} min" if whole < 60 else f"{whole // 60} h {whole % 60} min"
