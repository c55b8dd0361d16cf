"""Where the attention of a model on skeletons goes: to which joints, and to which moments of a walk.

Everything is given as a ratio to uniform attention: 1 is what a joint (or frame) gets where all that were seen get the
same, 2 is twice that. Ratios of walks with different numbers of seen joints and frames can be averaged and compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.progress import track
from gaitprint.core.skeletons import Skeleton, convert_joints
from gaitprint.data.joint_inputs import JointsInput
from gaitprint.data.poses.anatomy import has_points
from gaitprint.data.poses.gait_cycles import ankle_separation
from gaitprint.data.poses.preprocessing import PreprocessingConfig, preprocess_to_draw
from gaitprint.data.store import Store
from gaitprint.evaluation.attention_ratios import frame_ratios, joint_ratios, lay_out, pair_ratios
from gaitprint.evaluation.embed import Embedder
from gaitprint.evaluation.metrics import means_of_known
from gaitprint.models import MODELS
from gaitprint.models.base import ModelOutput
from gaitprint.models.skeleton_transformer import AttentionMaps

# Of all poses of a walk, the share with the left foot farthest ahead whose mean is its typical pose.
_WIDEST_SHARE = 0.1


class AttendingModel(Protocol):
    """A model on joints that can say where its attention went."""

    def attend(self, inputs: Tensor) -> tuple[ModelOutput, AttentionMaps]:
        """Embed walks and return their maps; see `SkeletonTransformer.attend`."""


@dataclass(frozen=True, eq=False)
class JointAttention:
    """Attention among joints, of a walk or as the mean of several.

    Args:
        skeleton: whose J joints these are.
        received: float64 [J], what each joint got, as a ratio to uniform attention; NaN where it was never seen.
        pairs: float64 [J, J], what each joint (first axis) gave to each (second); NaN where never seen together.
        pose: float64 [J, 2 or 3], the walker with the left foot ahead; NaN for a joint that was never seen. In space:
            metres, x to the walker's right, y up, z ahead; in the image: y down.
        walks: how many.
        deviation: float64 [J], standard deviation of `received` over the walks that saw the joint (divisor: their
            number); None for a single walk.
    """

    skeleton: Skeleton
    received: NDArray[np.float64]
    pairs: NDArray[np.float64]
    pose: NDArray[np.float64]
    walks: int = 1
    deviation: NDArray[np.float64] | None = None

    def most_looked_at(self, count: int) -> list[int]:
        """Return the joints that received most, the first one most of all; those never seen are left out."""
        order = np.argsort(-np.nan_to_num(self.received, nan=-1.0), kind="stable")
        return [int(joint) for joint in order[:count] if not np.isnan(self.received[joint])]

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON; null for what was never seen."""
        names = self.skeleton.joints
        deviation = (
            {} if self.deviation is None else {"deviation": dict(zip(names, plain(self.deviation), strict=True))}
        )
        return {
            "skeleton": self.skeleton.name,
            "walks": self.walks,
            "joints": dict(zip(names, plain(self.received), strict=True)),
            **deviation,
            "from_to": {
                name: dict(zip(names, plain(row), strict=True)) for name, row in zip(names, self.pairs, strict=True)
            },
        }


@dataclass(frozen=True, eq=False)
class WalkAttention:
    """Attention in one walk.

    Args:
        walk: its id.
        joints: among the joints of its frames.
        frame_rate_hz: of what the model saw, and of `poses`.
        moments: int64 [M], the frames that the model looked at, ascending, each once.
        frames: float64 [M], attention that they received, as a ratio to uniform attention within their clip, and the
            mean over the clips that have the frame; NaN where nothing was seen.
        clips: int64 [N, 2], first and last frame of each clip.
        poses: float64 [T, J, 2 or 3], all of the walk, as `JointAttention.pose`; NaN where a joint was not seen.
        separation: float64 [T], how far the left ankle is before the right one, as `gait_cycles.ankle_separation`;
            None for a skeleton without ankles, or where they were never seen.
    """

    walk: str
    joints: JointAttention
    frame_rate_hz: float
    moments: NDArray[np.int64]
    frames: NDArray[np.float64]
    clips: NDArray[np.int64]
    poses: NDArray[np.float64]
    separation: NDArray[np.float64] | None

    def to_json(self) -> dict[str, Any]:
        """Return plain values for JSON; null for frames in which nothing was seen."""
        seconds = np.round(self.moments / self.frame_rate_hz, 4)
        frames = {"seconds": seconds.tolist(), "attention": plain(self.frames)}
        clips = np.round(self.clips / self.frame_rate_hz, 4).tolist()
        return {"walk": self.walk, **self.joints.to_json(), "frames": frames, "clips_seconds": clips}


def check_attending(embedder: Embedder) -> None:
    """Refuse a model that has no attention to show.

    Raises:
        UsageError: no method ``attend``; the text names the models that have one.
        IncompatibleError: its input are no joints.
    """
    if not _attends(embedder):
        having = ", ".join(name for name in MODELS if hasattr(MODELS[name], "attend"))
        raise UsageError(f"{embedder.name} has no attention to show; these have: {having}")
    if not isinstance(embedder.input, JointsInput):
        raise IncompatibleError(
            f"{embedder.name}: attention is shown on joints; this model was trained on another input"
        )


def _attends(embedder: Embedder) -> bool:
    return callable(getattr(embedder.model, "attend", None))


def attend_walk(embedder: Embedder, store: Store, position: int) -> WalkAttention:
    """Let a model look at a stored walk, as an evaluation does, and return where its attention went.

    Raises:
        UsageError, IncompatibleError: as `check_attending`; or the walk lacks what the model needs, or no joint of it
            was seen.
    """
    check_attending(embedder)
    model, model_input = cast(AttendingModel, embedder.model), cast(JointsInput, embedder.input)
    info = store.infos[position]
    model_input.check([info])
    chosen = model_input.choose_frames(model_input.num_frames([info]), None)
    walk = model_input.read(store, position, None if chosen is None else chosen[0])
    clips = model_input.evaluation_clips
    frames = (np.arange(len(walk)) if chosen is None else chosen[0]).reshape(clips, -1)  # [N, T]
    seen = (walk[..., -1] > 0).reshape(*frames.shape, -1)  # [N, T, J]
    if not seen.any():
        raise IncompatibleError(f"{info.id}: no joint was seen where {embedder.name} looks")
    with torch.inference_mode():
        inputs = model_input.finish(model_input.collate([walk]).to(embedder.device))
        maps = model.attend(inputs.reshape(clips, -1, *inputs.shape[2:]))[1]
    joint_maps, frame_maps = (each.float().cpu().numpy() for each in maps)
    by_clip = np.stack(
        [frame_ratios(weights, shown.any(axis=1)) for weights, shown in zip(frame_maps, seen, strict=True)]
    )
    moments, values = lay_out(by_clip, frames)
    every_weight, every_frame = joint_maps.reshape(-1, *joint_maps.shape[2:]), seen.reshape(-1, seen.shape[2])
    poses, rate_hz = _poses(store, position, model_input)
    separation = _separation(poses, model_input.skeleton)
    joints = JointAttention(
        model_input.skeleton,
        joint_ratios(every_weight, every_frame),
        pair_ratios(every_weight, every_frame),
        typical_pose(poses, separation),
    )
    ends = np.stack([frames.min(axis=1), frames.max(axis=1)], axis=1)
    return WalkAttention(info.id, joints, rate_hz, moments, values, ends, poses, separation)


def attend_walks(
    embedder: Embedder, store: Store, positions: Sequence[int]
) -> tuple[list[JointAttention], list[tuple[str, str]]]:
    """Attention among the joints of many walks.

    Returns:
        of every walk that shows something, and (id, reason) of the others.

    Raises:
        UsageError, IncompatibleError: as `check_attending`.
    """
    check_attending(embedder)
    attended: list[JointAttention] = []
    left_out: list[tuple[str, str]] = []
    for position in track(positions, "looking at walks"):
        try:
            attended.append(attend_walk(embedder, store, position).joints)
        except IncompatibleError as error:
            left_out.append((store.infos[position].id, str(error)))
    return attended, left_out


def first_attention(embedder: object, store: Store, positions: Sequence[int]) -> WalkAttention | None:
    """Attention in the first of these walks that shows anything; for reports, which do without where there is none.

    Args:
        embedder: whatever embedded the walks; anything but one network with attention on joints gives None.
        store: the walks.
        positions: of those to choose from.
    """
    if not isinstance(embedder, Embedder) or not _attends(embedder) or not isinstance(embedder.input, JointsInput):
        return None
    for position in positions:
        with suppress(IncompatibleError):  # nothing was seen where the model looks
            return attend_walk(embedder, store, position)
    return None


def mean_attention(walks: Iterable[JointAttention]) -> JointAttention:
    """Average over walks; each has the same weight, however long it is. Poses are averaged as well.

    Raises:
        IncompatibleError: no walk.
    """
    every = list(walks)
    if not every:
        raise IncompatibleError("none of the walks shows anything to look at")
    received, pairs, poses = (
        np.stack([getattr(walk, name) for walk in every]) for name in ("received", "pairs", "pose")
    )
    mean = means_of_known(received)
    deviation = np.sqrt(means_of_known((received - mean) ** 2)) if len(every) > 1 else None
    return JointAttention(
        every[0].skeleton, mean, means_of_known(pairs), means_of_known(poses), walks=len(every), deviation=deviation
    )


def typical_pose(poses: NDArray[np.float64], separation: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Mean pose [J, A] of the frames [T, J, A] in which the left foot is farthest ahead, NaN where never seen.

    The mean of all frames has its legs together, where nobody tells left from right from the side.
    """
    usual = means_of_known(poses)
    if separation is None:
        return usual
    widest = np.nanquantile(separation, 1 - _WIDEST_SHARE)
    ahead = means_of_known(poses[np.nan_to_num(separation, nan=-np.inf) >= widest])
    return np.where(np.isnan(ahead), usual, ahead)


def plain(values: NDArray[np.float64]) -> list[float | None]:
    """Round to four digits for JSON, NaN becomes None."""
    return [None if math.isnan(value) else round(value, 4) for value in values.tolist()]


def _poses(store: Store, position: int, model_input: JointsInput) -> tuple[NDArray[np.float64], float]:
    """Poses [T, J, A] of a stored walk to draw, NaN where unseen, and their rate, which is that of the model's input.

    They are prepared anew: what the model is fed may have lost its size, or was never turned to face ahead.
    """
    info = store.infos[position]
    assert info.skeleton is not None  # the input's `check` has seen to it
    skeleton, config = model_input.skeleton, model_input.preprocessing or PreprocessingConfig(rate_hz=None)
    recorded, seen = store.read_joints(position)
    joints, confidence = convert_joints(recorded, info.skeleton, skeleton, seen)
    facing = PreprocessingConfig(handedness=config.handedness, rate_hz=config.rate_hz)
    poses, trusted, _ = preprocess_to_draw(joints, confidence, skeleton, info.frame_rate_hz, facing)
    return np.where(trusted[..., None] > 0, poses.astype(np.float64), np.nan), config.rate_hz or info.frame_rate_hz


def _separation(poses: NDArray[np.float64], skeleton: Skeleton) -> NDArray[np.float64] | None:
    """Ankle separation [T], NaN where an ankle was not seen; None for a skeleton without ankles, or none ever seen."""
    if not has_points(skeleton, ("left_ankle", "right_ankle")):
        return None
    known = ~np.isnan(poses[:, [skeleton.index(f"{side}_ankle") for side in ("left", "right")]]).any(axis=(1, 2))
    if not known.any():
        return None
    separation = np.full(len(poses), np.nan)
    separation[known] = ankle_separation(np.nan_to_num(poses[known]), skeleton)
    return separation
