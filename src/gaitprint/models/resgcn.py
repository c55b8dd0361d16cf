"""Residual graph convolution on skeletons: short motions of neighbouring joints, found wherever they occur."""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.core.skeletons import Skeleton
from gaitprint.models.base import ModelOutput
from gaitprint.models.skeleton.graph import hop_distances
from gaitprint.models.skeleton.head import EmbeddingHead
from gaitprint.models.skeleton.network import SkeletonNetwork, SkeletonNetworkConfig
from gaitprint.models.skeleton.normalisation import SeenBatchNorm
from gaitprint.models.skeleton.streams import SkeletonStreams
from gaitprint.models.skeleton.visibility import count_seen, split_joints, zero_unseen


@config_dataclass
class ResGcnConfig(SkeletonNetworkConfig):
    """Options of `ResGcn`; the defaults train on two CPU cores.

    Args:
        skeleton: whose joints and bones: a name in `core.skeletons.SKELETONS`, or the definition of another.
        axes: 3 for positions in metres, 2 for positions in the image.
        branch_channels: values of a joint in the block of each of the three branches.
        channels: of the levels after the branches have met, two blocks each; each level has half the frames of the one
            before.
        reduction: how many times narrower the blocks are inside.
        hops: bones up to which joints look at one another in one block.
        kernel: frames that one block looks at; odd.
        joint_channels: values that each joint contributes to the walk's vector.
        embedding: D.
        dropout: share of a walk's values dropped in training before the embedding.
    """

    branch_channels: int = 32
    channels: tuple[int, ...] = (128, 256)
    reduction: int = 4
    hops: int = 2
    kernel: int = 9
    joint_channels: int = 64
    dropout: float = 0.0

    def __post_init__(self) -> None:
        for name in ("branch_channels", "reduction", "hops", "kernel", "joint_channels", "embedding"):
            if getattr(self, name) < 1:
                raise UsageError(f"model.{name} is {getattr(self, name)}, must be at least 1")
        for channels in (self.branch_channels, *self.channels):
            if channels < 1 or channels % self.reduction:
                raise UsageError(f"{channels} channels are no multiple of model.reduction {self.reduction}")
        if self.kernel % 2 == 0:
            raise UsageError(f"model.kernel is {self.kernel}, must be odd")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"model.dropout is {self.dropout}, must be at least 0 and below 1")


class ResGcn(SkeletonNetwork):
    """Residual graph convolutional network with three branches: joints, motion, bones.

    Each branch: one full block and one bottleneck block; then all three together: levels of two bottleneck blocks, the
    first of which halves the frames; joints' means and the maximum; embedding of length 1. A block convolves over the
    graph, then over time. The network of Song et al., ACM MM 2020, as gait recognition uses it: Teepe et al.,
    "GaitGraph", ICIP 2021, and "Towards a deeper understanding of skeleton-based gait recognition", CVPRW 2022.

    They average over the joints at the end. Here each joint keeps its mean over time: people differ in single limbs,
    which an average over all of them hides.

    What was not seen of a joint counts as average, and is then filled in by its neighbours and by the frames around it,
    as the convolutions learn. Frames without any seen joint are left out: nothing looks
    into them, no statistic counts them; so walks of different length may be padded at their end. Confidence above 0
    counts as seen, however low.
    """

    Config: ClassVar[type] = ResGcnConfig

    def __init__(self, config: ResGcnConfig, num_subjects: int | None) -> None:
        super().__init__(config)
        self.streams = SkeletonStreams(self.skeleton, config.axes)
        branch, options = config.branch_channels, (config.hops, config.kernel)
        self.branches = nn.ModuleList(
            Blocks(
                Block(self.skeleton, size, branch, branch, *options),
                Block(self.skeleton, branch, branch, branch // config.reduction, *options),
            )
            for size in self.streams.sizes
        )
        widths = (branch * len(self.branches), *config.channels)
        trunk = []
        for c_in, c_out in pairwise(widths):
            inside = c_out // config.reduction
            trunk.append(Block(self.skeleton, c_in, c_out, inside, *options, stride=2))
            trunk.append(Block(self.skeleton, c_out, c_out, inside, *options))
        self.trunk = Blocks(*trunk)
        self.dropout = nn.Dropout(config.dropout)
        self.pool = JointPooling(self.num_joints, widths[-1], config.joint_channels)
        self.head = EmbeddingHead(self.pool.width_out, None, config.embedding, 0.0, num_subjects)

    @classmethod
    def from_config(cls, config: ResGcnConfig, num_subjects: int | None) -> Self:
        """Build from options; see `GaitModel.from_config`."""
        return cls(config, num_subjects)

    def forward(self, inputs: Tensor) -> ModelOutput:
        """Embed walks.

        Args:
            inputs: float32 [B, T, J, axes + 1], positions and confidence, T >= 1; walks that shall compare have the
                same frame rate.

        Returns:
            embedding [B, 1, D] of length 1 (in evaluation NaN of a walk that shows nothing) and logits [B, 1, S].

        Raises:
            IncompatibleError: another number of joints or coordinates than the model's.
        """
        joints, seen = split_joints(inputs, self.num_joints, self.axes)
        streams = self.streams(joints, seen.joints)
        branches = [branch(stream, seen.frames)[0] for branch, stream in zip(self.branches, streams, strict=True)]
        # [B, T, J, 3 * branch channels] -> [B, T / 2^levels, J, C]
        features, frames = self.trunk(torch.cat(branches, dim=-1), seen.frames)
        return self.without_nobody(self.head(self.dropout(self.pool(features, frames))), inputs)


class Blocks(nn.ModuleList):
    """Blocks, one after the other."""

    def __init__(self, *blocks: Block) -> None:
        super().__init__(blocks)

    def forward(self, joints: Tensor, seen: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """[B, T, J, C], bool [B, T] -> [B, T', J, C'], bool [B, T']."""
        for block in self:
            joints, seen = block(joints, seen)
        return joints, seen


class Block(nn.Module):
    """Graph convolution, then convolution over time, each with a residual.

    Args:
        skeleton: whose graph.
        channels_in: C of what goes in.
        channels_out: C' of what comes out.
        inside: channels that the convolutions themselves work on. Where these are not C', a linear layer before and one
            after each convolution lead there and back (a bottleneck).
        hops: see `HopConvolution`.
        kernel: frames of the convolution over time.
        stride: every how many frames it is taken.
    """

    def __init__(
        self,
        skeleton: Skeleton,
        channels_in: int,
        channels_out: int,
        inside: int,
        hops: int,
        kernel: int,
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.stride = stride
        # A block that drops frames grows wider where it has dropped them, which costs half.
        between = channels_out if stride == 1 else channels_in
        space = HopConvolution(skeleton, inside if inside != between else channels_in, inside, hops)
        self.space = Residual(channels_in, between, space)
        self.time = Residual(between, channels_out, TimeConvolution(inside, kernel, stride))

    def forward(self, joints: Tensor, seen: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """[B, T, J, C], bool [B, T] -> [B, T', J, C'], bool [B, T'], with T' = ceil(T / stride)."""
        frames = seen
        if seen is not None and self.stride > 1:
            # A frame of the result stands for several; it counts if any of these was seen.
            count, last = seen.shape[1], self.stride - 1
            padded = functional.pad(seen, (0, last))
            frames = torch.stack([padded[:, i : count + i : self.stride] for i in range(self.stride)]).any(dim=0)
        return self.time(self.space(joints, seen, seen), seen, frames), frames


class Residual(nn.Module):
    """A convolution in a bottleneck, batch normalisation, residual, ReLU; He et al., CVPR 2016.

    Args:
        channels_in: C of what goes in.
        channels_out: C' of what comes out.
        convolution: of its own number of channels; linear layers lead there and back where these are others.
    """

    def __init__(self, channels_in: int, channels_out: int, convolution: HopConvolution | TimeConvolution) -> None:
        super().__init__()
        self.stride = convolution.stride
        same = channels_in == convolution.channels_in
        self.narrow = None if same else Pointwise(channels_in, convolution.channels_in)
        self.convolution = convolution
        self.norm = SeenBatchNorm(convolution.channels_out)
        same = convolution.channels_out == channels_out
        self.widen = None if same else Pointwise(convolution.channels_out, channels_out)
        same = channels_in == channels_out and self.stride == 1
        self.shortcut = None if same else Pointwise(channels_in, channels_out)

    def forward(self, joints: Tensor, seen: Tensor | None, seen_after: Tensor | None) -> Tensor:
        """[B, T, J, C], bool [B, T], bool [B, T'] -> [B, T', J, C']."""
        values = joints
        if self.narrow is not None:
            values = functional.relu(self.narrow(values, seen))
        values = self.norm(self.convolution(values, seen), seen_after)
        if self.widen is not None:
            values = self.widen(functional.relu(values), seen_after)
        if self.shortcut is not None:
            kept = None if seen is None else seen[:, :: self.stride]
            joints = self.shortcut(zero_unseen(joints[:, :: self.stride], kept), seen_after)
        return functional.relu(values + joints)


class Pointwise(nn.Module):
    """Linear layer on each joint of each frame, and batch normalisation."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        # A bias before batch normalisation would be subtracted again.
        self.linear = nn.Linear(channels_in, channels_out, bias=False)
        self.norm = SeenBatchNorm(channels_out)

    def forward(self, joints: Tensor, seen: Tensor | None) -> Tensor:
        """[B, T, J, C], bool [B, T] -> [B, T, J, C']."""
        normalised: Tensor = self.norm(self.linear(joints), seen)
        return normalised


class HopConvolution(nn.Module):
    """Convolution over the graph: what joints at each distance show on average, with a matrix for each distance.

    Partition by distance, and a learned factor for each pair of joints: Yan, Xiong and Lin, "Spatial temporal graph
    convolutional networks for skeleton-based action recognition", AAAI 2018.

    Args:
        skeleton: whose graph.
        channels_in: C.
        channels_out: C'.
        hops: the largest distance, in bones; 0 is the joint itself.
    """

    stride: ClassVar[int] = 1
    averages: Tensor

    def __init__(self, skeleton: Skeleton, channels_in: int, channels_out: int, hops: int) -> None:
        super().__init__()
        self.channels_in, self.channels_out = channels_in, channels_out
        distances = torch.from_numpy(hop_distances(skeleton))[:, None]  # [J, 1, J]
        # A joint that no path leads to is len(joints) away, farther than any hop.
        hops = min(hops, len(skeleton.joints) - 1)
        at_distance = (distances == torch.arange(hops + 1)[:, None]).float()  # [J, hops + 1, J]
        averages = at_distance / at_distance.sum(dim=2, keepdim=True).clamp(min=1)
        self.register_buffer("averages", averages, persistent=False)
        self.factors = nn.Parameter(torch.ones_like(averages))
        self.linear = nn.Linear((hops + 1) * channels_in, channels_out, bias=False)

    def forward(self, joints: Tensor, seen: Tensor | None) -> Tensor:
        """[B, T, J, C] -> [B, T, J, C']; frames look at themselves only, so what was seen does not matter."""
        rows = (self.averages * self.factors).flatten(0, 1)  # [J * hops, J]
        neighbours = (rows @ joints).view(*joints.shape[:3], -1)  # [B, T, J, hops * C]
        convolved: Tensor = self.linear(neighbours)
        return convolved


class TimeConvolution(nn.Module):
    """Convolution over the frames of each joint, blind to frames that were not seen.

    Args:
        channels: C.
        kernel: frames it looks at, odd.
        stride: every how many frames it is taken.
    """

    def __init__(self, channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.channels_in = self.channels_out = channels
        self.stride = stride
        self.convolution = nn.Conv2d(channels, channels, (kernel, 1), (stride, 1), (kernel // 2, 0), bias=False)

    def forward(self, joints: Tensor, seen: Tensor | None) -> Tensor:
        """[B, T, J, C], bool [B, T] -> [B, T', J, C]."""
        # As image [B, C, T, J]: the channels stay last in memory.
        convolved: Tensor = self.convolution(zero_unseen(joints, seen).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return convolved


class JointPooling(nn.Module):
    """Each joint's mean over time, made narrower, and the maximum over time and joints.

    Args:
        num_joints: J.
        channels: C of a joint.
        joint_channels: values that are made of each joint's mean.
    """

    def __init__(self, num_joints: int, channels: int, joint_channels: int) -> None:
        super().__init__()
        self.describe = nn.Linear(channels, joint_channels)
        self.width_out = num_joints * joint_channels + channels

    def forward(self, joints: Tensor, seen: Tensor | None) -> Tensor:
        """[B, T, J, C], each >= 0, bool [B, T] -> [B, J * joint channels + C]."""
        joints = zero_unseen(joints, seen)
        mean = joints.sum(dim=1) / count_seen(seen, joints)[:, None, None]  # [B, J, C]
        # Nothing is below 0, so the zeros of unseen frames are never above the maximum.
        return torch.cat([self.describe(mean).flatten(1), joints.amax(dim=(1, 2))], dim=1)
