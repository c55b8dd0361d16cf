"""Frames as model input: clips of a walk, padded to squares and of one resolution."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.frame_sampling import Sampling, choose_frames
from gaitprint.data.frames import square_frames, to_model
from gaitprint.data.inputs import ModelInput
from gaitprint.data.store import Store


@config_dataclass
class FrameClipConfig:
    """Which frames of a walk are taken.

    Args:
        frames: T, frames a walk gives. One that has fewer gives all of them, then its last one repeated.
        sampling: ``uniform``: evenly spaced over the whole walk; ``clip``: every `stride`-th one, from a random start
            in training and from the middle in evaluation.
        stride: of a clip; 1 takes consecutive frames.
        evaluation_clips: clips of T frames that a walk gives in evaluation, from its beginning to its end; their
            embeddings are averaged.
    """

    frames: int = 30
    sampling: Literal["uniform", "clip"] = "clip"
    stride: int = 1
    evaluation_clips: int = 1

    def __post_init__(self) -> None:
        for name in ("frames", "stride", "evaluation_clips"):
            if getattr(self, name) < 1:
                raise UsageError(f"input.{name} is {getattr(self, name)}, must be at least 1")
        for name in ("stride", "evaluation_clips"):
            if getattr(self, name) > 1 and self.sampling != "clip":
                raise UsageError(f"input.{name} needs input.sampling=clip, not {self.sampling}")


class FrameClips(ModelInput):
    """What representations of clips of frames have in common.

    Args:
        config: which frames.
    """

    modality: ClassVar[str] = "frames"

    def __init__(self, config: FrameClipConfig) -> None:
        self.frames = config.frames
        self.sampling: Sampling = config.sampling
        self.stride = config.stride
        self.evaluation_clips = config.evaluation_clips

    def choose_frames(self, lengths: NDArray[np.int64], rng: np.random.Generator | None) -> NDArray[np.int64]:
        """See `ModelInput.choose_frames`."""
        clips = self.evaluation_clips if rng is None else 1
        return choose_frames(lengths, self.frames, self.sampling, rng, stride=self.stride, clips=clips)

    def frames_of(self, sequence: GaitSequence) -> NDArray[np.uint8]:
        """Return the frames uint8 [T, H, W, 3] that a walk in memory gives in evaluation.

        Raises:
            IncompatibleError: it has no frames.
        """
        chosen = self.choose_frames(np.array([sequence.num_frames]), None)[0]
        frames: NDArray[np.uint8] = self.recorded(sequence)[chosen]
        return frames


@config_dataclass
class FramesConfig(FrameClipConfig):
    """Options of `FramesInput`, besides those of `FrameClipConfig`.

    Args:
        resolution: R, height and width in pixels.
    """

    resolution: int = 136

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.resolution < 1:
            raise UsageError(f"input.resolution is {self.resolution}, must be at least 1")


class FramesInput(FrameClips):
    """A fixed number of frames of a walk, as pose networks take them; [B, T, 3, R, R] in -1..1."""

    Config: ClassVar[type] = FramesConfig

    def __init__(self, config: FramesConfig) -> None:
        super().__init__(config)
        self.resolution = config.resolution

    def read(self, store: Store, position: int, frames: NDArray[np.int64] | None) -> NDArray[Any]:
        """Chosen frames of a stored walk, uint8 [T, R, R, 3]."""
        return square_frames(store.read_frames(position, frames), self.resolution)

    def encode(self, sequence: GaitSequence) -> NDArray[Any]:
        """Frames of a walk in memory, uint8 [T, R, R, 3]."""
        return square_frames(self.frames_of(sequence), self.resolution)

    def finish(self, batch: Tensor) -> Tensor:
        """uint8 [B, T, R, R, 3] -> float32 [B, T, 3, R, R] in -1..1."""
        return to_model(batch)
