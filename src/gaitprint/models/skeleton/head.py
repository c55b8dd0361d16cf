"""From a walk's vector to its embedding, and who of the training subjects it may be."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from gaitprint.models.base import ModelOutput


class EmbeddingHead(nn.Module):
    """Linear layers, batch normalisation, unit length; the classifier looks before the length is taken out.

    A classifier on vectors of length 1 could never be sure: Luo et al., "Bag of tricks and a strong baseline for deep
    person re-identification", CVPRW 2019, who set it behind the batch normalisation, too.

    Args:
        width: values of a walk's vector.
        hidden: values of a layer between, with ReLU and dropout; None for none.
        embedding: D.
        dropout: share of the hidden values dropped in training.
        num_subjects: S; None builds no classifier.
    """

    def __init__(
        self, width: int, hidden: int | None, embedding: int, dropout: float, num_subjects: int | None
    ) -> None:
        super().__init__()
        self.hidden = None
        if hidden is not None:
            self.hidden = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(inplace=True), nn.Dropout(dropout))
        self.embedding = nn.Linear(width if hidden is None else hidden, embedding, bias=False)
        self.norm = nn.BatchNorm1d(embedding)
        self.classifier = None if num_subjects is None else nn.Linear(embedding, num_subjects)

    def forward(self, walks: Tensor) -> ModelOutput:
        """[B, width] -> embedding [B, 1, D] of length 1 and logits [B, 1, S]."""
        if self.hidden is not None:
            walks = self.hidden(walks)
        described = self.norm(self.embedding(walks).float()).unsqueeze(1)  # [B, 1, D]
        logits = None if self.classifier is None else self.classifier(described)
        return ModelOutput(functional.normalize(described, dim=-1), logits)
