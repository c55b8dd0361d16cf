"""Names of the walks that a video gives: who, which recording and passage, and from where they were seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from gaitprint.core.errors import UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.video.passage import Passage


def name_walks(
    passages: Sequence[Passage], subject: str | None, condition: str, taken: set[str]
) -> list[GaitSequence | None]:
    """Give each usable passage its walk's name.

    Args:
        passages: of one video.
        subject: who it is; None for a name of its own for each person who was followed, since nobody knows whether two
            of them are the same.
        condition: of the recording; what cannot be part of a label is replaced. Passages are numbered behind it.
        taken: ids that are in use.

    Returns:
        a walk for each passage; None for those that were refused.

    Raises:
        UsageError: one subject is named, but two people are in the picture at once.
    """
    recording = as_label(condition)
    if subject is not None:
        _check_alone(passages, subject)
    named: list[GaitSequence | None] = []
    used, count = set(taken), 0
    for passage in passages:
        if passage.walk is None:
            named.append(None)
            continue
        who = subject if subject is not None else f"{recording}-person-{passage.track:02d}"
        count += 1
        walk = replace(passage.walk, subject=who, condition=f"{recording}-{count:02d}")
        while walk.id in used:
            count += 1
            walk = replace(passage.walk, subject=who, condition=f"{recording}-{count:02d}")
        used.add(walk.id)
        named.append(walk)
    return named


def as_label(words: str) -> str:
    """Make a label of any words.

    >>> as_label("webcam: front/door")
    'webcam_ front_door'
    """
    kept = "".join("_" if letter in "/\\:" or not letter.isprintable() else letter for letter in words).strip(". ")
    return kept[:100] or "video"


def _check_alone(passages: Sequence[Passage], subject: str) -> None:
    """Refuse one name for two people who are in the picture at once."""
    usable = sorted((passage for passage in passages if passage.walk is not None), key=lambda one: int(one.numbers[0]))
    for before, after in pairwise(usable):
        if after.numbers[0] <= before.numbers[-1] and after.track != before.track:
            raise UsageError(
                f"subject '{subject}': two people walk at once from frame {after.numbers[0]}; extract without a name"
            )
