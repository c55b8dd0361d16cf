"""What a model is fed: the table of input representations, and what each of them does.

A walk becomes model input in two stages. `read` runs beside the training, in the processes that load data, and gives
a compact array a walk (uint8 where possible); `finish` runs on the batch, on the batch's device, and gives what the
model takes. One class does both for training, evaluation and live use.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaitprint.core.choices import read_choice
from gaitprint.core.errors import IncompatibleError
from gaitprint.core.registry import Registry
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.store import SequenceInfo, Store

INPUTS = Registry(
    "input representation",
    {
        "frames": "gaitprint.data.frame_inputs:FramesInput",
        "gei": "gaitprint.data.silhouette_inputs:GeiInput",
        "joints": "gaitprint.data.joint_inputs:JointsInput",
        "pose-features": "gaitprint.data.pose_feature_inputs:PoseFeaturesInput",
        "silhouettes": "gaitprint.data.silhouette_inputs:SilhouettesInput",
    },
)


class ModelInput(ABC):
    """Base of all representations.

    Args:
        config: an instance of `Config`.

    Attributes:
        Config: the `config_dataclass` with the representation's options.
        modality: what a walk must have recorded: ``silhouettes``, ``joints`` or ``frames``.
        evaluation_clips: N, clips that a walk gives in evaluation, one after the other along the axis of time; each is
            embedded by itself, and the walk's embedding is their mean.
    """

    Config: ClassVar[type]
    modality: ClassVar[str]
    evaluation_clips: int = 1

    @property
    def cacheable(self) -> bool:
        """Whether a walk always gives one and the same small array, so that it is read once for all epochs."""
        return False

    @abstractmethod
    def __init__(self, config: Any) -> None: ...

    @classmethod
    def pinned(cls, config: Any) -> Any:
        """Return options that say all that the representation depends on, as resolved recipes and cards keep them.

        Args:
            config: an instance of `cls.Config`, as it was asked for.
        """
        return config

    def check(self, infos: Iterable[SequenceInfo]) -> None:
        """Raise `IncompatibleError` unless all these walks can be read and put into one batch."""
        for info in infos:
            if self.modality not in info.modalities:
                raise self._lacks(info)

    def recorded(self, sequence: GaitSequence) -> NDArray[Any]:
        """Return what a walk in memory has of the representation's modality; `IncompatibleError` where it has none."""
        array: NDArray[Any] | None = getattr(sequence, self.modality)
        if array is None:
            raise self._lacks(sequence)
        return array

    def _lacks(self, walk: SequenceInfo | GaitSequence) -> IncompatibleError:
        have = " and ".join(walk.modalities)
        return IncompatibleError(f"{walk.id}: the model needs {self.modality}; this walk has only {have}")

    def num_frames(self, infos: Iterable[SequenceInfo]) -> NDArray[np.int64]:
        """Return how many frames each walk has to choose from, int64 [N]: those stored, unless `read` changes that."""
        return np.array([info.num_frames for info in infos], np.int64)

    def warm_up(self, store: Store, positions: NDArray[np.int64]) -> None:  # noqa: B027 (most have nothing to do)
        """Do in advance, once for a training, what `read` would do for each of these walks and keep.

        Raises:
            IncompatibleError: as `read`.
        """

    def choose_frames(self, lengths: NDArray[np.int64], rng: np.random.Generator | None) -> NDArray[np.int64] | None:
        """Choose the frames of each walk of a batch, as `frame_sampling.choose_frames`; None means all frames.

        Args:
            lengths: int64 [B], frames that each walk has (`num_frames`).
            rng: in training; None in evaluation.
        """
        return None

    @abstractmethod
    def read(self, store: Store, position: int, frames: NDArray[np.int64] | None) -> NDArray[Any]:
        """Return the compact array of a stored walk, of the chosen frames [T] or all."""

    def read_batch(self, store: Store, positions: NDArray[np.int64], frames: NDArray[np.int64] | None) -> Tensor:
        """Return compact arrays [B, ...] of stored walks.

        Args:
            store: the data.
            positions: int64 [B].
            frames: int64 [B, T], the chosen ones of each walk; None for all.
        """
        chosen = [None] * len(positions) if frames is None else frames
        walks = [
            self.read(store, position, choice) for position, choice in zip(positions.tolist(), chosen, strict=True)
        ]
        return self.collate(walks)

    @abstractmethod
    def encode(self, sequence: GaitSequence) -> NDArray[Any]:
        """Return the compact array of a walk in memory, as `read` does with the frames of an evaluation.

        Raises:
            IncompatibleError: the walk lacks what the representation needs.
        """

    def collate(self, walks: Sequence[NDArray[Any]]) -> Tensor:
        """Put compact arrays into one batch [B, ...]; `IncompatibleError` where their shapes differ."""
        shapes = {walk.shape for walk in walks}
        if len(shapes) > 1:
            raise IncompatibleError(f"walks of different sizes in one batch: {sorted(shapes)}")
        return torch.from_numpy(np.stack(walks))

    @abstractmethod
    def finish(self, batch: Tensor) -> Tensor:
        """Turn a batch of compact arrays into the model's input, on the device where the batch is."""


def build_input(choice: Mapping[str, Any]) -> ModelInput:
    """Build a representation from ``{"representation": ..., option: value, ...}``.

    Raises:
        UsageError: unknown representation or option.
    """
    input_type: type[ModelInput]
    input_type, config = read_choice(INPUTS, choice, "input", key="representation")
    return input_type(config)
