"""The one walk that a video stands for, where a command takes a walk."""

from __future__ import annotations

from pathlib import Path

from gaitprint.core.errors import InvalidSequenceError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.video.front_ends import choose_front_ends
from gaitprint.video.naming import name_walks
from gaitprint.video.passage import Passage, without_pictures
from gaitprint.video.pipeline import Extraction
from gaitprint.video.sources import open_source


def best_walk(path: Path) -> GaitSequence:
    """Return the best passage of a video: the longest, largest, most complete and sharpest.

    Args:
        path: of the video.

    Raises:
        UnreadableFileError: cannot be read.
        UsageError: two people walk in it at once, so that nobody knows who is meant.
        InvalidSequenceError: no passage will do; the text says why.
    """
    source = open_source(str(path))
    passages: list[Passage] = [without_pictures(passage) for passage in Extraction(source, choose_front_ends())]
    try:
        walks = name_walks(passages, "unknown", source.name, taken=set())
    except UsageError as error:
        raise UsageError(f"{path}: several people walk at once; gaitprint extract tells them apart") from error
    usable = [(passage.quality.score, walk) for passage, walk in zip(passages, walks, strict=True) if walk is not None]
    if not usable:
        reasons = sorted({passage.refused for passage in passages if passage.refused})
        found = f"{len(passages)} passages will not do ({'; '.join(reasons[:3])})" if passages else "nobody walks in it"
        raise InvalidSequenceError(f"{path}: {found}")
    return max(usable, key=lambda one: one[0])[1]
