"""How one person walks: the parameters of `gaitprint.synth.motion`, their means and how they vary.

Means and the spread between people follow the normative literature: Murray, Drillis & Kory (1964) and Murray (1967)
for stride, step width, toe-out, arm swing and trunk, Winter (1991) for cadence and joint angles, Perry (1992) for the
pelvis. Walks of one person spread about a third as much as people do, the ratio of within- to between-subject
variability in Kadaba et al. (1989).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Personal deviation of the shape of hip, knee and ankle curves: harmonics 2 to 4, degrees, falling with the harmonic.
SHAPE_HARMONICS = (2, 3, 4)
_SHAPE_SD_DEG = 1.4
_SHAPE_WALK_SD_DEG = 0.5


def _normal(mean: float, people: float, walks: float, least: float = -np.inf) -> Any:
    """A parameter: mean, standard deviations between people and between one person's walks, least sensible value."""
    return dataclasses.field(default=mean, metadata={"people": people, "walks": walks, "least": least})


@dataclass(frozen=True, kw_only=True, eq=False)
class GaitStyle:
    """Parameters of a walk; the defaults are the mean gait, the same on both sides.

    `*_amplitude` are factors on the excursions of the mean joint-angle curves, `*_lead` are in gait cycles,
    `*_asymmetry` are fractions of the mean (positive: more on the right). `shoulder_drop` is a share of stature.

    Args:
        shape: complex [3, 3], Fourier coefficients in degrees added to hip, knee, ankle at `SHAPE_HARMONICS`.
        arm_hold_deg: for the left and the right arm, degrees by which a load bends shoulder and elbow.
        arm_freedom: factor on the swing of the left and the right arm, 1 = free.
    """

    # Strides a second, and the joint-angle curves.
    cadence_hz: float = _normal(0.92, 0.050, 0.020, least=0.6)
    hip_amplitude: float = _normal(0.95, 0.100, 0.035, least=0.5)
    hip_offset_deg: float = _normal(0.0, 3.0, 0.9)
    knee_amplitude: float = _normal(1.0, 0.070, 0.025, least=0.6)
    knee_offset_deg: float = _normal(1.0, 2.5, 0.8)
    knee_lead: float = _normal(0.0, 0.012, 0.004)
    ankle_amplitude: float = _normal(0.9, 0.140, 0.045, least=0.3)
    ankle_offset_deg: float = _normal(0.0, 2.5, 0.8)
    ankle_lead: float = _normal(0.0, 0.012, 0.004)
    # Pelvis and legs in the other two planes.
    pelvis_rotation_deg: float = _normal(5.0, 1.8, 0.6)
    pelvis_obliquity_deg: float = _normal(4.0, 1.5, 0.5)
    lateral_sway_m: float = _normal(0.020, 0.008, 0.003, least=0.0)
    step_width_m: float = _normal(0.100, 0.030, 0.010, least=0.02)
    toe_out_deg: float = _normal(7.0, 5.0, 1.5)
    # Trunk, shoulders and head.
    trunk_lean_deg: float = _normal(2.5, 3.0, 0.9)
    trunk_tilt_deg: float = _normal(0.0, 1.0, 0.4)
    trunk_rotation_deg: float = _normal(4.0, 2.0, 0.7)
    trunk_roll_deg: float = _normal(1.5, 1.0, 0.4)
    shoulder_drop: float = _normal(0.020, 0.009, 0.002, least=-0.01)
    head_forward_deg: float = _normal(14.0, 8.0, 2.0)
    head_pitch_deg: float = _normal(0.0, 6.0, 2.5)
    # Arms: half the excursion of the shoulder, its mean, and the bend of the elbow.
    arm_swing_deg: float = _normal(17.0, 6.5, 2.4, least=2.0)
    arm_offset_deg: float = _normal(-3.0, 5.0, 1.5)
    arm_abduction_deg: float = _normal(8.0, 3.0, 1.0, least=2.0)
    arm_lag: float = _normal(0.02, 0.020, 0.008)
    elbow_flexion_deg: float = _normal(24.0, 8.0, 2.5, least=3.0)
    elbow_swing_deg: float = _normal(9.0, 4.5, 1.6)
    forearm_inward_deg: float = _normal(12.0, 8.0, 2.5)
    # Left against right.
    leg_asymmetry: float = _normal(0.0, 0.030, 0.012)
    timing_asymmetry: float = _normal(0.0, 0.008, 0.003)
    arm_asymmetry: float = _normal(0.0, 0.180, 0.060)
    shape: NDArray[np.complex128] = dataclasses.field(default_factory=lambda: np.zeros((3, 3), np.complex128))
    arm_hold_deg: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (0.0, 0.0))
    arm_freedom: tuple[float, float] = (1.0, 1.0)


def sample_style(rng: np.random.Generator, variation: float = 1.0) -> GaitStyle:
    """Draw a person's habitual gait; `variation` scales the spread between people."""
    return _scatter(GaitStyle(), "people", _SHAPE_SD_DEG, rng, variation)


def vary_style(style: GaitStyle, rng: np.random.Generator, variation: float = 1.0) -> GaitStyle:
    """Draw one walk of a person; `variation` scales the spread between walks."""
    return _scatter(style, "walks", _SHAPE_WALK_SD_DEG, rng, variation)


def _scatter(style: GaitStyle, of: str, shape_deg: float, rng: np.random.Generator, variation: float) -> GaitStyle:
    """Move every parameter by a normal deviate, cut at 2.5 standard deviations and at its least sensible value."""
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(style):
        if of in field.metadata:
            deviation = variation * field.metadata[of] * float(np.clip(rng.standard_normal(), -2.5, 2.5))
            changed[field.name] = max(getattr(style, field.name) + deviation, field.metadata["least"])
    real, imaginary = rng.standard_normal((2, 3, len(SHAPE_HARMONICS)))
    falling = variation * shape_deg / np.arange(1, len(SHAPE_HARMONICS) + 1) / np.sqrt(2)
    return dataclasses.replace(style, shape=style.shape + (real + 1j * imaginary) * falling, **changed)
