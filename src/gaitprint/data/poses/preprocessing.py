"""From joints as a sensor or a pose estimator gave them to joints that a model learns from, in one call."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.skeletons import Skeleton
from gaitprint.data.poses.body_size import Size, reference_bones, unit_size
from gaitprint.data.poses.centring import centre
from gaitprint.data.poses.facing import Handedness, face_forward
from gaitprint.data.poses.gaps import fill_gaps
from gaitprint.data.poses.outliers import find_outliers
from gaitprint.data.poses.resampling import resample, resampled_length
from gaitprint.data.poses.sensor import sensor_direction, with_sensor
from gaitprint.data.poses.smoothing import smooth


@config_dataclass
class PreprocessingConfig:
    """What is done to a walk before a model sees it, in this order; the defaults are for models of joints.

    Args:
        outlier_threshold: joints off their own path by more than this many robust standard deviations become unseen
            (`outliers.find_outliers`); null keeps them.
        longest_gap_s: gaps in a joint's path up to this long are filled, at half the confidence (`gaps.fill_gaps`);
            what stays unseen lies at the origin with confidence 0.
        centre: move the pelvis to the origin (`centring.centre`).
        cutoff_hz: low-pass filter without a shift in time (`smoothing.smooth`); null for none.
        face_forward: turn the walk along +z, left-handed axes, frame by frame (`facing.face_forward`); needs `centre`
            and 3 axes, and does nothing with 2.
        handedness: of the axes recorded: ``left``, ``right``, or ``auto``: found out for each walk by its legs.
        size: ``recorded``: as it is, in metres or pixels; ``unit``: trunk and leg of the walk together have length 1
            (`body_size.unit_size`); ``reference-bones``: and every bone is an average body's, so that only motion is
            left (`body_size.reference_bones`); needs 3 axes.
        rate_hz: frames a second of the result (`resampling.resample`); null keeps the walk's own.
        sensor: add where the sensor stands as a last joint: the horizontal direction to it from the pelvis, of length 1
            in the axes of the result (`sensor.sensor_direction`); needs `centre` and 3 axes.
    """

    outlier_threshold: float | None = 4.0
    longest_gap_s: float = 0.3
    centre: bool = True
    cutoff_hz: float | None = 6.0
    face_forward: bool = True
    handedness: Literal["auto", "left", "right"] = "auto"
    size: Size = "recorded"
    rate_hz: float | None = 30.0
    sensor: bool = False

    def __post_init__(self) -> None:
        for name in ("outlier_threshold", "cutoff_hz", "rate_hz"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise UsageError(f"input.preprocessing.{name} is {value}, must be above 0, or null for none")
        if not self.longest_gap_s >= 0:
            raise UsageError(f"input.preprocessing.longest_gap_s is {self.longest_gap_s}, must not be negative")
        if self.face_forward and not self.centre:
            raise UsageError("input.preprocessing.face_forward turns walks about the pelvis: it needs centre=true")
        if self.size != "recorded" and not self.centre:
            raise UsageError(f"input.preprocessing.size={self.size} scales walks about the pelvis: needs centre=true")
        if self.sensor and not self.centre:
            raise UsageError("input.preprocessing.sensor is seen from the pelvis: it needs centre=true")


def preprocess(
    joints: NDArray[np.float32],
    confidence: NDArray[np.float32],
    skeleton: Skeleton,
    frame_rate_hz: float,
    config: PreprocessingConfig,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Preprocess one walk.

    Args:
        joints: float32 [T, J, A], finite; A = 3: metres, y up; A = 2: the image, y down.
        confidence: float32 [T, J] in 0..1, 0 where a joint was not seen.
        skeleton: of `joints`.
        frame_rate_hz: frames a second, above 0.
        config: what to do.

    Returns:
        joints float32 [T', J, A] and confidence float32 [T', J], `preprocessed_length` frames, J + 1 joints with
        `sensor`; unseen joints are 0 in both. A walk in which nothing was seen comes back as that.

    Raises:
        IncompatibleError: the skeleton lacks what an option needs, the walk does not tell the handedness of its axes,
            or `config` asks for 3 axes.
    """
    flat = joints.shape[2] == 2
    if flat and config.size == "reference-bones":
        raise IncompatibleError("size=reference-bones needs joints in space; in the image bones have no fixed length")
    if flat and config.sensor:
        raise IncompatibleError("sensor=true needs joints in space; in the image the sensor has no place")
    length = preprocessed_length(len(joints), frame_rate_hz, config)
    if not (confidence > 0).any():
        num_joints = joints.shape[1] + config.sensor
        return np.zeros((length, num_joints, joints.shape[2]), np.float32), np.zeros((length, num_joints), np.float32)
    longest = int(config.longest_gap_s * frame_rate_hz)
    placed, trusted = fill_gaps(joints.astype(np.float64), confidence, longest)
    if config.outlier_threshold is not None:
        outliers = find_outliers(placed, frame_rate_hz, config.outlier_threshold)
        if outliers.any():
            placed, trusted = fill_gaps(joints.astype(np.float64), np.where(outliers, 0, confidence), longest)
    direction = sensor_direction(placed, skeleton) if config.sensor else None
    if config.centre:
        placed = centre(placed, skeleton, frame_rate_hz)
    if config.cutoff_hz is not None:
        placed = smooth(placed, frame_rate_hz, config.cutoff_hz)
    if config.face_forward and not flat:
        handedness: Handedness | None = None if config.handedness == "auto" else config.handedness
        if direction is None:
            placed = face_forward(placed, skeleton, frame_rate_hz, handedness)
        else:
            both = face_forward(
                np.concatenate([placed, direction], axis=1), with_sensor(skeleton), frame_rate_hz, handedness
            )
            placed, direction = both[:, :-1], both[:, -1:]
    if config.size != "recorded":
        placed = unit_size(placed, skeleton, frame_rate_hz)
    if config.size == "reference-bones":
        placed = reference_bones(placed, skeleton)
    if direction is not None:
        placed = np.concatenate([placed, direction], axis=1)
        trusted = np.concatenate([trusted, direction.any(axis=2).astype(np.float32)], axis=1)
    if config.rate_hz is not None:
        placed, trusted = resample(placed, trusted, frame_rate_hz, config.rate_hz)
    return np.where(trusted[..., None] > 0, placed, 0).astype(np.float32), trusted


def preprocess_to_draw(
    joints: NDArray[np.float32],
    confidence: NDArray[np.float32],
    skeleton: Skeleton,
    frame_rate_hz: float,
    config: PreprocessingConfig,
) -> tuple[NDArray[np.float32], NDArray[np.float32], bool]:
    """Preprocess one walk for people to look at: as recorded, neither centred nor turned, where it cannot face ahead.

    Args:
        joints: as `preprocess` takes them.
        confidence: as `preprocess` takes it.
        skeleton: of `joints`.
        frame_rate_hz: frames a second, above 0.
        config: what to do; `size` is ``recorded``, and `sensor` is not asked for.

    Returns:
        joints and confidence as `preprocess` returns them; and whether the walk was centred, and turned if in space.
    """
    try:
        return *preprocess(joints, confidence, skeleton, frame_rate_hz, config), True
    except IncompatibleError:  # no hips, or legs that do not tell where the walk goes
        recorded = dataclasses.replace(config, centre=False, face_forward=False)
        return *preprocess(joints, confidence, skeleton, frame_rate_hz, recorded), False


def preprocessed_length(frames: int, frame_rate_hz: float, config: PreprocessingConfig) -> int:
    """Return how many frames `preprocess` makes of a walk of that many."""
    return frames if config.rate_hz is None else resampled_length(frames, frame_rate_hz, config.rate_hz)
