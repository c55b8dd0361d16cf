"""Anthropometry: the lengths and half-breadths of one person, from published proportions with individual variation.

Lengths are fractions of stature after Drillis & Contini (1966), *Body Segment Parameters*, as reprinted in Winter
(2009), *Biomechanics and Motor Control of Human Movement*, 4th ed., figure 4.1. Breadths, depths and girths are
rounded means of the ANSUR survey (Gordon et al. 1989, NATICK/TR-89/044) over its mean stature; hip joint centres lie
nearer to the middle than the hips are broad (Bell et al. 1990). Spread between people is of the size that ANSUR shows
(2-5 % for proportions at a given stature, about 10 % for girths), with girths correlated through one common factor,
the build.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UsageError
from gaitprint.core.skeletons import Skeleton, convert_joints
from gaitprint.synth.landmarks import LANDMARKS


@dataclass(frozen=True, kw_only=True)
class Body:
    """One person's dimensions in metres; radii of limbs include everyday clothes.

    `*_depth` and `*_breadth` are half extents from front to back and from side to side; `*_radius` are limb radii.
    """

    stature: float
    # Segment lengths between joint centres.
    thigh: float
    shank: float
    ankle_height: float
    foot: float
    heel: float
    trunk: float
    neck: float
    head_height: float
    upper_arm: float
    forearm: float
    hand: float
    hip_half_width: float
    shoulder_half_width: float
    # Half extents of head and trunk.
    head_breadth: float
    head_depth: float
    hair: float
    long_hair: float
    neck_radius: float
    chest_breadth: float
    chest_depth: float
    waist_breadth: float
    waist_depth: float
    pelvis_breadth: float
    pelvis_depth: float
    belly: float
    # Limb radii, from the trunk outwards.
    thigh_radius: float
    knee_radius: float
    calf_radius: float
    ankle_radius: float
    foot_radius: float
    shoulder_radius: float
    elbow_radius: float
    wrist_radius: float
    hand_radius: float

    @property
    def leg(self) -> float:
        """Height of the hip joint over the sole with a straight leg."""
        return self.thigh + self.shank + self.ankle_height

    def scaled(self, stature: float) -> Body:
        """Return the same proportions at another stature in metres.

        Raises:
            UsageError: a stature outside 0.5..2.5 m.
        """
        if not 0.5 <= stature <= 2.5:
            raise UsageError(f"stature is {stature} m, must lie in 0.5..2.5")
        ratio = stature / self.stature
        return Body(**{name: value * ratio for name, value in dataclasses.asdict(self).items()})


# Fractions of stature: (men, women). Lengths: Drillis & Contini; breadths, depths, girths: ANSUR means.
_PROPORTIONS: dict[str, tuple[float, float]] = {
    "thigh": (0.245, 0.245),
    "shank": (0.246, 0.246),
    "ankle_height": (0.039, 0.039),
    "foot": (0.152, 0.148),
    "heel": (0.034, 0.033),
    "trunk": (0.288, 0.284),
    "neck": (0.040, 0.042),
    "head_height": (0.130, 0.132),
    "upper_arm": (0.186, 0.184),
    "forearm": (0.146, 0.143),
    "hand": (0.108, 0.106),
    "hip_half_width": (0.050, 0.053),
    "shoulder_half_width": (0.106, 0.101),
    "head_breadth": (0.043, 0.044),
    "head_depth": (0.056, 0.057),
    "neck_radius": (0.034, 0.030),
    "chest_breadth": (0.092, 0.086),
    "chest_depth": (0.066, 0.067),
    "waist_breadth": (0.088, 0.084),
    "waist_depth": (0.062, 0.060),
    "pelvis_breadth": (0.096, 0.105),
    "pelvis_depth": (0.067, 0.070),
    "thigh_radius": (0.047, 0.050),
    "knee_radius": (0.034, 0.034),
    "calf_radius": (0.033, 0.033),
    "ankle_radius": (0.025, 0.023),
    "foot_radius": (0.020, 0.019),
    "shoulder_radius": (0.031, 0.028),
    "elbow_radius": (0.025, 0.023),
    "wrist_radius": (0.018, 0.016),
    "hand_radius": (0.019, 0.017),
}
_STATURE_M = ((1.745, 0.065), (1.625, 0.060))  # mean and standard deviation, men and women

# Groups that vary together: standard deviation of the logarithm of the factor, and its members.
_FACTORS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (0.025, ("thigh", "shank")),
    (0.030, ("upper_arm", "forearm", "hand")),
    (0.045, ("shoulder_half_width", "chest_breadth")),
    (0.045, ("hip_half_width", "pelvis_breadth")),
    (0.040, ("head_height", "head_breadth", "head_depth")),
    (0.080, ("neck",)),
    (0.050, ("foot", "heel", "foot_radius")),
    (0.050, ("thigh_radius", "knee_radius")),
    (0.060, ("calf_radius", "ankle_radius")),
    (0.060, ("shoulder_radius", "elbow_radius", "wrist_radius")),
    (0.060, ("pelvis_depth",)),
    (0.060, ("chest_depth",)),
)
_RATIO_SD = {"shank": 0.020, "forearm": 0.020, "chest_breadth": 0.025, "waist_breadth": 0.04, "ankle_radius": 0.08}

# How strongly each girth follows the build (stout +, slim -).
_BUILD: dict[str, float] = {
    "waist_breadth": 0.14,
    "waist_depth": 0.22,
    "pelvis_breadth": 0.08,
    "pelvis_depth": 0.12,
    "chest_breadth": 0.06,
    "chest_depth": 0.13,
    "neck_radius": 0.07,
    "thigh_radius": 0.12,
    "knee_radius": 0.07,
    "calf_radius": 0.08,
    "ankle_radius": 0.04,
    "shoulder_radius": 0.11,
    "elbow_radius": 0.09,
    "wrist_radius": 0.05,
}


def sample_body(rng: np.random.Generator, variation: float = 1.0) -> Body:
    """Draw one person: sex, stature, correlated proportions, build, hair.

    Args:
        rng: the source of all randomness; the number of draws does not depend on the result.
        variation: scale of every deviation from the mean proportions of the sex (0 = two kinds of people only,
            differing in stature).
    """
    sex = int(rng.random() < 0.4)
    stature = _STATURE_M[sex][0] + _STATURE_M[sex][1] * float(np.clip(rng.standard_normal(), -2.5, 2.5))
    logs = dict.fromkeys(_PROPORTIONS, 0.0)
    for deviation, members in _FACTORS:
        common = deviation * float(rng.standard_normal())
        for name in members:
            logs[name] += common
    for name, deviation in _RATIO_SD.items():
        logs[name] += deviation * float(rng.standard_normal())
    build = float(np.clip(rng.standard_normal(), -2.0, 2.5))
    for name, loading in _BUILD.items():
        logs[name] += loading * build
    hair, long_hair, belly = rng.random(3)
    values = {
        name: stature * fractions[sex] * float(np.exp(variation * logs[name]))
        for name, fractions in _PROPORTIONS.items()
    }
    values["trunk"] += (
        stature - values["thigh"] - values["shank"] - values["ankle_height"] - stature * _trunk_share(sex)
    )
    return Body(
        stature=stature,
        hair=0.005 + (0.012 + 0.010 * sex) * variation * hair,
        long_hair=float(long_hair < (0.65 if sex else 0.04)) * 0.11 * stature,
        belly=max(0.0, 0.05 * variation * (0.5 * build + belly - 0.4)),
        **values,
    )


def _trunk_share(sex: int) -> float:
    """Fraction of stature above the hips; with longer legs the trunk is shorter, and the stature stays."""
    return 1.0 - sum(_PROPORTIONS[name][sex] for name in ("thigh", "shank", "ankle_height"))


def average_body(stature: float = 1.70) -> Body:
    """Return the mean of men's and women's proportions at a stature in metres, for motion recorded elsewhere."""
    values = {name: sum(fractions) / 2 for name, fractions in _PROPORTIONS.items()}
    return Body(stature=1.0, hair=0.007, long_hair=0.0, belly=0.005, **values).scaled(stature)


def estimate_stature(joints: NDArray[np.float32], skeleton: Skeleton) -> float:
    """Estimate the stature in metres from the median lengths of thigh and shank (0.491 of stature).

    Args:
        joints: float32 [T, J, 3] in metres.
        skeleton: their skeleton; needs hips, knees and ankles.

    Raises:
        UsageError: the skeleton lacks a leg joint, or the result lies outside 0.5..2.5 m.
    """
    points, seen = convert_joints(joints, skeleton, LANDMARKS)
    legs = []
    for side in ("left", "right"):
        chain = [LANDMARKS.index(f"{side}_{name}") for name in ("hip", "knee", "ankle")]
        if not seen[0, chain].all():
            raise UsageError(f"skeleton '{skeleton.name}' has no {side} leg to estimate a stature from")
        steps = np.linalg.norm(np.diff(points[:, chain], axis=1), axis=-1)  # [T, 2]
        legs.append(float(np.median(steps, axis=0).sum()))
    stature = sum(legs) / 2 / 0.491
    if not 0.5 <= stature <= 2.5:
        raise UsageError(f"legs of {sum(legs) / 2:.3f} m give a stature of {stature:.2f} m; joints must be in metres")
    return stature
