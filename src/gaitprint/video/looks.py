"""What a pose front-end saw of somebody who passed: in some frames, interpolated between, and the boxes that follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.skeletons import Skeleton
from gaitprint.video.body_boxes import body_boxes
from gaitprint.video.passages import Spell
from gaitprint.video.pose import CropJoints

# Share of looks that must show a whole body for their boxes to count; looks over which they are interpolated.
_BODIES, _TRUSTED = 0.4, 3


@dataclass(frozen=True)
class Looks:
    """What a pose front-end saw of a track.

    Args:
        frames: int64 [B], in which it looked, counted from the track's first.
        joints: in pixels of the frames; None where there is no front-end.
        skeleton: of the joints; None where they are no person's.
    """

    frames: NDArray[np.int64]
    joints: CropJoints | None
    skeleton: Skeleton | None

    def within(self, spell: Spell, count: int) -> CropJoints | None:
        """Return the joints of a spell's frames, of a track of so many, interpolated between looks."""
        if self.joints is None or self.skeleton is None:
            return None
        every = interpolate(self.joints, self.frames, count)
        part = slice(spell.start, spell.stop)
        world = None if every.world is None else every.world[part]
        return CropJoints(every.image[part], world, every.confidence[part], every.person)

    def person(self, spell: Spell) -> float | None:
        """Return the share of looks at a spell in which there was a person."""
        if self.joints is None:
            return None
        inside = (self.frames >= spell.start) & (self.frames < spell.stop)
        seen = self.joints.person[inside] if inside.any() else self.joints.person
        return float((seen > 0.5).mean())


def interpolate(found: CropJoints, looked: NDArray[np.int64], frames: int) -> CropJoints:
    """Fill in the joints of frames that were not looked at, along straight lines.

    Args:
        found: of the frames that were.
        looked: int64 [B], their positions, ascending; the first is 0 and the last the last.
        frames: T.

    Returns:
        joints of all T frames; the confidence between two frames is the lower one, `person` stays as it was found.
    """
    after = np.minimum(np.searchsorted(looked, np.arange(frames)), len(looked) - 1)
    before = np.maximum(np.where(looked[after] == np.arange(frames), after, after - 1), 0)
    span = np.maximum(looked[after] - looked[before], 1)
    share = ((np.arange(frames) - looked[before]) / span).astype(np.float32)[:, None, None]

    def between(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(values[before] * (1 - share) + values[after] * share, np.float32)

    return CropJoints(
        between(found.image),
        None if found.world is None else between(found.world),
        np.minimum(found.confidence[before], found.confidence[after]),
        found.person,
    )


def better_boxes(boxes: NDArray[np.float64], looks: Looks) -> NDArray[np.float64]:
    """Take the boxes of bodies, where they were seen, for those of what moved; float64 [T, 4] both."""
    if looks.joints is None or looks.skeleton is None:
        return boxes
    found = body_boxes(looks.joints.image, looks.joints.confidence, looks.skeleton)
    found[looks.joints.person < 0.5] = np.nan
    good = ~np.isnan(found[:, 0])
    if good.mean() < _BODIES:
        return boxes
    frames = looks.frames[good]
    every = np.arange(len(boxes))
    between = np.stack([np.interp(every, frames, column) for column in found[good].T], axis=1)
    # Far from any look that showed a body, motion knows better.
    near = np.abs(every[:, None] - frames).min(axis=1) <= _TRUSTED * np.median(np.diff(looks.frames))
    return np.where(near[:, None], between, boxes)
