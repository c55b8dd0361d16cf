"""What the word WALK of a command stands for, videos included."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gaitprint.core.sequence import GaitSequence


def read_walk(word: str) -> GaitSequence:
    """Read a walk of a store, a Kinect .txt, a .npz, or the best passage of a video.

    Raises:
        UsageError, UnreadableFileError, InvalidSequenceError: as `data.walk_source.read_walk` and
            `video.best_walk.best_walk`.
    """
    from gaitprint.data import walk_source

    if walk_source.is_video(word):
        from gaitprint.video.best_walk import best_walk

        return best_walk(Path(word))
    return walk_source.read_walk(word)
