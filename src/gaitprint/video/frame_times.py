"""When frames were taken, as their numbers in steps of one frame rate."""

from __future__ import annotations

# Frames by which a time may be off before it counts: clocks of containers are rounded.
_ROUNDED = 0.75
# A clock that goes back by more seconds was set anew, as where recordings were put one behind the other.
_SET_BACK_S = 1.0
# Share of frames out of step from which on it is worth a word.
_WORTH_A_WORD = 0.02


class FrameTimes:
    """Numbers frames by the times that a file states for them.

    Phones and video calls take frames when they can: numbered one after the other, a walk that was filmed so would be
    faster here and slower there.

    Args:
        frame_rate_hz: frames a second, as stated for the whole.
    """

    def __init__(self, frame_rate_hz: float) -> None:
        self._rate_hz = frame_rate_hz
        self._start = self._before = 0.0
        self._last = -1
        self._frames = self._moved = 0

    def number(self, seconds: float | None) -> int | None:
        """Return the number of the next frame; None where it came so early that the last one stands for it.

        Args:
            seconds: when it is shown; None where the file states no time.
        """
        number: int | None = self._last + 1
        if seconds is not None and self._frames == 0:
            self._start = seconds
        elif seconds is not None and seconds < self._before - _SET_BACK_S:
            self._start = seconds - (self._last + 1) / self._rate_hz
        elif seconds is not None and seconds > self._before:  # a clock that stands still, or goes back, is none
            ahead = (seconds - self._start) * self._rate_hz - (self._last + 1)
            if abs(ahead) > _ROUNDED:
                number = round(self._last + 1 + ahead) if ahead > 0 else None
                self._moved += 1
        self._frames += 1
        self._before = seconds or 0.0
        self._last = self._last if number is None else number
        return number

    @property
    def varies(self) -> str:
        """What is wrong with the frame rate, in words; empty where nothing is."""
        if self._moved <= _WORTH_A_WORD * self._frames:
            return ""
        moved = f"{self._moved} of {self._frames} frames came early or late"
        return f"its frame rate varies; {moved}, and were put where they belong by the file's clock"
