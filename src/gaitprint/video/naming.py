"""Names of the walks that a video gives: who, which recording and passage, and from where they were seen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from gaitprint.core.errors import UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.encoding import SequenceInfo, encode_walk
from gaitprint.data.store import Store
from gaitprint.video.passage import Passage

# What follows a recording in the labels of people and passages.
_PERSON, _PASSAGE = r"-person-(\d+)", r"-(\d+)"


class WalkNames:
    """Gives each usable passage of a video its walk's name, one after the other.

    A walk that the store has already, from an earlier extraction of the same recording, bears the name that it has
    there. Every other one bears a name that nothing in the store has: another video may have the same name.

    Args:
        subject: who it is; None for a name of its own for each person who was followed, since nobody knows whether two
            of them are the same.
        condition: of the recording; what cannot be part of a label is replaced. Passages are numbered behind it.
        store: where the walks go; None where nothing has to be compared.
    """

    def __init__(self, subject: str | None, condition: str, store: Store | None = None) -> None:
        self._subject, self._recording, self._store = subject, as_label(condition), store
        infos = () if store is None else store.infos
        if subject is None:
            whose = [info for info in infos if self._number(_PERSON, info.subject)]
        else:
            whose = [info for info in infos if info.subject == subject]
        self._there = [info for info in whose if self._number(_PASSAGE, info.condition)]
        self._count = max((self._number(_PASSAGE, info.condition) for info in self._there), default=0)
        # Another video of this name has people of its own.
        self._people_before = max((self._number(_PERSON, info.subject) for info in whose), default=0)
        self._people: dict[int, str] = {}  # track -> subject
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
        for info in self._there:
            if (info.view, info.num_frames) == (passage.walk.view, passage.walk.num_frames):
                walk = replace(passage.walk, subject=info.subject, condition=info.condition)
                if self._has(info, walk):
                    self._people.setdefault(passage.track, info.subject)
                    return walk
        self._count += 1
        return replace(
            passage.walk, subject=self._person(passage.track), condition=f"{self._recording}-{self._count:02d}"
        )

    def _number(self, pattern: str, label: str) -> int:
        """The number behind the recording in a label; 0 where there is none."""
        found = re.fullmatch(re.escape(self._recording) + pattern, label)
        return int(found[1]) if found else 0

    def _has(self, info: SequenceInfo, walk: GaitSequence) -> bool:
        return self._store is not None and encode_walk(walk, self._store.encoding).info.digest == info.digest

    def _person(self, track: int) -> str:
        new = f"{self._recording}-person-{self._people_before + track:02d}"
        return self._people.setdefault(track, new if self._subject is None else self._subject)


def name_walks(
    passages: Iterable[Passage], subject: str | None, condition: str, store: Store | None = None
) -> list[GaitSequence | None]:
    """Name the walks of all passages of a video; arguments, result and errors as `WalkNames` has them."""
    names = WalkNames(subject, condition, store)
    return [names.name(passage) for passage in passages]


def as_label(words: str) -> str:
    """Make a label of any words.

    >>> as_label("webcam: front/door")
    'webcam_ front_door'
    """
    kept = "".join("_" if letter in "/\\:" or not letter.isprintable() else letter for letter in words).strip(". ")
    return kept[:100] or "video"
