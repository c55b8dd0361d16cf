"""Parametric gait: joint angles over the gait cycle -> landmarks in metres, for all frames at once.

Sagittal hip, knee and ankle angles are periodic series through knots every 5 % of the cycle, read to about a degree
from published mean curves of healthy adults at natural cadence (Winter 1991, *The Biomechanics and Motor Control of
Human Gait*; Kadaba et al. 1990 and Perry 1992 agree). Pelvis, trunk and arms follow Perry (1992) and Murray (1967),
first or second harmonic each. Height and progress of the pelvis are not prescribed: they follow from the foot that
carries the body, so feet neither sink nor slide.

Phase 0 of a leg is its heel contact; the left leg lags the right by half a cycle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.synth.body import Body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.style import SHAPE_HARMONICS, GaitStyle

# Degrees at 0, 5, ..., 95 % of the cycle; hip and knee flexion and ankle dorsiflexion positive. The hip angle is of
# the thigh against the vertical (the angle against the pelvis less the 10 degrees by which the pelvis tips forward).
_KNOTS_DEG = np.array(
    [
        [22, 21, 18, 14, 9, 4, -1, -6, -11, -16, -20, -19, -13, -4, 6, 14, 20, 24, 25, 24],
        [5, 11, 17, 19, 17, 13, 9, 6, 5, 7, 13, 24, 39, 54, 62, 62, 54, 39, 21, 7],
        [0, -5, -5, -1, 3, 5, 7, 8, 9.5, 10, 7, -2, -15, -20, -13, -6, -2, 0, 1, 1],
    ]
)
_COEFFICIENTS = np.fft.rfft(_KNOTS_DEG, axis=1)[:, :8] / _KNOTS_DEG.shape[1] * np.array([1] + [2] * 7)

# Contact is solved at this multiple of the frame rate, so that a change of the carrying foot falls between frames.
_SUBSTEPS = 4
_CONTACT_SOFTNESS_M = 0.006
_BALL_SHARE = 0.72  # of the foot's length, where the toes bend

Vectors = NDArray[np.float64]  # [..., 3]
Angles = NDArray[np.float64]  # degrees


@dataclass(frozen=True, eq=False)
class Motion:
    """A walk in space.

    Args:
        landmarks: float32 [T, J, 3] in metres, joints of `LANDMARKS`; x right, y up from the floor, z forward; the
            middle of the walk lies over the origin.
        right_phase: float64 [T], gait cycles since a right heel contact, increasing.
        frame_rate_hz: frames a second.
    """

    landmarks: NDArray[np.float32]
    right_phase: NDArray[np.float64]
    frame_rate_hz: float

    @property
    def speed_m_s(self) -> float:
        """Mean speed of the pelvis along the walk."""
        progress = self.landmarks[:, LANDMARKS.index("pelvis"), 2]
        return float(progress[-1] - progress[0]) / max(len(progress) - 1, 1) * self.frame_rate_hz


def joint_angles_deg(phase: NDArray[np.float64], style: GaitStyle, strength: float = 1.0) -> Angles:
    """Sagittal hip, knee and ankle angles of one leg.

    Args:
        phase: float64 [T], gait cycles since this leg's heel contact.
        style: whose gait.
        strength: factor on all three excursions (leg asymmetry).

    Returns:
        degrees float64 [3, T]: hip flexion against the vertical, knee flexion, ankle dorsiflexion.
    """
    leads = np.array([0.0, style.knee_lead, style.ankle_lead])
    scale = np.array([style.hip_amplitude, style.knee_amplitude, style.ankle_amplitude]) * strength
    coefficients = _COEFFICIENTS * scale[:, None]
    coefficients[:, list(SHAPE_HARMONICS)] += style.shape
    # The excursion is scaled about the extended position, not about the mean: a short stride is not a crouch.
    means = _COEFFICIENTS[:, 0].real + np.array([0.0, (style.knee_amplitude * strength - 1) * 20.0, 0.0])
    coefficients[:, 0] = means + np.array([style.hip_offset_deg, style.knee_offset_deg, style.ankle_offset_deg])
    turns = 2j * np.pi * (phase[None] + leads[:, None])
    harmonics = np.arange(coefficients.shape[1])
    angles: Angles = (coefficients[:, :, None] * np.exp(turns[:, None] * harmonics[:, None])).real.sum(axis=1)
    # No knee bends backwards: below 4 degrees the curve levels off towards 0.
    angles[1] = np.where(angles[1] < 4.0, 4.0 * np.exp(np.minimum(angles[1], 4.0) / 4.0 - 1.0), angles[1])
    return angles


def _frame(yaw: Angles, roll: Angles | float, pitch: Angles | float) -> Vectors:
    """Axes (right, up, forward) of a segment, [..., 3 axes, 3].

    Positive yaw turns forward to the right, positive roll lifts the right side, positive pitch swings down to forward
    (flexes a leg, lifts the toes); pitch acts first, yaw last.
    """
    yaw, roll, pitch = np.broadcast_arrays(*(np.deg2rad(angle) for angle in (yaw, roll, pitch)))
    (sy, cy), (sr, cr), (sp, cp) = ((np.sin(angle), np.cos(angle)) for angle in (yaw, roll, pitch))
    right = np.stack([cy * cr, sr, -sy * cr], axis=-1)
    # Images of "up" and "forward" under roll, then yaw.
    up = np.stack([-sr * cy, cr, sr * sy], axis=-1)
    forward = np.stack([sy, np.zeros_like(sy), cy], axis=-1)
    return np.stack(
        [right, cp[..., None] * up - sp[..., None] * forward, sp[..., None] * up + cp[..., None] * forward], -2
    )


def _offset(frame: Vectors, right: float, up: float, forward: float) -> Vectors:
    """A point given in a segment's own axes, as world vectors [..., 3]."""
    moved: Vectors = right * frame[..., 0, :] + up * frame[..., 1, :] + forward * frame[..., 2, :]
    return moved


def walk(
    body: Body,
    style: GaitStyle,
    num_frames: int,
    *,
    frame_rate_hz: float = 25.0,
    start_phase: float = 0.0,
    drift: NDArray[np.float64] | None = None,
) -> Motion:
    """Let a body walk straight ahead.

    Args:
        body: lengths.
        style: how it walks.
        num_frames: T >= 1.
        frame_rate_hz: frames a second.
        start_phase: gait cycles since right heel contact in the first frame.
        drift: float64 [K], slow change of cadence along the walk: K fractions, interpolated; None = steady.
    """
    count = (num_frames - 1) * _SUBSTEPS + 1
    rate = np.full(count, style.cadence_hz)
    if drift is not None:
        rate *= 1.0 + np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(drift)), drift)
    phase = start_phase + np.concatenate([[0.0], np.cumsum(rate[1:])]) / (frame_rate_hz * _SUBSTEPS)
    points, soles = _pose(body, style, phase)
    sides = [_stance(phase - 0.5 + style.timing_asymmetry), _stance(phase)]
    stance = np.repeat(np.stack(sides, axis=1), soles.shape[1] // 2, axis=1)
    lift, progress = _carry(soles, stance, window=max(3, int(0.10 * frame_rate_hz * _SUBSTEPS)))
    root = np.stack([np.zeros(count), lift, progress], axis=-1)
    root[:, 2] -= root[:, 2].mean()
    landmarks = np.stack([points[name] for name in LANDMARKS.joints], axis=1) + root[:, None]
    return Motion(landmarks[::_SUBSTEPS].astype(np.float32), phase[::_SUBSTEPS], frame_rate_hz)


def place(
    landmarks: NDArray[np.float32], heading_deg: float, at: tuple[float, float] = (0.0, 0.0)
) -> NDArray[np.float32]:
    """Turn a walk about the vertical and move it over the floor.

    Args:
        landmarks: float32 [T, J, 3], world metres, as `walk` gives them: towards +z, through the origin.
        heading_deg: direction of the walk; the camera of view 0 sees it from `heading_deg`: 0 = it comes, 90 = to the
            picture's left, 180 = it goes, 270 = to the right.
        at: x and z, metres, of the middle of the walk.
    """
    angle = np.deg2rad(heading_deg)
    sine, cosine = np.float32(np.sin(angle)), np.float32(np.cos(angle))
    x, y, z = np.moveaxis(landmarks, -1, 0)
    placed: NDArray[np.float32] = np.stack([x * cosine + z * sine, y, z * cosine - x * sine], axis=-1)
    placed[..., 0] += np.float32(at[0])
    placed[..., 2] += np.float32(at[1])
    return placed


def _carry(soles: Vectors, stance: NDArray[np.float64], window: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Height and progress of the pelvis from the points of the soles that touch the floor.

    Args:
        soles: [T, points, 3] relative to the pelvis.
        stance: [T, points] in 0..1, whether the point's foot may bear weight (a foot that swings past barely clears
            the floor, and must not be taken for a support).
        window: samples over which the height is smoothed; the speed, which carries more inertia, over twice as many.

    Returns:
        height [T] that puts the lowest point on the floor, and progress [T] that keeps it from sliding.
    """
    low = soles[..., 1].min(axis=1, keepdims=True) - soles[..., 1]
    touching = np.exp(low / _CONTACT_SOFTNESS_M)
    lift = -(touching * soles[..., 1]).sum(axis=1) / touching.sum(axis=1)
    # Where only a swinging foot is low, the supporting one still counts.
    bearing = (touching + 1e-6) * stance + 1e-12
    bearing /= bearing.sum(axis=1, keepdims=True)
    between = (bearing[1:] + bearing[:-1]) / 2
    steps = -(between * np.diff(soles[..., 2], axis=0)).sum(axis=1)
    return _smooth(lift, window), np.concatenate([[0.0], np.cumsum(_smooth(steps, 2 * window))])


def _stance(phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 while a leg stands (first 62 % of its cycle), 0 while it swings, with ramps of 6 %."""
    cycle = np.mod(phase, 1.0)
    ramp = 0.06
    rising = np.clip(cycle / ramp, 0, 1) * (cycle < 0.5)
    falling = np.clip((0.62 - cycle) / ramp, 0, 1) * (cycle >= 0.5)
    return rising + falling


def _smooth(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Hann-weighted moving average, values [T]; the ends are extended by reflection about the end point."""
    if len(values) <= window:
        return values
    kernel = np.hanning(2 * (window // 2) + 3)[1:-1]
    half = len(kernel) // 2
    padded = np.pad(values, half, mode="reflect", reflect_type="odd")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _pose(body: Body, style: GaitStyle, phase: NDArray[np.float64]) -> tuple[dict[str, Vectors], Vectors]:
    """Forward kinematics about the pelvis: landmarks name -> [T, 3], and sole points [T, 6, 3]."""
    turn = 2 * np.pi * phase
    sway = style.lateral_sway_m * np.cos(turn - 2 * np.pi * 0.30)  # towards the leg that carries
    pelvis = _frame(
        -style.pelvis_rotation_deg * np.cos(turn),
        style.pelvis_obliquity_deg * np.sin(turn + 2 * np.pi * 0.05),
        0.0,
    )
    points: dict[str, Vectors] = {"pelvis": np.stack([sway, 0 * sway, 0 * sway], axis=-1)}
    soles: list[Vectors] = []
    for side, sign in (("left", -1.0), ("right", 1.0)):
        leg_phase = phase if sign > 0 else phase - 0.5 + style.timing_asymmetry
        hip = points["pelvis"] + _offset(pelvis, sign * body.hip_half_width, 0, 0)
        points[f"{side}_hip"] = hip
        soles += _leg(points, side, sign, hip, leg_phase, body, style)
    trunk = _trunk(points, turn, body, style)
    for side, sign in (("left", -1.0), ("right", 1.0)):
        _arm(points, side, sign, trunk, phase if sign > 0 else phase - 0.5, body, style)
    return points, np.stack(soles, axis=1)


def _leg(
    points: dict[str, Vectors],
    side: str,
    sign: float,
    hip: Vectors,
    phase: NDArray[np.float64],
    body: Body,
    style: GaitStyle,
) -> list[Vectors]:
    """Add knee, ankle, heel and foot of one leg; return heel, ball and toe at the sole."""
    hip_deg, knee_deg, ankle_deg = joint_angles_deg(phase, style, 1.0 + sign * style.leg_asymmetry)
    # The foot keeps its track beside the path whatever the pelvis does: the leg leans sideways by what is missing.
    sideways = sign * style.step_width_m / 2 - hip[:, 0]
    lean = np.rad2deg(np.arcsin(sideways / (body.thigh + body.shank)))
    yaw = sign * style.toe_out_deg
    knee = hip + _offset(_frame(0 * phase, lean, hip_deg), 0, -body.thigh, 0)
    ankle = knee + _offset(_frame(0 * phase, lean, hip_deg - knee_deg), 0, -body.shank, 0)
    foot_deg = hip_deg - knee_deg + ankle_deg
    foot = _frame(yaw + 0 * phase, 0.0, foot_deg)
    heel = ankle + _offset(foot, 0, -body.ankle_height, -body.heel)
    ball = ankle + _offset(foot, 0, -body.ankle_height, _BALL_SHARE * body.foot - body.heel)
    # Behind a lifted heel the toes stay flatter than the foot.
    toes = _frame(yaw + 0 * phase, 0.0, np.where(foot_deg < 0, 0.5 * foot_deg, foot_deg))
    toe = ball + _offset(toes, 0, 0, (1 - _BALL_SHARE) * body.foot)
    points |= {f"{side}_knee": knee, f"{side}_ankle": ankle, f"{side}_heel": heel, f"{side}_foot": toe}
    return [heel, ball, toe]


def _trunk(points: dict[str, Vectors], turn: NDArray[np.float64], body: Body, style: GaitStyle) -> Vectors:
    """Add spine, neck, head, face and shoulders; return the axes of the chest."""
    chest = _frame(
        style.trunk_rotation_deg * np.cos(turn - 0.3),
        style.trunk_tilt_deg - style.trunk_roll_deg * np.cos(turn - 2 * np.pi * 0.30),
        -style.trunk_lean_deg - 0.8 * np.cos(2 * turn),
    )
    pelvis = points["pelvis"]
    thorax = pelvis + _offset(chest, 0, body.trunk, 0)
    points["spine_mid"] = pelvis + _offset(chest, 0, 0.5 * body.trunk, 0.02 * body.trunk)
    points["thorax"] = thorax
    drop = style.shoulder_drop * body.stature
    points["left_shoulder"] = thorax + _offset(chest, -body.shoulder_half_width, -drop, 0)
    points["right_shoulder"] = thorax + _offset(chest, body.shoulder_half_width, -drop, 0)
    # Shoulders to the crown is 0.182 of stature: slope of the shoulder, neck, head.
    above = body.stature * 0.012 + body.neck
    points["neck"] = thorax + _offset(_frame(0 * turn, 0.0, -style.head_forward_deg), 0, above * 0.6, 0)
    bent = _frame(0 * turn, 0.0, -style.head_forward_deg)
    skull = _frame(0 * turn, 0.0, style.head_pitch_deg)
    low = thorax + _offset(bent, 0, above, 0)
    tall, wide, deep = body.head_height, body.head_breadth, body.head_depth
    points["head"] = low + _offset(skull, 0, 0.5 * tall, 0.1 * deep)
    points["head_top"] = low + _offset(skull, 0, tall, 0.1 * deep)
    points["nose"] = points["head"] + _offset(skull, 0, -0.05 * tall, 1.15 * deep)
    for side, sign in (("left", -1.0), ("right", 1.0)):
        for name, right, up, forward in (
            *(("eye_inner", 0.2, 0.06, 0.95), ("eye", 0.4, 0.06, 0.92), ("eye_outer", 0.6, 0.06, 0.85)),
            *(("ear", 1.0, 0.0, -0.05), ("mouth", 0.25, -0.22, 0.98)),
        ):
            place = _offset(skull, sign * right * wide, up * tall, forward * deep)
            points[f"{side}_{name}"] = points["head"] + place
    return chest


def _arm(
    points: dict[str, Vectors],
    side: str,
    sign: float,
    chest: Vectors,
    phase: NDArray[np.float64],
    body: Body,
    style: GaitStyle,
) -> None:
    """Add elbow, wrist and hand of one arm; it swings against the leg of its side."""
    which = int(sign > 0)
    freedom = style.arm_freedom[which] * max(0.1, 1.0 + sign * style.arm_asymmetry)
    hold_shoulder, hold_elbow = style.arm_hold_deg[which]
    forwards = -np.cos(2 * np.pi * (phase - style.arm_lag))
    shoulder_deg = style.arm_offset_deg + hold_shoulder + freedom * style.arm_swing_deg * forwards
    elbow_deg = style.elbow_flexion_deg + hold_elbow + freedom * style.elbow_swing_deg * forwards
    elbow_deg = np.maximum(elbow_deg, 3.0)
    chest_yaw = np.rad2deg(np.arctan2(chest[:, 2, 0], chest[:, 2, 2]))
    upper = _frame(chest_yaw, sign * style.arm_abduction_deg, shoulder_deg)
    inward = -sign * style.forearm_inward_deg * (1.0 + hold_elbow / 60.0)
    lower = _frame(chest_yaw + inward, sign * 0.5 * style.arm_abduction_deg, shoulder_deg + elbow_deg)
    elbow = points[f"{side}_shoulder"] + _offset(upper, 0, -body.upper_arm, 0)
    wrist = elbow + _offset(lower, 0, -body.forearm, 0)
    points[f"{side}_elbow"], points[f"{side}_wrist"] = elbow, wrist
    for name, right, length, forward in (
        *(("hand", 0.0, 0.45, 0.0), ("hand_tip", 0.0, 0.95, 0.05), ("thumb", -0.1, 0.55, 0.25)),
        *(("index", 0.0, 0.80, 0.15), ("pinky", 0.0, 0.75, -0.15)),
    ):
        place = _offset(lower, sign * right * body.hand, -length * body.hand, forward * body.hand)
        points[f"{side}_{name}"] = wrist + place
