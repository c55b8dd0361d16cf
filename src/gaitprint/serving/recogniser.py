"""`Recogniser`: who is known, as the service sees it; people are named by opaque ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from gaitprint.core.errors import GaitprintError
from gaitprint.core.sequence import GaitSequence


@dataclass(frozen=True)
class KnownPerson:
    """Somebody who is known.

    Args:
        person_id: opaque.
        name: what people call them.
        templates: how many are kept.
        modalities: of the templates, sorted.
        last_enrolled_at: ISO 8601 in UTC.
    """

    person_id: str
    name: str
    templates: int
    modalities: tuple[str, ...]
    last_enrolled_at: str


@dataclass(frozen=True)
class Enrolled:
    """What an enrollment kept: of whom, and how many templates."""

    person_id: str
    name: str
    templates: int


@dataclass(frozen=True)
class Candidate:
    """Somebody whom a walk may be of.

    Args:
        person_id: opaque.
        name: what people call them.
        probability: 0..1; None without calibration.
        similarity: 0..1.
    """

    person_id: str
    name: str
    probability: float | None
    similarity: float


@dataclass(frozen=True)
class Answer:
    """Whose walks these may be.

    Args:
        candidates: likeliest first.
        decision: ``known`` (the first candidate), ``unknown``, or None where no decision can be made.
        reason: why there is none.
        fpir: share of strangers that may be taken for somebody, as it was asked for.
    """

    candidates: tuple[Candidate, ...]
    decision: Literal["known", "unknown"] | None
    reason: str | None
    fpir: float


@dataclass(frozen=True)
class Check:
    """Whether walks are taken for those of the person who is claimed.

    Args:
        accepted: None where no decision can be made.
        reason: why there is none.
        probability: 0..1; None without calibration.
        fmr: share of strangers that may pass, as it was asked for.
    """

    accepted: bool | None
    reason: str | None
    probability: float | None
    fmr: float


class UnknownPersonError(GaitprintError):
    """Nobody has this id."""


class NameTakenError(GaitprintError):
    """Somebody else has this name."""


class LeftTracesError(GaitprintError):
    """A person was removed, but traces could not be wiped yet."""


class Recogniser(Protocol):
    """Knows people. Every method may be called by several threads at once.

    Texts of errors are shown to clients: they hold no path and no address.
    """

    def people(self) -> list[KnownPerson]:
        """Return everybody, in order of names."""

    def person(self, person_id: str) -> KnownPerson:
        """Return one person; `UnknownPersonError`."""

    def picture(self, person_id: str) -> bytes | None:
        """Return a PNG of a walk of theirs, None where none is kept; `UnknownPersonError`."""

    def rename(self, person_id: str, name: str) -> KnownPerson:
        """Give another name; `UnknownPersonError`, `NameTakenError`, `UsageError`."""

    def delete(self, person_id: str) -> int:
        """Remove everything of a person, return how many templates; `UnknownPersonError`, `LeftTracesError`."""

    def enroll(self, name: str, walks: Sequence[GaitSequence]) -> Enrolled:
        """Keep templates of walks; `UsageError`, `IncompatibleError`."""

    def identify(self, walks: Sequence[GaitSequence], fpir: float) -> Answer:
        """Say whose walks these are; `UsageError`, `IncompatibleError`."""

    def verify(self, person_id: str, walks: Sequence[GaitSequence], fmr: float) -> Check:
        """Check a claim; `UnknownPersonError`, `UsageError`, `IncompatibleError`."""

    def close(self) -> None:
        """Let go of files and connections."""
