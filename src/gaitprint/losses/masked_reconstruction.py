"""How well a network filled in what was hidden from it."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from torch import Tensor
from torch.nn import functional

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.core.reconstruction import Reconstruction
from gaitprint.losses.base import Field, GaitLoss
from gaitprint.losses.precision import at_least_float32


@config_dataclass
class MaskedReconstructionConfig:
    """Options of `MaskedReconstruction`.

    Args:
        error: of a pixel: ``squared`` difference of probability and truth, or their ``cross-entropy``.
        hidden_weight: of the mean error of the hidden pixels.
        all_weight: of the mean error of all pixels, which keeps what was shown as it was.
    """

    error: Literal["squared", "cross-entropy"] = "squared"
    hidden_weight: float = 1.0
    all_weight: float = 0.1

    def __post_init__(self) -> None:
        if min(self.hidden_weight, self.all_weight) < 0 or self.hidden_weight + self.all_weight == 0:
            raise UsageError("loss: hidden_weight and all_weight must not be negative, and one of them above 0")


class MaskedReconstruction(GaitLoss):
    """Mean error of the reconstructed pixels, those that were hidden and all of them weighed apart.

    Each clip counts the same, however much of it was hidden; one with nothing hidden has no error there.
    """

    Config: ClassVar[type] = MaskedReconstructionConfig
    needs: ClassVar[Field] = "reconstruction"
    compares_walks: ClassVar[bool] = False

    def __init__(self, config: MaskedReconstructionConfig) -> None:
        super().__init__()
        self.error = config.error
        self.hidden_weight, self.all_weight = config.hidden_weight, config.all_weight

    @classmethod
    def from_config(
        cls, config: MaskedReconstructionConfig, num_subjects: int, embedding_shape: tuple[int, int]
    ) -> Self:
        """Build from options; see `GaitLoss.from_config`."""
        return cls(config)

    def forward(self, values: Reconstruction, labels: Tensor) -> Tensor:
        """Compute the loss of a `Reconstruction` of B clips; see `GaitLoss.forward`. Labels do not matter."""
        with at_least_float32(values.logits) as logits:
            if self.error == "squared":
                errors = (logits.sigmoid() - values.truth).square()
            else:
                errors = functional.binary_cross_entropy_with_logits(logits, values.truth, reduction="none")
        errors, hidden = errors.flatten(1), values.hidden.flatten(1)  # [B, T * H * W]
        of_hidden = (errors * hidden).sum(dim=1) / hidden.sum(dim=1).clamp(min=1)
        return (self.hidden_weight * of_hidden + self.all_weight * errors.mean(dim=1)).mean()
