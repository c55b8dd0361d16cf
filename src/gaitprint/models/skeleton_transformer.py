"""Transformer on skeletons: attention among the joints of a frame, then among the frames of a walk."""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, Self

from torch import Tensor, nn

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.models.base import ModelOutput
from gaitprint.models.skeleton.aggregation import TemporalPyramid
from gaitprint.models.skeleton.attention import AttentionStage
from gaitprint.models.skeleton.encoder import TemporalEncoder
from gaitprint.models.skeleton.graph import GraphStage
from gaitprint.models.skeleton.head import EmbeddingHead
from gaitprint.models.skeleton.network import SkeletonNetwork, SkeletonNetworkConfig
from gaitprint.models.skeleton.normalisation import JointStandardisation
from gaitprint.models.skeleton.visibility import split_joints, zero_unseen


@config_dataclass
class SkeletonTransformerConfig(SkeletonNetworkConfig):
    """Options of `SkeletonTransformer`; the defaults are the second system's.

    Args:
        skeleton: whose joints and bones: a name in `core.skeletons.SKELETONS`, or the definition of another.
        axes: 3 for positions in metres, 2 for positions in the image.
        standardise: first bring each coordinate of each joint to one scale over the training walks
            (`skeleton.normalisation.JointStandardisation`).
        graph_channels: values of a joint after each graph convolution; the last is the width of joint attention.
        graph_dropout: share of them dropped in training.
        frame_width: values of a frame in temporal attention.
        heads: of every attention.
        width: values of a frame in the encoder; even.
        layers: of the encoder.
        feed_forward: values inside each of its layers.
        pyramid: segments of each level of the temporal pyramid; each must divide the width.
        hidden: values of the layer before the embedding.
        embedding: D.
        dropout: share of values dropped in training, in attention, the encoder and before the embedding.
    """

    skeleton: str | dict[str, Any] = "kinect-v2-25"
    standardise: bool = True
    graph_channels: tuple[int, ...] = (128, 128, 256)
    graph_dropout: float = 0.3
    frame_width: int = 256
    heads: int = 8
    width: int = 512
    layers: int = 6
    feed_forward: int = 2048
    pyramid: tuple[int, ...] = (1, 2, 4, 8)
    hidden: int = 512
    dropout: float = 0.1

    def __post_init__(self) -> None:
        sizes = ("frame_width", "heads", "width", "layers", "feed_forward", "hidden", "embedding")
        for name in sizes:
            if getattr(self, name) < 1:
                raise UsageError(f"model.{name} is {getattr(self, name)}, must be at least 1")
        for name in ("graph_channels", "pyramid"):
            if not getattr(self, name) or min(getattr(self, name)) < 1:
                raise UsageError(f"model.{name} is {list(getattr(self, name))}, needs numbers of at least 1")
        widths = {"graph_channels": self.graph_channels[-1], "frame_width": self.frame_width, "width": self.width}
        for name, width in widths.items():
            if width % self.heads:
                raise UsageError(f"model.heads is {self.heads}, which does not divide the {width} of model.{name}")
        if self.width % 2:
            raise UsageError(f"model.width is {self.width}, must be even")
        for segments in self.pyramid:
            if self.width % segments:
                raise UsageError(f"model.pyramid has {segments} segments, which do not divide model.width {self.width}")
        for name in ("graph_dropout", "dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"model.{name} is {getattr(self, name)}, must be at least 0 and below 1")


class AttentionMaps(NamedTuple):
    """What a walk's embedding was made from looking at.

    Args:
        joints: [B, T, heads, J, J]: in each frame, how much each joint (fourth axis) looks at each other (fifth).
        frames: [B, heads, T, T]: how much each frame (third axis) looks at each other (fourth).

    Rows sum to 1; rows and columns of what was not seen are 0.
    """

    joints: Tensor
    frames: Tensor


class SkeletonTransformer(SkeletonNetwork):
    """Spatio-temporal attention on skeletons; one branch of the Siamese pair, the loss compares.

    Graph convolution along the bones -> attention among the joints of a frame -> one vector a frame -> attention among
    the frames -> transformer encoder with positional encoding -> temporal pyramid, maximum and deviation -> embedding
    of length 1.

    A joint with confidence 0 is left out everywhere: it hands nothing to its neighbours, no joint attends to it, and it
    adds nothing to its frame's vector. A frame without any seen joint is left out likewise, so that walks of different
    length may be padded at their end; the embedding is that of the walk alone, and padding is in no statistic of
    batch normalisation. Confidence above 0 counts as seen, however low.
    """

    Config: ClassVar[type] = SkeletonTransformerConfig

    def __init__(self, config: SkeletonTransformerConfig, num_subjects: int | None) -> None:
        super().__init__(config)
        joint_width = config.graph_channels[-1]
        self.standardise = JointStandardisation(self.num_joints, config.axes) if config.standardise else None
        self.graph = GraphStage(self.skeleton, config.axes, config.graph_channels, config.graph_dropout)
        self.joint_attention = AttentionStage(joint_width, config.heads, config.dropout)
        self.frame = nn.Linear(self.num_joints * joint_width, config.frame_width)
        self.frame_attention = AttentionStage(config.frame_width, config.heads, config.dropout)
        self.encoder = TemporalEncoder(
            config.frame_width, config.width, config.layers, config.heads, config.feed_forward, config.dropout
        )
        self.aggregate = TemporalPyramid(config.width, config.pyramid)
        self.head = EmbeddingHead(
            self.aggregate.width_out, config.hidden, config.embedding, config.dropout, num_subjects
        )

    @classmethod
    def from_config(cls, config: SkeletonTransformerConfig, num_subjects: int | None) -> Self:
        """Build from options; see `GaitModel.from_config`."""
        return cls(config, num_subjects)

    def forward(self, inputs: Tensor) -> ModelOutput:
        """Embed walks.

        Args:
            inputs: float32 [B, T, J, axes + 1], positions and confidence, T >= 1.

        Returns:
            embedding [B, 1, D] of length 1 (in evaluation NaN of a walk that shows nothing) and logits [B, 1, S].

        Raises:
            IncompatibleError: another number of joints or coordinates than the model's.
        """
        return self.without_nobody(self.head(self._describe(inputs, with_maps=False)[0]), inputs)

    def attend(self, inputs: Tensor) -> tuple[ModelOutput, AttentionMaps]:
        """Embed walks, and return where attention went as well.

        The same embedding as from `forward`, up to rounding: attention runs unfused, so that its weights are there.

        Args:
            inputs: as those of `forward`.

        Raises:
            IncompatibleError: as `forward`.
        """
        walks, maps = self._describe(inputs, with_maps=True)
        assert maps is not None
        return self.without_nobody(self.head(walks), inputs), maps

    def _describe(self, inputs: Tensor, with_maps: bool) -> tuple[Tensor, AttentionMaps | None]:
        """Walks [B, T, J, axes + 1] -> one vector each, [B, A], and attention maps."""
        joints, seen = split_joints(inputs, self.num_joints, self.axes)
        if self.standardise is not None:
            joints = self.standardise(joints, None if seen.joints is None else seen.joints[..., None])
        joints = zero_unseen(self.graph(joints, seen.joints), seen.joints)  # [B, T, J, C]

        batch, frames = joints.shape[:2]
        seen_rows = None if seen.joints is None else seen.joints.flatten(0, 1)  # [B * T, J]
        rows, joint_map = self.joint_attention(joints.flatten(0, 1), seen_rows, with_maps)  # [B * T, J, C]

        sequence = self.frame(rows.flatten(1)).unflatten(0, (batch, frames))  # [B * T, J * C] -> [B, T, F]
        sequence, frame_map = self.frame_attention(sequence, seen.frames, with_maps)
        encoded = self.encoder(sequence, seen.frames)  # [B, T, W]
        maps = None
        if joint_map is not None and frame_map is not None:
            maps = AttentionMaps(joint_map.unflatten(0, (batch, frames)), frame_map)
        return self.aggregate(encoded, seen.frames), maps
