"""Joints as model input."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import IncompatibleError
from gaitprint.core.sequence import GaitSequence
from gaitprint.core.skeletons import SKELETONS, convert_joints, get_skeleton, mapping
from gaitprint.data.frame_sampling import Sampling, choose_frames
from gaitprint.data.inputs import ModelInput
from gaitprint.data.store import SequenceInfo, Store


@config_dataclass
class JointsConfig:
    """Options of `JointsInput`.

    Args:
        skeleton: the joints that the model knows; walks with another skeleton are converted where it has all of them.
        axes: 3 for positions in metres, 2 for positions in the image.
        frames: T, frames a walk gives; null for all of them, shorter walks padded with unseen joints.
        sampling: ``uniform``: evenly spaced over the whole walk; ``clip``: consecutive ones, from a random start in
            training and from the middle in evaluation. Without effect on all frames.
    """

    skeleton: str
    axes: Literal[2, 3] = 3
    frames: int | None = None
    sampling: Literal["uniform", "clip"] = "uniform"


class JointsInput(ModelInput):
    """Joint positions and their confidence, 0 where a joint was not seen; [B, T, J, axes + 1]."""

    Config: ClassVar[type] = JointsConfig
    modality: ClassVar[str] = "joints"

    def __init__(self, config: JointsConfig) -> None:
        self.skeleton = get_skeleton(config.skeleton)
        self.axes = config.axes
        self.frames = config.frames
        self.sampling: Sampling = config.sampling

    @classmethod
    def from_config(cls, config: JointsConfig) -> Self:
        """Build from options."""
        return cls(config)

    def check(self, infos: Iterable[SequenceInfo]) -> None:
        """See `ModelInput.check`."""
        infos = list(infos)
        super().check(infos)
        for name, info in {info.skeleton: info for info in infos if info.skeleton is not None}.items():
            self._check_skeleton(name, info.id)

    def _check_skeleton(self, name: str, walk: str) -> None:
        if name == self.skeleton.name:
            return
        if name not in SKELETONS:
            raise IncompatibleError(f"{walk}: the model needs joints of {self.skeleton.name}, not of '{name}'")
        _, available = mapping(SKELETONS[name], self.skeleton)
        if not available.all():
            lacking = [self.skeleton.joints[i] for i in np.flatnonzero(~available)]
            raise IncompatibleError(
                f"{walk}: the model needs joints of {self.skeleton.name}; {name} has no {', '.join(lacking)}"
            )

    def choose_frames(self, lengths: NDArray[np.int64], rng: np.random.Generator | None) -> NDArray[np.int64] | None:
        """See `ModelInput.choose_frames`."""
        return None if self.frames is None else choose_frames(lengths, self.frames, self.sampling, rng)

    def read(self, store: Store, position: int, frames: NDArray[np.int64] | None) -> NDArray[Any]:
        """Joints of a stored walk, float32 [T, J, axes + 1]."""
        info = store.infos[position]
        assert info.skeleton is not None  # `check` has seen the modality, and joints never come without
        return self._packed(*store.read_joints(position, frames), info.skeleton, info.id)

    def encode(self, sequence: GaitSequence) -> NDArray[Any]:
        """Joints of a walk in memory, float32 [T, J, axes + 1]."""
        joints, confidence = sequence.joints, sequence.confidence
        if joints is None or sequence.skeleton is None:
            have = " and ".join(sequence.modalities)
            raise IncompatibleError(f"{sequence.id}: the model needs joints; this walk has only {have}")
        self._check_skeleton(sequence.skeleton.name, sequence.id)
        if confidence is None:
            confidence = np.ones(joints.shape[:2], np.float32)
        chosen = self.choose_frames(np.array([len(joints)]), None)
        frames = slice(None) if chosen is None else chosen[0]
        return self._packed(joints[frames], confidence[frames], sequence.skeleton.name, sequence.id)

    def _packed(
        self, joints: NDArray[np.float32], confidence: NDArray[np.float32], skeleton: str, walk: str
    ) -> NDArray[np.float32]:
        if joints.shape[2] != self.axes:
            raise IncompatibleError(
                f"{walk}: the model needs joints with {self.axes} coordinates, these have {joints.shape[2]}"
            )
        if skeleton != self.skeleton.name:
            joints, confidence = convert_joints(joints, SKELETONS[skeleton], self.skeleton, confidence)
        return np.concatenate([joints, confidence[..., None]], axis=-1)

    def collate(self, walks: Sequence[NDArray[Any]]) -> Tensor:
        """Put walks [T, J, C] into one batch [B, longest T, J, C]; frames that a walk lacks have confidence 0."""
        batch = np.zeros((len(walks), max(map(len, walks)), *walks[0].shape[1:]), np.float32)
        for row, walk in zip(batch, walks, strict=True):
            row[: len(walk)] = walk
        return torch.from_numpy(batch)

    def finish(self, batch: Tensor) -> Tensor:
        """Leave the batch as it is: float32 [B, T, J, axes + 1]."""
        return batch
