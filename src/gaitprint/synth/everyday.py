"""Walks as they come out of anybody's videos: clothes of the day, and cameras that stand anywhere.

A layout like CASIA-B's shows a person in the same clothes before the same eleven cameras. What learns from it learns
these, and fails before others (domain randomisation: Tobin et al., "Domain randomization for transferring deep neural
networks from simulation to the real world", IROS 2017). Here a person keeps body and gait only: every walk has clothes,
bag and coat of its own, and every camera a place, a height, a resolution and segmentation errors of its own.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import get_args

import numpy as np

from gaitprint.synth.body import Body, sample_body
from gaitprint.synth.camera import Camera
from gaitprint.synth.clothing import Bag, Coat, Headwear, Outfit, sample_bag, sample_coat
from gaitprint.synth.segmentation import SegmentationNoise

# How often somebody carries a bag, wears a coat, has long hair, a cap, a hood up, both hands in the pockets.
_BAG_SHARE, _COAT_SHARE, _LONG_HAIR_SHARE, _CAP_SHARE, _HOOD_SHARE, _POCKETS_SHARE = 0.25, 0.35, 0.3, 0.12, 0.1, 0.15
# Ranges of what is drawn: metres, pixels of a body's height, and the level of segmentation errors.
_LOOSENESS_M = (0.002, 0.035)
_HAIR_M, _LONG_HAIR_M = (0.003, 0.035), (0.05, 0.25)
_DISTANCE_M, _CAMERA_HEIGHT_M = (3.5, 14.0), (0.4, 2.6)
_BODY_PX, _NOISE = (44.0, 150.0), (0.1, 1.2)
# Metres: a walk reaches so far to either side of its middle, and the tallest with a hat so high.
_REACH_M, _TALLEST_M, _BODY_M = 1.6, 2.3, 1.75
# Seconds of a recorded walk that a video shows.
_PASSAGE_S = 2.6
# First element of a spawn key: what is drawn.
_BODY, _CLOTHES, _CAMERAS, _PASSAGE, _OTHERS = range(5)


@dataclass(frozen=True)
class EverydayWalk:
    """What is drawn about one walk of one person, the same in any process and order.

    Args:
        seed: of the whole data set.
        person: a number of the person.
        walk: a number of the walk among the person's.
        num_cameras: K, from how many sides the walk is seen.
    """

    seed: int
    person: int
    walk: int
    num_cameras: int = 6

    def body(self) -> Body:
        """The person's body, the same in all walks."""
        return sample_body(self._rng(_BODY))

    def outfit(self) -> Outfit:
        """Clothes and hair of this walk; colours are the plain ones."""
        rng = self._rng(_CLOTHES, self.walk)
        shirt, trousers = rng.uniform(*_LOOSENESS_M, 2)
        carries, wears, hangs, pockets = rng.random(4) < (_BAG_SHARE, _COAT_SHARE, _LONG_HAIR_SHARE, _POCKETS_SHARE)
        bag: Bag | None = sample_bag(rng, rng.uniform(0.6, 1.2)) if carries else None
        coat: Coat | None = sample_coat(rng, rng.uniform(0.4, 1.2)) if wears else None
        on_head: Headwear = rng.choice(get_args(Headwear), p=(1 - _CAP_SHARE - _HOOD_SHARE, _CAP_SHARE, _HOOD_SHARE))
        return Outfit(
            shirt=float(shirt),
            trousers=float(trousers),
            hair=float(rng.uniform(*_HAIR_M)),
            long_hair=float(rng.uniform(*_LONG_HAIR_M)) if hangs else 0.0,
            headwear=on_head,
            pockets=bool(pockets),
            bag=bag,
            coat=coat,
        )

    def cameras(self) -> dict[str, Camera]:
        """K cameras by their labels, whole degrees from 000 to 359; one in each K-th of the circle."""
        rng = self._rng(_CAMERAS, self.walk)
        width_deg = 360 / self.num_cameras
        first = rng.uniform(0, 360)
        # Half a sector's freedom: no two cameras share a label.
        views = (first + width_deg * (np.arange(self.num_cameras) + rng.uniform(0, 0.5, self.num_cameras))) % 360
        placed = (_place(float(view), rng) for view in np.floor(views))
        return {f"{int(camera.view_deg):03d}": camera for camera in placed}

    def noise(self, camera: Camera) -> SegmentationNoise:
        """Segmentation errors before one of the cameras."""
        rng = self._rng(_CAMERAS, self.walk, int(camera.view_deg))
        return dataclasses.replace(SegmentationNoise(), level=float(rng.uniform(*_NOISE)))

    def passage(self, frames: int, frame_rate_hz: float) -> slice:
        """A stretch of a recording of so many frames, as long as it takes to cross a picture."""
        length = min(frames, round(_PASSAGE_S * frame_rate_hz))
        start = int(self._rng(_PASSAGE, self.walk).integers(frames - length + 1))
        return slice(start, start + length)

    def rng(self, *key: int) -> np.random.Generator:
        """A generator for what others draw about this walk; other keys, other numbers."""
        return self._rng(_OTHERS, self.walk, *key)

    def _rng(self, what: int, *key: int) -> np.random.Generator:
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(what, self.person, *key)))


def _place(view_deg: float, rng: np.random.Generator) -> Camera:
    """Put a camera somewhere at an angle; the picture holds the whole walk."""
    distance, body_px = (float(np.exp(rng.uniform(*np.log(limits)))) for limits in (_DISTANCE_M, _BODY_PX))
    height = float(rng.uniform(*_CAMERA_HEIGHT_M))
    focal = body_px * distance / _BODY_M
    nearest = focal / (distance - _REACH_M)  # pixels a metre where the walker is nearest
    tall = 2 * int(np.ceil(nearest * max(height, _TALLEST_M - height))) + 8
    return Camera(
        view_deg=view_deg,
        distance_m=distance,
        height_m=height,
        focal_px=focal,
        height=tall,
        width=2 * int(np.ceil(0.6 * _BODY_M * nearest)),
    )
