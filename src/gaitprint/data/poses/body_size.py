"""Body size, taken out of a walk: what motion alone tells."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import IncompatibleError
from gaitprint.core.heading import moving_average
from gaitprint.core.skeletons import Skeleton, convert_joints
from gaitprint.data.poses.anatomy import SIDES, legs_of, points_of
from gaitprint.synth.body import average_body
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.synth.motion import walk
from gaitprint.synth.style import GaitStyle

Size = Literal["recorded", "unit", "reference-bones"]

_IMAGE_WINDOW_S = 1.2  # about a gait cycle, over which the picture of a leg shortens and grows
_REFERENCE_STATURE_M = 1.7


def unit_size(joints: NDArray[np.float64], skeleton: Skeleton, frame_rate_hz: float) -> NDArray[np.float64]:
    """Scale a walk so that trunk (pelvis to thorax) and leg (hip to knee to ankle) together have length 1.

    One factor for the whole walk, from medians over time; proportions stay. In the image the factor follows the walk,
    averaged over about a gait cycle, since people grow as they come nearer.

    Args:
        joints: float64 [T, J, A], about the origin.
        skeleton: of `joints`.
        frame_rate_hz: frames a second.

    Returns:
        the same shape, without a unit.

    Raises:
        IncompatibleError: the skeleton lacks what is measured, or all of it lies in one point.
    """
    legs = legs_of(joints, skeleton)
    ends = points_of(joints, skeleton, ("pelvis", "thorax"))
    segments = np.concatenate([np.diff(legs, axis=2).reshape(len(joints), 4, -1), np.diff(ends, axis=1)], axis=1)
    lengths = np.linalg.norm(segments, axis=2)  # [T, 5]
    weights = np.array([0.5] * 2 * len(SIDES) + [1.0])
    if joints.shape[2] == 3:
        size = np.median(lengths, axis=0, keepdims=True) @ weights
    else:
        size = moving_average(lengths @ weights[:, None], max(1, round(_IMAGE_WINDOW_S * frame_rate_hz)))[:, 0]
    if not (size > 0).all():
        raise IncompatibleError("trunk and legs have no length, so that nothing can be scaled by it")
    scaled: NDArray[np.float64] = joints / size[:, None, None]
    return scaled


def reference_bones(joints: NDArray[np.float64], skeleton: Skeleton) -> NDArray[np.float64]:
    """Give every bone the length that it has in one average body; directions of bones, and so the motion, are kept.

    Args:
        joints: float64 [T, J, 3], of `unit_size`.
        skeleton: of `joints`; its bones must join all joints into one tree.

    Returns:
        the same shape, in units of the average body's trunk and leg. The pelvis is where it was: its rise and fall is
        all that is left of the walk as a whole. A bone of length 0 stays so.

    Raises:
        IncompatibleError: bones that leave a joint out.
    """
    parents, children = skeleton.bone_indices.T
    bones = joints[:, children] - joints[:, parents]  # [T, bones, 3]
    lengths = np.linalg.norm(bones, axis=2, keepdims=True)
    bones = bones * (_reference_lengths(skeleton)[:, None] / np.where(lengths > 0, lengths, np.inf))
    rebuilt: NDArray[np.float64] = _paths(skeleton) @ bones  # [J, bones] @ [T, bones, 3]
    moved = points_of(joints, skeleton, ("pelvis",)) - points_of(rebuilt, skeleton, ("pelvis",))
    return rebuilt + moved


@lru_cache(maxsize=64)
def _paths(skeleton: Skeleton) -> NDArray[np.float64]:
    """Which bones lead from the root to each joint: 0 or 1, float64 [J, bones]."""
    parents, children = skeleton.bone_indices.T
    num_joints = len(skeleton.joints)
    if len(children) != num_joints - 1 or len(set(children.tolist())) != len(children):
        raise IncompatibleError(f"skeleton '{skeleton.name}': its bones do not join all joints into one tree")
    paths = np.zeros((num_joints, len(children)))
    paths[children, np.arange(len(children))] = 1
    # Each round adds the bones that lead to the parent so far; no path is longer than there are bones.
    own = paths.copy()
    parent_of = np.zeros((num_joints, num_joints))
    parent_of[children, parents] = 1
    for _ in children:
        paths = own + parent_of @ paths
    return paths


@lru_cache(maxsize=64)
def _reference_lengths(skeleton: Skeleton) -> NDArray[np.float64]:
    """Lengths of the average body's bones as shares of its trunk and leg, float64 [bones]."""
    landmarks = walk(average_body(_REFERENCE_STATURE_M), GaitStyle(), 2).landmarks
    joints, seen = convert_joints(landmarks, LANDMARKS, skeleton)
    body = unit_size(joints.astype(np.float64), skeleton, 25.0)
    parents, children = skeleton.bone_indices.T
    lengths: NDArray[np.float64] = np.linalg.norm(body[0, children] - body[0, parents], axis=1)
    # A joint of somebody's own skeleton that no landmark stands for: any length does, as long as all walks have it.
    known = (seen[0, children] > 0) & (seen[0, parents] > 0)
    return np.where(known, lengths, np.median(lengths[known]))
