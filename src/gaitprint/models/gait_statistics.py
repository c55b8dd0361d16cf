"""Statistics of whole walks, seen from either side, and the directions among them in which people differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Self

import torch
from torch import Tensor
from torch.nn import functional

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.core.skeletons import Skeleton, get_skeleton
from gaitprint.models.base import ClosedFormModel, ModelOutput
from gaitprint.models.discriminant import Discriminant
from gaitprint.models.masked_statistics import masked_mean_and_deviation, masked_quantiles
from gaitprint.models.skeleton.visibility import split_joints

# What a gait cycle may last: 0.5 to 2.5 seconds.
_CYCLE_HZ = (0.4, 2.0)
# How far the filter that finds the gait cycle looks to either side.
_FILTER_S = 2.0
# A walker whose ankles swing less than this share of the walk's median swing stands or turns.
_LEAST_SWING = 0.5
# Sine of the angle between the walk and the line to the sensor from which on a walker is seen from the side.
_FROM_THE_SIDE = 0.85
# Metres (or shares of the body, unit-sized) below which a coordinate's deviation is noise.
_LEAST_DEVIATION = 1e-3
# Weight of "no swing at all" in the regression on the gait phase, as a share of the frames.
_RIDGE = 1e-3


@config_dataclass
class GaitStatisticsConfig:
    """Options of `GaitStatistics`.

    Args:
        skeleton: whose joints and bones, a name in `core.skeletons.SKELETONS`; with ankles.
        rate_hz: frames a second that walks are resampled to.
        dimensions: of each of the four groups' discriminants; D is four times that. With S training people,
            S - 1 of them carry something.
        shrinkage: share of the identity mixed into the covariance within people, in 0..1; the more, the fewer walks
            there are for the many measurements.
        least_frames: seen from one side that the statistics of this side are taken from; where a walk has fewer, all
            of its frames are.
    """

    skeleton: str = "kinect-v1-20"
    rate_hz: float = 30.0
    dimensions: int = 64
    shrinkage: float = 0.3
    least_frames: int = 30

    def __post_init__(self) -> None:
        for name in ("dimensions", "least_frames", "rate_hz"):
            if not getattr(self, name) > 0:
                raise UsageError(f"model.{name} is {getattr(self, name)}, must be above 0")
        if not 0 <= self.shrinkage <= 1:
            raise UsageError(f"model.shrinkage is {self.shrinkage}, must be in 0..1")


class _Measurements(NamedTuple):
    """Statistics of walks from one side, each [B, F]."""

    mean_pose: Tensor
    swing: Tensor
    median_pose: Tensor
    deviation: Tensor
    bone_lengths: Tensor
    bone_length_range: Tensor
    bone_directions: Tensor


class GaitStatistics(ClosedFormModel):
    """Posture, build and swing of a walk, measured separately as seen from the left and from the right.

    A depth sensor guesses the far side of the body, so one person has two postures, one for each side. Frames are
    sorted by the side that the sensor saw; of either are taken: the mean pose and its first harmonic over the gait
    cycle (phase by the ankles' distance), medians and deviations of the coordinates, lengths and directions of the
    bones. Four groups of these, each with a linear discriminant of its own (`discriminant.Discriminant`), make the
    embedding; the cosine is the mean of the groups' cosines.

    Fitted in closed form in seconds, on as few as thirty people. Body measurements with discriminants on Kinect
    skeletons: Andersson and Araujo, AAAI 2015; harmonics of the gait cycle: Cunado, Nixon and Carter, CVIU 2003.
    """

    Config: ClassVar[type] = GaitStatisticsConfig
    distance: ClassVar[str] = "cosine"

    bones: Tensor
    band_pass: Tensor

    def __init__(self, config: GaitStatisticsConfig) -> None:
        super().__init__()
        skeleton = get_skeleton(config.skeleton)
        self.num_joints = len(skeleton.joints)
        self.ankles = skeleton.index("left_ankle"), skeleton.index("right_ankle")
        self.least_frames = config.least_frames
        self.register_buffer("bones", torch.from_numpy(skeleton.bone_indices.copy()), persistent=False)
        self.register_buffer("band_pass", _band_pass(config.rate_hz), persistent=False)
        self.group_sizes = _group_sizes(skeleton)
        discriminants = [Discriminant(size, config.dimensions, config.shrinkage) for size in self.group_sizes]
        self.discriminants = torch.nn.ModuleList(discriminants)
        self.embedding_size = sum(discriminant.dimensions for discriminant in discriminants)

    @classmethod
    def from_config(cls, config: GaitStatisticsConfig, num_subjects: int | None) -> Self:
        """Build from options, not yet fitted; there is no classifier, whatever `num_subjects` says."""
        return cls(config)

    @classmethod
    def default_input(cls, config: GaitStatisticsConfig) -> Mapping[str, Any]:
        """All frames of preprocessed joints, and where the sensor stood."""
        preprocessing = {"rate_hz": config.rate_hz, "sensor": True}
        joints = {"representation": "joints", "skeleton": config.skeleton, "axes": 3}
        return {**joints, "preprocessing": preprocessing}

    @property
    def embedding_shape(self) -> tuple[int, int]:
        """One part: the groups side by side."""
        return 1, self.embedding_size

    def forward(self, inputs: Tensor) -> ModelOutput:
        """Embed walks.

        Args:
            inputs: float32 [B, T, J + 1, 4], positions and confidence; the last joint is the direction to the sensor.

        Returns:
            embedding [B, 1, D] of length 1, NaN for a walk that shows nobody; no logits.

        Raises:
            IncompatibleError: another number of joints or coordinates.
        """
        return ModelOutput(self.project(self.describe(inputs)).unsqueeze(1), None)

    def project(self, descriptions: Tensor) -> Tensor:
        """Embed walks that are measured already: [B, F], see `describe` -> [B, D] of length 1.

        A group of measurements that is unknown altogether adds nothing; NaN for a walk without any.
        """
        groups = torch.split(descriptions, self.group_sizes, dim=1)
        projected = [discriminant(group) for discriminant, group in zip(self.discriminants, groups, strict=True)]
        units = [functional.normalize(group, dim=-1) for group in projected]
        embedding = functional.normalize(torch.cat(units, dim=-1), dim=-1)
        return embedding.masked_fill(descriptions.isnan().all(dim=1, keepdim=True), torch.nan)

    def describe(self, inputs: Tensor) -> Tensor:
        """See `ClosedFormModel.describe`; inputs as those of `forward` -> [B, F], the four groups side by side."""
        joints, seen = split_joints(inputs, self.num_joints + 1, 3)
        visible = torch.ones(joints.shape[:3], dtype=torch.bool) if seen.joints is None else seen.joints
        visible = visible.to(joints.device)
        body, body_seen = joints[:, :, :-1], visible[:, :, :-1]
        from_right = joints[:, :, -1, 0] * visible[:, :, -1]  # [B, T]: the walker's right is at +x
        phase, swing = self._gait_phase(body, body_seen)
        walking = self._enough(swing > _LEAST_SWING * _median_where(swing, body_seen.any(dim=2)), body_seen.any(dim=2))
        sides = [
            self._measure(
                body,
                body_seen & self._enough(walking & (sign * from_right > _FROM_THE_SIDE), walking)[..., None],
                phase,
            )
            for sign in (1.0, -1.0)
        ]
        return torch.cat([torch.cat(group, dim=1) for group in zip(*map(_groups, sides), strict=True)], dim=1)

    def fit(self, descriptions: Tensor, labels: Tensor) -> None:
        """See `ClosedFormModel.fit`."""
        groups = torch.split(descriptions, self.group_sizes, dim=1)
        for discriminant, group in zip(self.discriminants, groups, strict=True):
            assert isinstance(discriminant, Discriminant)
            discriminant.fit(group, labels)

    def example_inputs(self, batch: int) -> Tensor:
        """Random joints [batch, 40, J + 1, 4], one in ten unseen, before a sensor on one side and then on the other."""
        positions = torch.randn(batch, 40, self.num_joints + 1, 3)
        positions[:, :, -1] = torch.tensor([1.0, 0.0, 0.0])
        positions[:, 20:, -1, 0] = -1.0
        confidence = (torch.rand(batch, 40, self.num_joints + 1, 1) > 0.1).float()
        confidence[:, :, -1] = 1.0
        return torch.cat([positions, confidence], dim=-1)

    def _gait_phase(self, body: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Phase in radians and amplitude of the swing of the ankles along the walk, each [B, T].

        By the analytic signal (Gabor 1946) of what one ankle is ahead of the other, band-passed to gait cycles.
        """
        left, right = self.ankles
        ahead = body[:, :, left, 2] - body[:, :, right, 2]
        ahead = torch.where(seen[:, :, left] & seen[:, :, right], ahead, 0.0)
        # Convolved in time, not by a transform of the whole walk, so that padding changes nothing.
        filtered = functional.conv1d(ahead[:, None], self.band_pass, padding=self.band_pass.shape[-1] // 2)
        real, imaginary = filtered.unbind(dim=1)
        return torch.atan2(imaginary, real), torch.hypot(real, imaginary)

    def _enough(self, wanted: Tensor, instead: Tensor) -> Tensor:
        """Frames [B, T] that are wanted, and all others of a walk in which these are too few."""
        enough = wanted.sum(dim=1, keepdim=True) >= self.least_frames
        # Not torch.where: ONNX Runtime has none for masks.
        return (enough & wanted) | (~enough & instead)

    def _measure(self, body: Tensor, seen: Tensor, phase: Tensor) -> _Measurements:
        """Statistics of the joints [B, T, J, 3] that are seen, bool [B, T, J], at some phase [B, T]."""
        flat, flat_seen = body.flatten(2), seen.repeat_interleave(3, dim=2)
        harmonics = _first_harmonic(body, seen, phase)  # [B, J, 3 terms, 3]
        (median,) = masked_quantiles(flat, flat_seen, (0.5,))
        deviation = masked_mean_and_deviation(flat, flat_seen)[1]
        parents, children = self.bones.unbind(dim=1)
        bones = body[:, :, children] - body[:, :, parents]  # [B, T, bones, 3]
        bones_seen = seen[:, :, children] & seen[:, :, parents]
        lengths = bones.norm(dim=-1)
        middle, short, long = masked_quantiles(lengths, bones_seen, (0.5, 0.2, 0.8))
        directions = (bones / lengths.clamp(min=_LEAST_DEVIATION)[..., None]).flatten(2)
        (direction,) = masked_quantiles(directions, bones_seen.repeat_interleave(3, dim=2), (0.5,))
        return _Measurements(
            mean_pose=harmonics[:, :, 0].flatten(1),
            swing=harmonics[:, :, 1:].flatten(1),
            median_pose=median,
            deviation=(deviation + _LEAST_DEVIATION).log(),
            bone_lengths=middle,
            bone_length_range=torch.cat([short, long], dim=1),
            bone_directions=direction,
        )


def _groups(side: _Measurements) -> tuple[Tensor, ...]:
    """What goes together: build and posture by bones; the cycle; posture and the range of bones; posture and spread."""
    return (
        torch.cat([side.bone_directions, side.bone_lengths], dim=1),
        torch.cat([side.mean_pose, side.swing], dim=1),
        torch.cat([side.mean_pose, side.bone_lengths, side.bone_length_range], dim=1),
        torch.cat([side.median_pose, side.deviation, side.bone_lengths], dim=1),
    )


def _group_sizes(skeleton: Skeleton) -> list[int]:
    coordinates, bones = 3 * len(skeleton.joints), len(skeleton.bones)
    both_sides = (4 * bones, 3 * coordinates, coordinates + 3 * bones, 2 * coordinates + bones)
    return [2 * size for size in both_sides]


def _first_harmonic(body: Tensor, seen: Tensor, phase: Tensor) -> Tensor:
    """Regress every joint on (1, cos, sin) and their second harmonic of the gait phase.

    Args:
        body: [B, T, J, 3].
        seen: bool [B, T, J].
        phase: [B, T] in radians.

    Returns:
        [B, J, 3, 3]: mean, cosine and sine term of each coordinate; the second harmonic is only kept from blurring
        them. NaN for a joint that was never seen.
    """
    terms = torch.stack(
        [torch.ones_like(phase), phase.cos(), phase.sin(), (2 * phase).cos(), (2 * phase).sin()], dim=-1
    )  # [B, T, 5]
    weights = seen.to(body.dtype)
    count = weights.sum(dim=1)  # [B, J]
    squares = torch.einsum("btm,btn,btj->bjmn", terms, terms, weights)
    products = torch.einsum("btm,btj,btjc->bjmc", terms, weights, torch.where(seen[..., None], body, 0.0))
    ridge = _RIDGE * torch.diag(torch.tensor([0.0, 1.0, 1.0, 1.0, 1.0], dtype=body.dtype, device=body.device))
    unseen = (count == 0)[..., None, None]
    matrix = squares + ridge * count[..., None, None]
    matrix = torch.where(unseen, torch.eye(5, dtype=body.dtype, device=body.device), matrix)
    # A hair on the diagonal: three frames do not determine five terms.
    matrix = matrix + 1e-6 * count.clamp(min=1)[..., None, None] * torch.eye(5, dtype=body.dtype, device=body.device)
    coefficients = torch.linalg.solve(matrix, products)[:, :, :3]
    return torch.where(unseen, torch.nan, coefficients)


def _band_pass(rate_hz: float) -> Tensor:
    """Filter that leaves the gait cycle of a signal, as its analytic signal: [2, 1, K], real and imaginary part."""
    reach = round(_FILTER_S * rate_hz)
    frequency = torch.fft.fftfreq(16 * reach, 1 / rate_hz, dtype=torch.float64)
    slow, fast = _CYCLE_HZ
    positive = frequency.clamp(min=1e-6)
    response = torch.where(frequency > 0, 2 / ((1 + (positive / fast) ** 8) * (1 + (slow / positive) ** 8)), 0.0)
    kernel = torch.fft.ifft(response).roll(reach)[: 2 * reach + 1]
    kernel = kernel * torch.hann_window(2 * reach + 3, periodic=False, dtype=torch.float64)[1:-1]
    # conv1d correlates: the kernel runs backwards.
    return torch.stack([kernel.real, kernel.imag])[:, None].flip(-1).float()


def _median_where(values: Tensor, seen: Tensor) -> Tensor:
    """Median over axis 1 of [B, T] where seen, [B, 1]; 0 where nothing is."""
    return masked_quantiles(values[..., None], seen[..., None], (0.5,))[0].nan_to_num(0.0)
