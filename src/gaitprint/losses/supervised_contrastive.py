"""Supervised contrastive loss: among all other walks, those of the same person must be the most similar."""

from __future__ import annotations

from typing import ClassVar, Self

import torch
from torch import Tensor

from gaitprint.core.config import config_dataclass
from gaitprint.core.errors import UsageError
from gaitprint.losses.base import Field, GaitLoss
from gaitprint.losses.pairs import same_and_different
from gaitprint.losses.precision import at_least_float32
from gaitprint.losses.unit_length import unit_length


def supervised_contrastive(embeddings: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of picking a walk of the same person by its cosine, averaged over positives, then over anchors.

    For anchor i: -1/|P(i)| sum over p in P(i) of log(exp(z_i z_p / t) / sum over a != i of exp(z_i z_a / t)), where
    P(i) are the other walks of the same person, z the embeddings scaled to length 1, t the temperature: the form L_out
    of the paper (equation 2), averaged over the anchors that have a positive where the paper sums.

    Args:
        embeddings: float [B, P, D].
        labels: int64 [B].
        temperature: above 0.

    Returns:
        a scalar, the mean over parts; 0 for a batch in which nobody walks twice.
    """
    directions = unit_length(embeddings).transpose(0, 1)  # [B, P, D] -> [P, B, D]
    same, different = same_and_different(labels)
    itself = ~(same | different)
    similarities = directions @ directions.mT / temperature  # [P, B, B]
    # The smallest number instead of minus infinity: a batch of one walk must give no NaN.
    similarities = similarities.masked_fill(itself, torch.finfo(similarities.dtype).min)
    log_probabilities = similarities - similarities.logsumexp(dim=-1, keepdim=True)
    positives = same.sum(dim=1)
    each = -log_probabilities.masked_fill(~same, 0.0).sum(dim=-1) / positives.clamp(min=1)  # [P, B]
    return each.sum(dim=1).mean() / positives.count_nonzero().clamp(min=1)


@config_dataclass
class SupervisedContrastiveConfig:
    """Options of `SupervisedContrastive`.

    Args:
        temperature: of the softmax over cosines; the paper finds 0.1 best.
    """

    temperature: float = 0.1

    def __post_init__(self) -> None:
        if self.temperature <= 0:
            raise UsageError(f"loss.temperature is {self.temperature}, must be above 0")


class SupervisedContrastive(GaitLoss):
    """Supervised contrastive loss on cosines, for each part by itself, averaged over parts.

    Khosla et al., "Supervised contrastive learning", NeurIPS 2020, L_out. It needs several walks a person in a batch:
    choose the sampler ``pk``.
    """

    Config: ClassVar[type] = SupervisedContrastiveConfig
    needs: ClassVar[Field] = "embedding"
    compares_walks: ClassVar[bool] = True

    def __init__(self, config: SupervisedContrastiveConfig) -> None:
        super().__init__()
        self.temperature = config.temperature

    @classmethod
    def from_config(
        cls, config: SupervisedContrastiveConfig, num_subjects: int, embedding_shape: tuple[int, int]
    ) -> Self:
        """Build from options; see `GaitLoss.from_config`."""
        return cls(config)

    def forward(self, values: Tensor, labels: Tensor) -> Tensor:
        """Compute the loss of embeddings [B, P, D]; see `GaitLoss.forward`."""
        with at_least_float32(values) as embeddings:
            return supervised_contrastive(embeddings, labels, self.temperature)
