"""Multi-head attention among joints or frames, with its maps on request."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional

from gaitprint.models.skeleton.visibility import attendable, zero_unseen


class SelfAttention(nn.Module):
    """Multi-head attention of a set to itself; Vaswani et al., "Attention is all you need", NeurIPS 2017.

    Dropout belongs to the layers around it: dropping attention weights would keep PyTorch's fused kernels out of
    training on a CPU.

    Args:
        width: W, values of an element.
        heads: must divide it.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)

    def forward(self, elements: Tensor, seen: Tensor | None, with_map: bool) -> tuple[Tensor, Tensor | None]:
        """Attend.

        Args:
            elements: [N, L, W].
            seen: bool [N, L], what may be attended to; None for all True.
            with_map: compute the weights themselves, instead of leaving them to the fused kernel.

        Returns:
            [N, L, W], and the weights that gave it, [N, heads, L, L]: of the queries (third axis) on the keys, 0 for a
            query that was not seen, else summing to 1; None unless asked for.
        """
        # [N, L, 3 W] -> three of [N, heads, L, W / heads]
        query, key, value = self.project(elements).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        allowed = attendable(seen)
        mask = None if allowed is None else allowed[:, None, None, :]  # [N, 1, 1, L]
        weights = None
        if with_map:
            scores = query @ key.mT / math.sqrt(query.shape[-1])  # [N, heads, L, L]
            weights = (scores if mask is None else scores.masked_fill(~mask, float("-inf"))).softmax(dim=-1)
            attended = weights @ value
            weights = weights if seen is None else weights.masked_fill(~seen[:, None, :, None], 0.0)
        else:
            attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.merge(attended.transpose(1, 2).flatten(2)), weights


class AttentionStage(nn.Module):
    """Attention, residual, layer normalisation, in this order.

    Args:
        width: W, values of an element.
        heads: of the attention.
        dropout: share of what attention adds that is dropped in training.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = SelfAttention(width, heads)
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, elements: Tensor, seen: Tensor | None, with_map: bool = False) -> tuple[Tensor, Tensor | None]:
        """[N, L, W], bool [N, L] -> [N, L, W], 0 where not seen, and `SelfAttention`'s map."""
        attended, weights = self.attention(elements, seen, with_map)
        return zero_unseen(self.norm(elements + self.dropout(attended)), seen), weights
