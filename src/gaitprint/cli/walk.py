"""What the word WALK of a command stands for, videos included."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gaitprint.core.errors import UsageError

if TYPE_CHECKING:
    from gaitprint.core.sequence import GaitSequence


def read_walk(word: str) -> GaitSequence:
    """Read a walk of a store, a Kinect .txt, a .npz, or the best passage of a video.

    Raises:
        UsageError, UnreadableFileError, InvalidSequenceError: as `data.walk_source.read_walk` and
            `video.video_people.people_in_video`; nobody in a video will do, or two people walk in it at once.
    """
    from gaitprint.data import walk_source

    if not walk_source.is_video(word):
        return walk_source.read_walk(word)
    from gaitprint.video.video_people import people_in_video

    found = people_in_video(word)
    if together := found.together():
        raise UsageError(f"{word}: {together}; gaitprint extract tells them apart")
    found.usable()
    return replace(found.walks[0], subject="unknown")
