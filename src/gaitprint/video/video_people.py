"""Who walks in a video: everybody who was followed, with what will do of them and what will not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from gaitprint.core.counted import counted
from gaitprint.core.errors import InvalidSequenceError
from gaitprint.core.sequence import GaitSequence
from gaitprint.video.front_ends import FrontEnds, choose_front_ends
from gaitprint.video.naming import WalkNames
from gaitprint.video.passage import Passage, PassageOptions, without_pictures
from gaitprint.video.pipeline import Extraction
from gaitprint.video.sources import open_source
from gaitprint.video.stages import Stages
from gaitprint.video.together import Together, first_together

# Reasons for refusals that a message names, at most.
_TOLD = 3


@dataclass(frozen=True, eq=False)
class VideoPerson:
    """Somebody who was followed through a video.

    Args:
        number: of the person in the video, from 1.
        passages: all, refused ones too, in the order of their ends, without their pictures (`without_pictures`); the
            walks of usable ones bear their names.
    """

    number: int
    passages: tuple[Passage, ...]

    @property
    def walks(self) -> tuple[GaitSequence, ...]:
        """The walks that will do, best quality first."""
        return _best_first(self.passages)


@dataclass(frozen=True, eq=False)
class VideoPeople:
    """What was found in a video.

    Args:
        name: of the video, for people.
        people: in the order of their numbers.
        frames: how many were seen.
        seconds: how long the video is.
        stages: where the time went.
        warnings: what was wrong with the video, each one line.
    """

    name: str
    people: tuple[VideoPerson, ...]
    frames: int
    seconds: float
    stages: Stages
    warnings: tuple[str, ...]

    @property
    def walks(self) -> tuple[GaitSequence, ...]:
        """The walks of everybody that will do, best quality first."""
        return _best_first(passage for person in self.people for passage in person.passages)

    def together(self) -> Together | None:
        """Say which two people walk at once, as `first_together` does; None where nobody does."""
        return first_together(passage for person in self.people for passage in person.passages)

    def usable(self) -> tuple[VideoPerson, ...]:
        """Return those who have a walk that will do.

        Raises:
            InvalidSequenceError: nobody has; the text says why.
        """
        found = tuple(person for person in self.people if person.walks)
        if not found:
            passages = [passage for person in self.people for passage in person.passages]
            raise InvalidSequenceError(f"{self.name}: {no_walk(passages)}")
        return found


def people_in_video(
    path: str | Path,
    *,
    front_ends: FrontEnds | None = None,
    options: PassageOptions | None = None,
    subject: str | None = None,
    on_passage: Callable[[Passage], None] | None = None,
) -> VideoPeople:
    """Find everybody who walks in a video.

    Args:
        path: of a file, or whatever else `open_source` opens.
        front_ends: what finds silhouettes and joints; None for the best that are installed.
        options: of the passages.
        subject: who it is; None for a name of its own for each person.
        on_passage: called with each passage as it is found, pictures included.

    Raises:
        UnreadableFileError: cannot be read.
        UsageError: a subject is given, but two people walk at once, so that nobody knows who is meant.
    """
    source = open_source(str(path))
    extraction = Extraction(source, front_ends or choose_front_ends(), options)
    names = WalkNames(subject, source.name)
    passages: list[Passage] = []
    for passage in extraction:
        if on_passage is not None:
            on_passage(passage)
        passages.append(without_pictures(replace(passage, walk=names.name(passage))))
    people = tuple(
        VideoPerson(number, tuple(passage for passage in passages if passage.track == number))
        for number in sorted({passage.track for passage in passages})
    )
    seconds = extraction.frames / source.frame_rate_hz
    warnings = (*((source.warning,) if source.warning else ()), *extraction.warnings)
    return VideoPeople(str(path), people, extraction.frames, seconds, extraction.stages, warnings)


def no_walk(passages: Iterable[Passage]) -> str:
    """Say in one line why none of the passages of a video will do."""
    refused = [passage.refused for passage in passages if passage.refused]
    if not refused:
        return "nobody walks in it"
    reasons = sorted(set(refused))
    more = "; ..." if len(reasons) > _TOLD else ""
    return f"no walk that will do among {counted(len(refused), 'passage')} ({'; '.join(reasons[:_TOLD])}{more})"


def _best_first(passages: Iterable[Passage]) -> tuple[GaitSequence, ...]:
    ordered = sorted(passages, key=lambda passage: -passage.quality.score)
    return tuple(passage.walk for passage in ordered if passage.walk is not None)
