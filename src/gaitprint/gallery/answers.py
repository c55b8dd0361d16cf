"""What a gallery answers to those who enroll people in it and ask who somebody is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gaitprint.gallery.scoring import Found


@dataclass(frozen=True)
class Enrollment:
    """What an enrollment kept.

    Args:
        name: of the person.
        person_id: opaque id; what logs may hold.
        templates: ids of what was added.
        replaced: how many older templates went.
        models: names of the models that these are templates of.
    """

    name: str
    person_id: str
    templates: tuple[str, ...]
    replaced: int
    models: tuple[str, ...]


@dataclass(frozen=True)
class Identification:
    """Who walks may be of, and whether that is taken for known.

    Args:
        candidates: people, likeliest first; somebody is always first, whether or not the person is in the gallery.
        fpir: share of strangers that may be taken for somebody, as it was asked for.
        people: how many are in the gallery.
        templates: how many of theirs were searched.
        decision: ``known`` (the first candidate), ``unknown``, or None where no decision can be made.
        reason: why there is no decision; None where there is one.
        least_score: from which log likelihood ratio on the first candidate is known; None without a decision.
        threshold: the same as a distance, with one model; None with several, and without a decision.
        nearest_counted: with one model and several walks, each of them counts as this far away at least, before the
            mean of their distances is held against `threshold`; else None.
    """

    candidates: tuple[Found, ...]
    fpir: float
    people: int
    templates: int
    decision: Literal["known", "unknown"] | None = None
    reason: str | None = None
    least_score: float | None = None
    threshold: float | None = None
    nearest_counted: float | None = None


@dataclass(frozen=True)
class Verified:
    """Whether walks are taken for those of the person who is claimed.

    Args:
        accepted: whether they are.
        found: the claimed person, with distances, score and probability.
        least_score: from which log likelihood ratio on they are.
        threshold: the same as a distance, with one model; None with several.
        nearest_counted: as `Identification`.
        templates: how many of the person's were compared.
    """

    accepted: bool
    found: Found
    least_score: float
    threshold: float | None
    nearest_counted: float | None
    templates: int


@dataclass(frozen=True)
class Reembedded:
    """What embedding kept walks again did.

    Args:
        templates: how many are of the models at hand now.
        left: names of people whose templates stayed, since a walk of theirs was not kept, or no model at hand takes it.
    """

    templates: int
    left: tuple[str, ...]
