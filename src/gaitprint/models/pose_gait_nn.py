"""A pose network and GaitNN as one: frames in, one vector for a walk out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar, Self

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import IncompatibleError
from gaitprint.models.base import GaitModel, ModelOutput
from gaitprint.models.frame_chunks import in_chunks
from gaitprint.models.gait_nn import GaitNN, GaitNNConfig
from gaitprint.models.pose.weights import build_pose_network, load_pose_network

# Frames that the pose network sees at once outside training: 180 MB for the largest result of the largest network.
_FRAMES_AT_ONCE = 32


@config_dataclass
class PoseGaitNNConfig:
    """Options of `PoseGaitNN`.

    Args:
        pose: the pose network: its ``name`` and options.
        pose_weights: what the pose network starts a training from: a run folder, a weights file, or a shipped network's
            name; null for fresh weights.
        gait: options of what follows it.
    """

    pose: dict[str, Any] = field(default_factory=lambda: {"name": "light-pose-nn"})
    pose_weights: str | None = None
    gait: GaitNNConfig = GaitNNConfig()


class PoseGaitNN(GaitModel):
    """A pose network's features of every frame, then GaitNN; trained end to end.

    The two networks of https://github.com/marian-margeta/gait-recognition in a row. Of the pose network it has the
    layers up to the features: nothing here asks for heat maps.
    """

    Config: ClassVar[type] = PoseGaitNNConfig
    distance: ClassVar[str] = "cosine"

    def __init__(self, config: PoseGaitNNConfig, num_subjects: int | None) -> None:
        super().__init__()
        self.pose = build_pose_network(config.pose)
        self.pose.drop_heat_maps()
        self.gait = GaitNN.from_config(config.gait, num_subjects)
        self._config = config

    @classmethod
    def from_config(cls, config: PoseGaitNNConfig, num_subjects: int | None) -> Self:
        """Build from options; see `GaitModel.from_config`."""
        return cls(config, num_subjects)

    @classmethod
    def default_input(cls, config: PoseGaitNNConfig) -> Mapping[str, Any]:
        """A clip of 30 frames in the resolution of the pose network."""
        with torch.device("meta"):  # no weights
            resolution = build_pose_network(config.pose).resolution
        return {"representation": "frames", "resolution": resolution, "frames": 30, "sampling": "clip"}

    @property
    def embedding_shape(self) -> tuple[int, int]:
        """One part of 512 values."""
        return self.gait.embedding_shape

    def start_training(self) -> tuple[str, ...]:
        """Fill the pose network with `PoseGaitNNConfig.pose_weights`; see `GaitModel.start_training`.

        Raises:
            UsageError: no such weights.
            UnreadableFileError: damaged weights.
            IncompatibleError: weights of another network.
        """
        if self._config.pose_weights is None:
            return ()
        source, card = load_pose_network(self._config.pose_weights)
        tensors, wanted = source.state_dict(), self.pose.state_dict()
        for name, tensor in wanted.items():
            if name not in tensors or tensors[name].shape != tensor.shape:
                raise IncompatibleError(
                    f"{self._config.pose_weights}: weights of a {card.network['name']} that do not fit model.pose "
                    f"(a {self._config.pose['name']}): tensor '{name}'"
                )
        self.pose.load_state_dict({name: tensors[name] for name in wanted})
        return tuple(sorted({*card.train_subjects, *card.validation_subjects}))

    def forward(self, inputs: Tensor) -> ModelOutput:
        """Embed walks.

        Args:
            inputs: float32 [B, T, 3, R, R], RGB in -1..1, T >= 1; R is the pose network's resolution.

        Returns:
            embedding [B, 1, 512] and logits [B, 1, S].
        """
        features = in_chunks(self.pose.features, inputs, _FRAMES_AT_ONCE, training=self.training)  # [B, T, 32, 17, 17]
        output: ModelOutput = self.gait(features)
        return output

    def example_inputs(self, batch: int) -> Tensor:
        """Random frames [batch, 2, 3, R, R] in -1..1."""
        frames = self.pose.example_inputs(batch * 2)  # [batch * 2, 3, R, R]
        return frames.view(batch, 2, *frames.shape[1:])
