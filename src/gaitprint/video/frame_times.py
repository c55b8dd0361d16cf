"""When frames were taken, as their numbers in steps of one frame rate."""

from __future__ import annotations

# Frames by which a time may be off before it counts: clocks of containers are rounded to milliseconds.
_ROUNDED = 0.75
# Share of frames out of step from which on it is worth a word.
_WORTH_A_WORD = 0.02


class FrameTimes:
    """Numbers frames by the times that a file states for them.

    Phones and video conferences take frames when they can: numbered one after the other, a walk filmed so would be
    faster here and slower there.

    Args:
        frame_rate_hz: frames a second, as stated for the whole.
    """

    def __init__(self, frame_rate_hz: float) -> None:
        self._rate_hz = frame_rate_hz
        self._start: float | None = None
        self._last = -1
        self._frames = self._late = 0

    def number(self, seconds: float | None) -> int:
        """Return the number of the next frame; None where the file states no time."""
        following = self._last + 1
        number = following
        if seconds is not None:
            self._start = seconds if self._start is None else self._start
            stated = (seconds - self._start) * self._rate_hz
            # Two frames at once still are two, and a clock that goes back is none.
            if stated > following + _ROUNDED:
                number = round(stated)
        self._frames += 1
        self._late += number != following
        self._last = number
        return number

    @property
    def varies(self) -> str:
        """What is wrong with the frame rate, in words; empty where nothing is."""
        if self._late <= _WORTH_A_WORD * self._frames:
            return ""
        return (
            f"its frame rate varies; {self._late} of {self._frames} frames came late, and were taken for what the file "
            "says of their times"
        )
