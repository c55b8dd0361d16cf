"""Whether two people walk in a video at once, so that nobody knows which of them is meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from gaitprint.video.passage import Passage, hidden_places
from gaitprint.video.passages import STANDING_SPEED
from gaitprint.video.quality import QualityLimits, refusal

# Two passages are of one body, or of a part or shadow of it, where so much of the smaller square lies in the larger.
_SAME_PLACE = 0.6


@dataclass(frozen=True)
class Together:
    """Two people who walk at the same time.

    Args:
        persons: their numbers in the video, ascending.
        frame: the first one with both.
    """

    persons: tuple[int, int]
    frame: int

    def __str__(self) -> str:
        first, second = self.persons
        return f"persons {first} and {second} walk at once from frame {self.frame} on"


def first_together(passages: Iterable[Passage], limits: QualityLimits | None = None) -> Together | None:
    """Find the first moment at which two people walk, of whom one has a walk that will do.

    The other one's may be refused: whoever is too small, blurred or cut by the picture's edge is somebody else all the
    same. Who stands, what is no person, and a second view of the same body do not count.

    Args:
        passages: of one video, in any order; with or without pictures.
        limits: that they were refused by; None for the usual ones.

    Returns:
        None where at every moment one person walks at most.
    """
    limits = limits or QualityLimits()
    walking = sorted((one for one in passages if _walks(one, limits)), key=lambda one: int(one.numbers[0]))
    usable = {one.track for one in walking if one.walk is not None}
    found = [
        Together((min(one.track, other.track), max(one.track, other.track)), int(other.numbers[0]))
        for one, other in combinations(walking, 2)
        if one.track != other.track
        and not usable.isdisjoint((one.track, other.track))
        and other.numbers[0] <= one.numbers[-1]
        and _are_two(one, other)
    ]
    return min(found, key=lambda both: (both.frame, both.persons), default=None)


def _walks(passage: Passage, limits: QualityLimits) -> bool:
    """Whether somebody walks in a passage, be it usable or not."""
    if passage.walk is not None:
        return True
    quality = passage.quality
    if refusal(quality, limits) is None:  # a body that was found twice
        return False
    if quality.person is not None:
        return quality.person >= limits.least_person and quality.speed >= STANDING_SPEED
    return quality.rhythm >= (limits.least_rhythm if quality.speed >= STANDING_SPEED else limits.least_rhythm_in_place)


def _are_two(one: Passage, other: Passage) -> bool:
    """Whether two passages of the same time are of two bodies, as any two are that will do."""
    return (one.walk is not None and other.walk is not None) or hidden_places(one, other) < _SAME_PLACE
