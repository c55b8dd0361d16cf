"""Names of the walks that a video gives: who, which recording and passage, and from where they were seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gaitprint.core.errors import UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.video.passage import Passage


class WalkNames:
    """Gives each usable passage of a video its walk's name, one after the other.

    Args:
        subject: who it is; None for a name of its own for each person who was followed, since nobody knows whether two
            of them are the same.
        condition: of the recording; what cannot be part of a label is replaced. Passages are numbered behind it.
        taken: ids that are in use.
    """

    def __init__(self, subject: str | None, condition: str, taken: Iterable[str] = ()) -> None:
        self._subject, self._recording = subject, as_label(condition)
        self._used, self._count = set(taken), 0
        self._spans: list[tuple[int, int, int]] = []  # track, first and last frame

    def name(self, passage: Passage) -> GaitSequence | None:
        """Return the passage's walk with its name; None where it was refused.

        Raises:
            UsageError: one subject is named, but two people are in the picture at once.
        """
        if passage.walk is None:
            return None
        first, last = int(passage.numbers[0]), int(passage.numbers[-1])
        if self._subject is not None:
            for track, start, stop in self._spans:
                if track != passage.track and start <= last and first <= stop:
                    raise UsageError(
                        f"subject '{self._subject}': two people walk at once from frame {max(first, start)}; "
                        "extract without a name"
                    )
            self._spans.append((passage.track, first, last))
        who = self._subject if self._subject is not None else f"{self._recording}-person-{passage.track:02d}"
        while True:
            self._count += 1
            walk = replace(passage.walk, subject=who, condition=f"{self._recording}-{self._count:02d}")
            if walk.id not in self._used:
                self._used.add(walk.id)
                return walk


def name_walks(
    passages: Iterable[Passage], subject: str | None, condition: str, taken: Iterable[str] = ()
) -> list[GaitSequence | None]:
    """Name the walks of all passages of a video; arguments, result and errors as `WalkNames` has them."""
    names = WalkNames(subject, condition, taken)
    return [names.name(passage) for passage in passages]


def as_label(words: str) -> str:
    """Make a label of any words.

    >>> as_label("webcam: front/door")
    'webcam_ front_door'
    """
    kept = "".join("_" if letter in "/\\:" or not letter.isprintable() else letter for letter in words).strip(". ")
    return kept[:100] or "video"
