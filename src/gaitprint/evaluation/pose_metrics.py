"""How near found joints are to true ones: distances, PCK and PCKh.

A joint counts where it is annotated (`present`). Sizes that errors are measured by (head, torso) are NaN for
frames in which they cannot be told; such frames are left out, and counted.

Letters: N frames, J joints.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.skeletons import MPII_16, Skeleton
from gaitprint.evaluation.metrics import mean_of_known, means_of_known


@dataclass(frozen=True, eq=False)
class JointShares:
    """The share of joints that were found near enough.

    Args:
        per_joint: float64 [J] in 0..1; NaN for a joint that is present in no frame.
        mean: over all joints present in all frames, in 0..1; NaN without any.
        frames: that count.
        left_out: frames without a size to measure by.
    """

    per_joint: NDArray[np.float64]
    mean: float
    frames: int
    left_out: int


@dataclass(frozen=True, eq=False)
class JointMeans:
    """Mean distances between found and true joints.

    Args:
        per_joint: float64 [J]; NaN for a joint that is present in no frame.
        mean: over all joints present in all frames; NaN without any.
    """

    per_joint: NDArray[np.float64]
    mean: float


def joint_distances(
    predicted: NDArray[np.float32], true: NDArray[np.float32], present: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Euclidean distances float64 [N, J] of joints [N, J, 2], in their unit; NaN where not present."""
    distances = np.linalg.norm(predicted.astype(np.float64) - true, axis=-1)
    return np.where(present, distances, np.nan)


def mean_distance(
    predicted: NDArray[np.float32],
    true: NDArray[np.float32],
    present: NDArray[np.bool_],
    size: NDArray[np.float64] | None = None,
) -> JointMeans:
    """Return how far found joints are from true ones.

    Args:
        predicted: [N, J, 2].
        true: [N, J, 2].
        present: bool [N, J], joints that are annotated.
        size: [N], what distances are a share of, NaN for frames to leave out (`head_size`); None for distances in the
            unit of the coordinates.
    """
    distances = joint_distances(predicted, true, present)
    if size is not None:
        distances = distances / size[:, None]
    return JointMeans(means_of_known(distances), mean_of_known(distances))


def pck(
    predicted: NDArray[np.float32],
    true: NDArray[np.float32],
    present: NDArray[np.bool_],
    size: NDArray[np.float64],
    threshold: float = 0.2,
) -> JointShares:
    """Percentage of correct keypoints: joints found within a share of the person's size.

    Yang and Ramanan, *Articulated human detection with flexible mixtures of parts*, TPAMI 2013, with the person's box
    as size; by the torso (`torso_size`), as in Sapp and Taskar, *MODEC*, CVPR 2013.

    Args:
        predicted: [N, J, 2].
        true: [N, J, 2], in the same coordinates.
        present: bool [N, J], joints that are annotated; no other one counts.
        size: [N], of the person, above 0; NaN for frames to leave out.
        threshold: the largest distance that is correct, as a share of the size.
    """
    known = np.isfinite(size)
    near = joint_distances(predicted, true, present)[known] <= threshold * size[known, None]
    found = np.where(present[known], near, np.nan)
    frames = int(known.sum())
    return JointShares(means_of_known(found), mean_of_known(found), frames, len(known) - frames)


def pckh(
    predicted: NDArray[np.float32],
    true: NDArray[np.float32],
    present: NDArray[np.bool_],
    head_size: NDArray[np.float64],
    threshold: float = 0.5,
) -> JointShares:
    """PCKh@threshold: joints found within a share of the head's size.

    Andriluka et al., *2D human pose estimation: new benchmark and state of the art analysis*, CVPR 2014. Their total
    leaves pelvis and thorax out, which are the easiest joints; `JointShares.mean` counts every joint that is present.

    Args:
        predicted: [N, 16, 2].
        true: [N, 16, 2], in the same coordinates.
        present: bool [N, 16], joints that are annotated.
        head_size: [N], as `head_size` gives it, or from annotated heads; NaN for frames to leave out.
        threshold: the largest distance that is correct, as a share of the head's size.

    Example:
        >>> true = np.zeros((1, 16, 2), np.float32)
        >>> found = true + np.array([4.0, 3.0], np.float32)
        >>> pckh(found, true, np.ones((1, 16), bool), np.array([10.0])).mean
        1.0
        >>> pckh(found, true, np.ones((1, 16), bool), np.array([9.9])).mean
        0.0
    """
    return pck(predicted, true, present, head_size, threshold)


def head_size(
    joints: NDArray[np.float32], present: NDArray[np.bool_], skeleton: Skeleton = MPII_16
) -> NDArray[np.float64]:
    """Distance of head top and upper neck, float64 [N], in the unit of joints [N, J, 2]; NaN where it is unknown.

    The MPII benchmark measures heads otherwise: a rectangle is annotated around each one, and its size is 0.6 of the
    diagonal. Between MPII's own head top and upper neck lies 0.8 of that diagonal, so the benchmark's PCKh@0.5 is
    PCKh@0.375 by this size. Compare figures only where heads were measured alike.
    """
    return _distance_between(joints, present, skeleton, "head_top", "neck")


def torso_size(
    joints: NDArray[np.float32], present: NDArray[np.bool_], skeleton: Skeleton = MPII_16
) -> NDArray[np.float64]:
    """Distance of left hip and right shoulder, float64 [N], in the unit of joints [N, J, 2]; NaN where unknown."""
    return _distance_between(joints, present, skeleton, "left_hip", "right_shoulder")


def _distance_between(
    joints: NDArray[np.float32], present: NDArray[np.bool_], skeleton: Skeleton, first: str, second: str
) -> NDArray[np.float64]:
    a, b = skeleton.index(first), skeleton.index(second)
    size = np.linalg.norm(joints[:, a].astype(np.float64) - joints[:, b], axis=-1)
    return np.where(present[:, a] & present[:, b] & (size > 0), size, np.nan)
