"""Joints as model input."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.progress import track
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import Skeleton, convert_joints, get_skeleton, mapping
from gaitprint.data.frame_sampling import Sampling, choose_frames
from gaitprint.data.inputs import ModelInput
from gaitprint.data.poses.preprocessing import PreprocessingConfig, preprocess, preprocessed_length
from gaitprint.data.store import SequenceInfo, Store

# Preprocessed walks beyond this are preprocessed each time that they are read. 1 GB is 5,000 walks of 600 frames.
KEPT_LIMIT_BYTES = 1 << 30


@config_dataclass
class JointsConfig:
    """Options of `JointsInput`.

    Args:
        skeleton: the joints that the model knows, by name or definition; walks with another skeleton are converted
            where it has all of them.
        axes: 3 for positions in metres, 2 for positions in the image.
        preprocessing: what is done to a whole walk first; null leaves it as it was recorded.
        frames: T, frames a walk gives; null for all of them. Walks that have fewer are padded with unseen joints.
        sampling: ``uniform``: evenly spaced over the whole walk; ``clip``: every `stride`-th one, from a random start
            in training and from the middle in evaluation. Without effect on all frames.
        stride: of a clip; 1 takes consecutive frames.
        evaluation_clips: clips of T frames that a walk gives in evaluation, from its beginning to its end; their
            embeddings are averaged.
    """

    skeleton: str | dict[str, Any]
    axes: Literal[2, 3] = 3
    preprocessing: PreprocessingConfig | None = None
    frames: int | None = None
    sampling: Literal["uniform", "clip"] = "uniform"
    stride: int = 1
    evaluation_clips: int = 1

    def __post_init__(self) -> None:
        for name in ("frames", "stride", "evaluation_clips"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"input.{name} is {value}, must be at least 1")
        for name in ("stride", "evaluation_clips"):
            if getattr(self, name) > 1 and (self.frames is None or self.sampling != "clip"):
                raise UsageError(f"input.{name} needs input.sampling=clip and a number of input.frames")
        if self.axes == 2 and self.preprocessing is not None and self.preprocessing.size == "reference-bones":
            raise UsageError("input.preprocessing.size=reference-bones needs input.axes=3")
        if self.axes == 2 and self.preprocessing is not None and self.preprocessing.sensor:
            raise UsageError("input.preprocessing.sensor needs input.axes=3")


class JointsInput(ModelInput):
    """Joint positions and their confidence, 0 where a joint was not seen; [B, T, J, axes + 1].

    Preprocessing takes the whole walk (filters and headings look at what is before and after a clip), so that a clip
    would cost as much as the walk. Each process therefore keeps the walks that it has preprocessed, up to
    `KEPT_LIMIT_BYTES`; a training does it for all of its walks before the first step. A batch is then a matter of
    copying, for which `data.workers` are of no use. What is kept is not written anywhere: a store holds walks as they
    were recorded, and one store serves all preprocessings.
    """

    Config: ClassVar[type] = JointsConfig
    modality: ClassVar[str] = "joints"

    def __init__(self, config: JointsConfig) -> None:
        self.skeleton = get_skeleton(config.skeleton)
        self.axes = config.axes
        self.preprocessing = config.preprocessing
        self.frames = config.frames
        self.sampling: Sampling = config.sampling
        self.stride = config.stride
        self.evaluation_clips = config.evaluation_clips
        self._kept: dict[tuple[str, str, str], NDArray[np.float32]] = {}
        self._kept_bytes = 0

    def check(self, infos: Iterable[SequenceInfo]) -> None:
        """See `ModelInput.check`."""
        infos = list(infos)
        super().check(infos)
        for skeleton, info in {info.skeleton: info for info in infos}.items():
            if skeleton is not None:
                self._check_skeleton(skeleton, info.id)

    def _check_skeleton(self, skeleton: Skeleton, walk: str) -> None:
        _, available = mapping(skeleton, self.skeleton)
        if not available.all():
            lacking = ", ".join(self.skeleton.joints[i] for i in np.flatnonzero(~available))
            raise IncompatibleError(
                f"{walk}: the model needs joints of {self.skeleton.name}; {skeleton.name} has no {lacking}"
            )

    def num_frames(self, infos: Iterable[SequenceInfo]) -> NDArray[np.int64]:
        """See `ModelInput.num_frames`; a walk that is resampled has another number of frames than are stored."""
        if self.preprocessing is None:
            return super().num_frames(infos)
        lengths = [preprocessed_length(info.num_frames, info.frame_rate_hz, self.preprocessing) for info in infos]
        return np.array(lengths, np.int64)

    def warm_up(self, store: Store, positions: NDArray[np.int64]) -> None:
        """Preprocess all these walks, as many as are kept; see `ModelInput.warm_up`."""
        if self.preprocessing is not None:
            for position in track(positions.tolist(), "preprocessing walks"):
                self._whole(store, position)

    def choose_frames(self, lengths: NDArray[np.int64], rng: np.random.Generator | None) -> NDArray[np.int64] | None:
        """See `ModelInput.choose_frames`."""
        if self.frames is None:
            return None
        clips = self.evaluation_clips if rng is None else 1
        return choose_frames(lengths, self.frames, self.sampling, rng, stride=self.stride, clips=clips)

    def read(self, store: Store, position: int, frames: NDArray[np.int64] | None) -> NDArray[Any]:
        """Joints of a stored walk, float32 [T, J, axes + 1]."""
        if self.preprocessing is None:
            return self._without_repeats(self._recorded(store, position, frames), frames)
        whole = self._whole(store, position)
        return whole.copy() if frames is None else self._without_repeats(whole[frames], frames)

    def encode(self, sequence: GaitSequence) -> NDArray[Any]:
        """Joints of a walk in memory, float32 [T, J, axes + 1]."""
        joints, confidence = self.recorded(sequence), sequence.confidence
        assert sequence.skeleton is not None  # joints never come without
        self._check_skeleton(sequence.skeleton, sequence.id)
        if confidence is None:
            confidence = np.ones(joints.shape[:2], np.float32)
        walk = self._packed(joints, confidence, sequence.skeleton, sequence.id)
        if self.preprocessing is not None:
            walk = self._preprocessed(walk, sequence.frame_rate_hz, sequence.id)
        frames = self.choose_frames(np.array([len(walk)]), None)
        return walk if frames is None else self._without_repeats(walk[frames[0]], frames[0])

    def _recorded(self, store: Store, position: int, frames: NDArray[np.int64] | None) -> NDArray[np.float32]:
        info = store.infos[position]
        assert info.skeleton is not None  # `check` has seen the modality, and joints never come without
        return self._packed(*store.read_joints(position, frames), info.skeleton, info.id)

    def _whole(self, store: Store, position: int) -> NDArray[np.float32]:
        """A preprocessed walk, computed now or before."""
        info = store.infos[position]
        key = (str(store.path), info.id, info.digest)
        walk = self._kept.get(key)
        if walk is None:
            walk = self._preprocessed(self._recorded(store, position, None), info.frame_rate_hz, info.id)
            # Whatever was kept first stays: walks come in random order, so that none is more likely to come next.
            if self._kept_bytes + walk.nbytes <= KEPT_LIMIT_BYTES:
                self._kept[key] = walk
                self._kept_bytes += walk.nbytes
        return walk

    def _packed(
        self, joints: NDArray[np.float32], confidence: NDArray[np.float32], skeleton: Skeleton, walk: str
    ) -> NDArray[np.float32]:
        if joints.shape[2] != self.axes:
            raise IncompatibleError(
                f"{walk}: the model needs joints with {self.axes} coordinates, these have {joints.shape[2]}"
            )
        if skeleton.joints != self.skeleton.joints:
            joints, confidence = convert_joints(joints, skeleton, self.skeleton, confidence)
        return np.concatenate([joints, confidence[..., None]], axis=-1)

    def _preprocessed(self, walk: NDArray[np.float32], frame_rate_hz: float, name: str) -> NDArray[np.float32]:
        assert self.preprocessing is not None
        joints, confidence = walk[..., :-1], walk[..., -1]
        try:
            joints, confidence = preprocess(joints, confidence, self.skeleton, frame_rate_hz, self.preprocessing)
        except IncompatibleError as error:
            raise IncompatibleError(f"{name}: {error}") from error
        return np.concatenate([joints, confidence[..., None]], axis=-1)

    def _without_repeats(self, walk: NDArray[np.float32], frames: NDArray[np.int64] | None) -> NDArray[np.float32]:
        """Make padding of the frames with which `choose_frames` fills up a walk that is too short: a copy [T, J, C]."""
        if frames is None or self.frames is None:
            return walk
        clips = frames.reshape(-1, self.frames)
        step = self.stride if self.sampling == "clip" else 1
        repeats = np.diff(clips, axis=1, prepend=clips[:, :1] - step) < step
        walk[repeats.ravel()] = 0
        return walk

    def collate(self, walks: Sequence[NDArray[Any]]) -> Tensor:
        """Put walks [T, J, C] into one batch [B, longest T, J, C]; frames that a walk lacks have confidence 0."""
        batch = np.zeros((len(walks), max(map(len, walks)), *walks[0].shape[1:]), np.float32)
        for row, walk in zip(batch, walks, strict=True):
            row[: len(walk)] = walk
        return torch.from_numpy(batch)

    def finish(self, batch: Tensor) -> Tensor:
        """Leave the batch as it is: float32 [B, T, J, axes + 1]."""
        return batch
