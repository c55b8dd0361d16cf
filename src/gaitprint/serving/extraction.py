"""What a service sees in a video, as plain values, and `Extractor`: whatever finds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from gaitprint.core.errors import GaitprintError
from gaitprint.core.sequence import GaitSequence


@dataclass(frozen=True)
class VideoLimits:
    """What a video may demand.

    Args:
        seconds: how long it may be.
        frames: how many frames it may have.
        pixels: how many pixels a frame may have.
    """

    seconds: float
    frames: int
    pixels: int


@dataclass(frozen=True)
class SeenPassage:
    """One passage of a person.

    Args:
        number: in the video, from 1.
        refused: why it will not do, in one line; None where it will.
        direction: where to, in words.
        view_deg: where the camera stands as the person sees it, 0 = in front; None where they stay in place.
        start_seconds: when in the video it begins.
        seconds: how long it is.
        score: its quality in one figure, 0..1.
        figures: of its quality, by name.
        animation: GIF of the person as they were and as a silhouette, a path; None where it could not be drawn.
        sheet: PNG, likewise.
        walk: None where it is refused.
    """

    number: int
    refused: str | None
    direction: str
    view_deg: float | None
    start_seconds: float
    seconds: float
    score: float
    figures: dict[str, float]
    animation: Path | None = None
    sheet: Path | None = None
    walk: GaitSequence | None = None


@dataclass(frozen=True)
class SeenPerson:
    """Somebody who was followed through a video.

    Args:
        number: in the video, from 1.
        passages: all, in their order.
    """

    number: int
    passages: tuple[SeenPassage, ...]

    @property
    def walks(self) -> list[GaitSequence]:
        """The walks that will do, best quality first."""
        usable = [passage for passage in self.passages if passage.walk is not None]
        ordered = sorted(usable, key=lambda passage: -passage.score)
        return [passage.walk for passage in ordered if passage.walk is not None]


@dataclass(frozen=True)
class SeenVideo:
    """What was seen in one video.

    Args:
        people: in the order of their numbers.
        frames: how many there were.
        seconds: how long it is.
        several_at_once: whether two people walked at once, as `video.together` has it.
        warnings: each one line, without a path.
    """

    people: tuple[SeenPerson, ...]
    frames: int
    seconds: float
    several_at_once: bool = False
    warnings: tuple[str, ...] = field(default=())

    def without_walks(self) -> SeenVideo:
        """Return what is shown of it, which takes little memory."""
        people = tuple(
            SeenPerson(person.number, tuple(replace(passage, walk=None) for passage in person.passages))
            for person in self.people
        )
        return replace(self, people=people)


class VideoRefusedError(GaitprintError):
    """A video that is not looked at to its end; the text says why, without a path."""


Progress = Callable[[int, int | None], None]


class Extractor(Protocol):
    """Finds people in videos."""

    def extract(self, video: Path, folder: Path, on_progress: Progress) -> SeenVideo:
        """Look at a video.

        Args:
            video: a file from a stranger.
            folder: where pictures go.
            on_progress: called with the frames seen, and all there are, now and then.

        Raises:
            VideoRefusedError: it cannot be read, is too large, or took too long.
        """

    def close(self) -> None:
        """Let go of processes."""
