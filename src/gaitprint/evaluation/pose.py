"""`evaluate_pose`: a pose network and walks with frames and joints in, errors by joint and by view out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.progress import track
from gaitprint.core.skeletons import convert_joints
from gaitprint.data.frames import SquareGeometry, square_frames, to_model
from gaitprint.data.store import Store
from gaitprint.evaluation.pose_metrics import (
    JointMeans,
    JointShares,
    head_size,
    joint_distances,
    mean_distance,
    pck,
    pckh,
    torso_size,
)
from gaitprint.evaluation.protocols import natural_order
from gaitprint.models.pose.base import PoseNetwork

# As the field reports them.
PCKH_THRESHOLD, PCK_THRESHOLD = 0.5, 0.2


@dataclass(frozen=True, eq=False)
class PoseEstimates:
    """What a network finds in frames of walks.

    Args:
        walks: int64 [N], positions in the store.
        frames: int64 [N], which frame of the walk.
        joints: float32 [N, J, 2], pixels of the frame, x right and y down.
        probabilities: float32 [N, J] in 0..1.
    """

    walks: NDArray[np.int64]
    frames: NDArray[np.int64]
    joints: NDArray[np.float32]
    probabilities: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PoseGroup:
    """Figures of a group of frames.

    Args:
        name: ``all``, or the view.
        frames: in the group.
        joints: annotated in them.
        pckh: PCKh@0.5 by the distance of head top and upper neck.
        pck: PCK@0.2 by the distance of left hip and right shoulder.
        distance_px: mean distances in pixels of the frame.
        distance_head: mean distances as a share of the head's size.
    """

    name: str
    frames: int
    joints: int
    pckh: JointShares
    pck: JointShares
    distance_px: JointMeans
    distance_head: JointMeans


@dataclass(frozen=True, eq=False)
class PoseEvaluation:
    """Everything that was measured.

    Args:
        joint_names: of the J axis.
        subjects: how many people.
        walks: how many walks.
        estimates: what was found in N frames.
        true: float32 [N, J, 2], where the joints are, pixels of the frame.
        present: bool [N, J], joints that are annotated and within the picture.
        errors: float64 [N], mean distance in each frame as a share of the head's size; NaN where that is unknown.
        groups: ``all``, then each view.
    """

    joint_names: tuple[str, ...]
    subjects: int
    walks: int
    estimates: PoseEstimates
    true: NDArray[np.float32]
    present: NDArray[np.bool_]
    errors: NDArray[np.float64]
    groups: tuple[PoseGroup, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what ``metrics.json`` holds, but for the model and the data; headline figures at the top."""
        everything = self.groups[0]
        top: dict[str, Any] = {"protocol": "pose", "subjects": self.subjects, "walks": self.walks}
        top |= _figures(everything)
        top |= {
            "frames_without_head": everything.pckh.left_out,
            "frames_without_torso": everything.pck.left_out,
            "pckh_threshold": PCKH_THRESHOLD,
            "pck_threshold": PCK_THRESHOLD,
        }
        counts = self.present.sum(axis=0)
        by_joint = [
            {
                "joint": name,
                "joints": int(counts[index]),
                "pckh": _number(everything.pckh.per_joint[index]),
                "pck": _number(everything.pck.per_joint[index]),
                "mean_distance_px": _number(everything.distance_px.per_joint[index]),
                "mean_distance_head": _number(everything.distance_head.per_joint[index]),
            }
            for index, name in enumerate(self.joint_names)
        ]
        by_view = [{"view": group.name, **_figures(group)} for group in self.groups[1:]]
        return top | {"by_joint": by_joint, "by_view": by_view}

    def examples(self, count: int) -> dict[str, list[int]]:
        """Choose frames to look at: the best, median and worst ones, of different walks each.

        Returns:
            ``best``, ``median``, ``worst`` -> up to `count` indices into the N frames.
        """
        ranked = np.argsort(self.errors, kind="stable")[: int(np.isfinite(self.errors).sum())]  # NaN comes last
        around_middle = ranked[np.argsort(np.abs(np.arange(len(ranked)) - len(ranked) // 2), kind="stable")]
        walks = self.estimates.walks
        chosen: dict[str, list[int]] = {}
        for name, order in (("best", ranked), ("median", around_middle), ("worst", ranked[::-1])):
            _, first = np.unique(walks[order], return_index=True)
            chosen[name] = order[np.sort(first)[:count]].tolist()
        return chosen


def estimate_store(
    network: PoseNetwork, store: Store, positions: Sequence[int], *, frame_step: int = 1, batch_size: int = 32
) -> PoseEstimates:
    """Find the joints in frames of walks, on the network's device.

    Args:
        network: in evaluation mode.
        store: the walks.
        positions: of the walks to take.
        frame_step: take every so many-th frame of each walk, from the first on.
        batch_size: about how many frames are computed together, and at most how many of one walk are read at once.

    Raises:
        IncompatibleError: a walk has no frames.
        UsageError: a step below 1.
    """
    if frame_step < 1:
        raise UsageError(f"frame_step is {frame_step}, must be at least 1")
    for position in positions:
        info = store.infos[position]
        if "frames" not in info.modalities:
            raise IncompatibleError(f"{info.id}: a pose network needs frames; this walk has {_listed(info.modalities)}")
    found: list[PoseEstimates] = []
    waiting: list[_Piece] = []
    for piece in _pieces(network, store, positions, frame_step, batch_size):
        waiting.append(piece)
        if sum(len(each.frames) for each in waiting) >= batch_size:
            found.append(_estimate(network, waiting))
            waiting = []
    if waiting:
        found.append(_estimate(network, waiting))
    if not found:
        joints = len(network.skeleton.joints)
        none = np.zeros(0, np.int64)
        return PoseEstimates(none, none, np.zeros((0, joints, 2), np.float32), np.zeros((0, joints), np.float32))
    return PoseEstimates(
        np.concatenate([each.walks for each in found]),
        np.concatenate([each.frames for each in found]),
        np.concatenate([each.joints for each in found]),
        np.concatenate([each.probabilities for each in found]),
    )


def true_joints(
    network: PoseNetwork, store: Store, position: int, frames: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the joints of a walk's frames as the network names them, and which of them it could find.

    Args:
        network: whose joints are asked for; those of another skeleton are converted.
        store: the walks.
        position: of the walk.
        frames: int64 [T].

    Returns:
        float32 [T, J, 2] in pixels of the frame, and bool [T, J]: annotated, and within the picture.

    Raises:
        IncompatibleError: the walk has no joints, or not in the picture.
    """
    info = store.infos[position]
    if info.skeleton is None or "frames" not in info.modalities:
        raise IncompatibleError(
            f"{info.id}: measuring poses needs frames and joints; this walk has only {_listed(info.modalities)}"
        )
    joints, confidence = store.read_joints(position, frames)
    if joints.shape[2] != 2:
        raise IncompatibleError(f"{info.id}: measuring poses needs joints in pixels; these are in metres")
    joints, confidence = convert_joints(joints, info.skeleton, network.skeleton, confidence)
    height, width = store.read_frames(position, frames[:1]).shape[1:3]
    inside = ((joints >= 0) & (joints <= np.array([width, height]))).all(axis=-1)
    return joints, (confidence > 0) & inside


def evaluate_pose(
    network: PoseNetwork, store: Store, positions: Sequence[int], *, frame_step: int = 1, batch_size: int = 32
) -> PoseEvaluation:
    """Measure how well a network finds the joints of walks.

    Args:
        network: in evaluation mode; computes on its own device.
        store: walks with frames and 2-D joints.
        positions: of the walks to take, each once, at least one.
        frame_step: take every so many-th frame of each walk.
        batch_size: frames that are computed together.

    Raises:
        IncompatibleError: no walk, one that lacks frames or joints in pixels, or no joint is annotated in any of them.
        UsageError: a step below 1.
    """
    if not positions:
        raise IncompatibleError(f"{store.path}: no walk to find joints in")
    # One frame of each first: what cannot be measured is refused before the work starts.
    for position in positions:
        true_joints(network, store, position, np.zeros(1, np.int64))
    estimates = estimate_store(network, store, positions, frame_step=frame_step, batch_size=batch_size)
    truth = [
        true_joints(network, store, position, estimates.frames[estimates.walks == position]) for position in positions
    ]
    true = np.concatenate([joints for joints, _ in truth])
    present = np.concatenate([seen for _, seen in truth])
    if not present.any():
        raise IncompatibleError(f"{store.path}: no joint is annotated in any of {len(present)} frames")
    views = np.array([store.infos[position].view for position in estimates.walks], np.str_)
    members = [("all", np.ones(len(views), np.bool_)), *((view, views == view) for view in natural_order(views))]
    distances = joint_distances(estimates.joints, true, present)
    counted = np.maximum(present.sum(axis=1), 1)
    errors = np.nansum(distances, axis=1) / counted / head_size(true, present, network.skeleton)
    return PoseEvaluation(
        joint_names=network.skeleton.joints,
        subjects=len({store.infos[position].subject for position in positions}),
        walks=len(positions),
        estimates=estimates,
        true=true,
        present=present,
        errors=errors,
        groups=tuple(
            _group(name, network, estimates.joints[chosen], true[chosen], present[chosen]) for name, chosen in members
        ),
    )


@dataclass(frozen=True, eq=False)
class _Piece:
    """Some frames of one walk, squared: uint8 [n, R, R, 3]."""

    position: int
    frames: NDArray[np.int64]
    squares: NDArray[np.uint8]
    geometry: SquareGeometry


def _pieces(
    network: PoseNetwork, store: Store, positions: Sequence[int], frame_step: int, size: int
) -> Iterator[_Piece]:
    for position in track(positions, "finding joints"):
        every = np.arange(0, store.infos[position].num_frames, frame_step)
        for start in range(0, len(every), size):
            chosen = every[start : start + size]
            frames = store.read_frames(position, chosen)
            geometry = SquareGeometry(frames.shape[1], frames.shape[2], network.resolution)
            yield _Piece(position, chosen, square_frames(frames, network.resolution), geometry)


def _estimate(network: PoseNetwork, pieces: Sequence[_Piece]) -> PoseEstimates:
    device = next(network.parameters()).device
    batch = torch.from_numpy(np.concatenate([piece.squares for piece in pieces])).to(device)
    with torch.inference_mode():
        found = network.joint_positions(to_model(batch))
    places = np.split(found.positions.cpu().numpy(), np.cumsum([len(piece.frames) for piece in pieces])[:-1])
    return PoseEstimates(
        np.repeat([piece.position for piece in pieces], [len(piece.frames) for piece in pieces]),
        np.concatenate([piece.frames for piece in pieces]),
        np.concatenate([piece.geometry.from_square(place) for piece, place in zip(pieces, places, strict=True)]),
        found.probabilities.cpu().numpy(),
    )


def _group(
    name: str,
    network: PoseNetwork,
    found: NDArray[np.float32],
    true: NDArray[np.float32],
    present: NDArray[np.bool_],
) -> PoseGroup:
    head = head_size(true, present, network.skeleton)
    torso = torso_size(true, present, network.skeleton)
    return PoseGroup(
        name,
        len(true),
        int(present.sum()),
        pckh(found, true, present, head, PCKH_THRESHOLD),
        pck(found, true, present, torso, PCK_THRESHOLD),
        mean_distance(found, true, present),
        mean_distance(found, true, present, head),
    )


def _figures(group: PoseGroup) -> dict[str, Any]:
    return {
        "frames": group.frames,
        "joints": group.joints,
        "pckh": _number(group.pckh.mean),
        "pck": _number(group.pck.mean),
        "mean_distance_px": _number(group.distance_px.mean),
        "mean_distance_head": _number(group.distance_head.mean),
    }


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _listed(modalities: Sequence[str]) -> str:
    return " and ".join(modalities)
