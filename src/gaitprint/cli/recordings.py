"""What the words WALK... of enroll, identify and verify stand for: walks, and everybody who walks in videos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.text import Text

from gaitprint.cli.terminal import output
from gaitprint.core.counted import counted
from gaitprint.core.errors import GaitprintError, InvalidSequenceError, UnreadableFileError, UsageError

if TYPE_CHECKING:
    from gaitprint.core.sequence import GaitSequence
    from gaitprint.gallery.model_set import ModelSet
    from gaitprint.video.together import Together
    from gaitprint.video.video_people import VideoPeople

# Pixels of the square RGB frames that are kept of videos, where a model looks at frames.
_SIDE_OF_FRAMES = 256


@dataclass(frozen=True, eq=False)
class Walker:
    """One person in a recording.

    Args:
        number: of the person in the video; None where it is none.
        walks: that will do; of a video, the best first.
    """

    number: int | None
    walks: tuple[GaitSequence, ...]


@dataclass(frozen=True, eq=False)
class Recording:
    """What one word stands for.

    Args:
        word: as it was given.
        walkers: who walks in it, one or more.
        together: two people in it who walk at the same time, and are not told apart by being chosen; None for nobody.
        video: what a summary says of a video, plain values for JSON; None where it is none.
    """

    word: str
    walkers: tuple[Walker, ...]
    together: Together | None = None
    video: dict[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class Recordings:
    """What all words of a command stand for.

    Args:
        read: one or more.
        left_out: word and reason of what could not be used, plain values for JSON.
    """

    read: tuple[Recording, ...]
    left_out: tuple[dict[str, str], ...]

    @property
    def videos(self) -> list[dict[str, Any]]:
        """What a summary says of the videos among them."""
        return [recording.video for recording in self.read if recording.video is not None]

    def of_one_person(self) -> list[GaitSequence]:
        """Return all walks, for a command that takes them for those of one person.

        Somebody who leaves the picture is another person to the video when they come back: whoever walks in it one
        after the other is taken for one.

        Raises:
            UsageError: two people walk in a video at once.
        """
        for recording in self.read:
            if recording.together:
                raise UsageError(
                    f"{recording.word}: {recording.together}; give it alone, with --person N for one of them"
                )
        return [walk for recording in self.read for walker in recording.walkers for walk in walker.walks]


def read_recordings(words: Sequence[str], models: ModelSet, person: int | None = None) -> Recordings:
    """Read walks and videos; passages of videos that will not do are printed with the reason.

    Args:
        words: ``STORE::subject/condition/view``, a Kinect .txt, a .npz, or a video.
        models: what will look at them.
        person: number of somebody in the one video that is given; None for everybody.

    Raises:
        UsageError: no word, something that is no walk, or a person without a video or not in it.
        UnreadableFileError, InvalidSequenceError: no word stands for a walk that will do.
    """
    from gaitprint.data.walk_source import is_video

    if not words:
        raise UsageError("no WALK given")
    if person is not None and not (len(words) == 1 and is_video(words[0])):
        raise UsageError(f"--person {person} chooses somebody in a video: give one video, and nothing else")
    read: list[Recording] = []
    failed: list[tuple[str, GaitprintError]] = []
    for word in words:
        try:
            read.append(_read(word, models, person))
        except (UnreadableFileError, InvalidSequenceError) as error:
            failed.append((word, error))
    if not read:
        raise failed[0][1]
    left_out = tuple({"walk": word, "reason": str(error)} for word, error in failed)
    for each in left_out:
        output.print(Text(f"left out: {each['reason']}", style="yellow"))
    return Recordings(tuple(read), left_out)


def _read(word: str, models: ModelSet, person: int | None) -> Recording:
    from gaitprint.data import walk_source

    if not walk_source.is_video(word):
        return Recording(word, (Walker(None, (walk_source.read_walk(word),)),))
    from gaitprint.core.progress import console
    from gaitprint.video.passage import PassageOptions
    from gaitprint.video.video_people import people_in_video

    with_frames = any(model.modality == "frames" for model in models)
    with console.status(f"looking for walkers in {word}"):
        options = PassageOptions(frames_size=_SIDE_OF_FRAMES if with_frames else None)
        found = people_in_video(word, options=options)
    summary = _print_video(word, found)
    if person is not None:
        return Recording(word, (_chosen(word, found, person),), video=summary)
    walkers = tuple(Walker(one.number, one.walks) for one in found.usable())
    return Recording(word, walkers, found.together(), summary)


def _chosen(word: str, found: VideoPeople, person: int) -> Walker:
    """The person of a number."""
    for one in found.usable():
        if one.number == person:
            return Walker(person, one.walks)
    there = _enumerated([Walker(one.number, one.walks) for one in found.usable()])
    raise UsageError(f"{word}: no walk of a person {person} that will do, but of {there}")


def _print_video(word: str, found: VideoPeople) -> dict[str, Any]:
    """Print who was found in a video and what will not do, and return it as plain values."""
    refused = [
        {
            "person": one.number,
            "first_frame": int(passage.numbers[0]),
            "last_frame": int(passage.numbers[-1]),
            "reason": passage.refused or "no silhouette in any frame",
        }
        for one in found.people
        for passage in one.passages
        if passage.walk is None or passage.refused
    ]
    people = [{"person": one.number, "walks": [walk.id for walk in one.walks]} for one in found.people]
    counts = [f"person {one.number}: {counted(len(one.walks), 'passage')}" for one in found.people if one.walks]
    output.print(Text(f"{word}: {counted(found.frames, 'frame')}; {'; '.join(counts) or 'no passage that will do'}"))
    for each in refused:
        place = f"person {each['person']}, frames {each['first_frame']}-{each['last_frame']}"
        output.print(Text(f"    left out: {place}: {each['reason']}", style="dim"))
    for warning in found.warnings:
        output.print(Text(f"    warning: {warning}", style="yellow"))
    return {
        "video": word,
        "frames": found.frames,
        "seconds": round(found.seconds, 3),
        "people": people,
        "refused": refused,
        "warnings": list(found.warnings),
    }


def _enumerated(walkers: Sequence[Walker]) -> str:
    """Persons in words.

    >>> _enumerated([Walker(2, ())]), _enumerated([Walker(1, ()), Walker(2, ()), Walker(4, ())])
    ('person 2', 'persons 1, 2 and 4')
    """
    *most, last = [str(walker.number) for walker in walkers]
    return f"persons {', '.join(most)} and {last}" if most else f"person {last}"
