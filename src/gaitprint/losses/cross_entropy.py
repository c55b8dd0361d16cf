"""Cross-entropy over the training subjects."""

from __future__ import annotations

from typing import ClassVar, Self

from torch import Tensor
from torch.nn import functional

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.losses.base import Field, GaitLoss
from gaitprint.losses.precision import at_least_float32


@config_dataclass
class CrossEntropyConfig:
    """Options of `CrossEntropy`.

    Args:
        label_smoothing: share of the probability spread evenly over all subjects, in 0..1; Szegedy et al.,
            "Rethinking the inception architecture for computer vision", CVPR 2016, section 7.
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.label_smoothing <= 1:
            raise UsageError(f"loss.label_smoothing is {self.label_smoothing}, must be in 0..1")


class CrossEntropy(GaitLoss):
    """Cross-entropy of the classifier's logits, averaged over walks and parts."""

    Config: ClassVar[type] = CrossEntropyConfig
    needs: ClassVar[Field] = "logits"
    compares_walks: ClassVar[bool] = False

    def __init__(self, config: CrossEntropyConfig) -> None:
        super().__init__()
        self.label_smoothing = config.label_smoothing

    @classmethod
    def from_config(cls, config: CrossEntropyConfig, num_subjects: int, embedding_shape: tuple[int, int]) -> Self:
        """Build from options; see `GaitLoss.from_config`."""
        return cls(config)

    def forward(self, values: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss of logits [B, P, S]; see `GaitLoss.forward`."""
        each = labels.repeat_interleave(values.shape[1])  # [B] -> [B * P]
        with at_least_float32(values) as logits:
            return functional.cross_entropy(logits.flatten(0, 1), each, label_smoothing=self.label_smoothing)
