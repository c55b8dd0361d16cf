"""Rank-1 by groups of the gallery, from half-precision distances whose error is known.

The distances of a large evaluation cost a matrix product. In bfloat16 it is several times faster than in float32 on a
processor that has it, but its last digits are not to be trusted. They need not be: where the nearest genuine and
the nearest impostor entry are farther apart than the error can be, the decision is certain; only the entries that
remain in doubt are compared again, in float32. The outcome is that of float32 distances.

The bound. Each part x of an embedding (moved by a common centre, which changes no distance) is rounded to x', with
the known error |x - x'|. By the triangle inequality a distance changes by at most |x - x'| + |y - y'|. The product
yields |x'|^2 + |y'|^2 - 2 x'y' directly, because the squares ride along as further columns, each split into three
bfloat16 numbers that add up to it; sums are made in float32, and the result is rounded to bfloat16, which changes
the distance by at most `_RELATIVE` of itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.distance import as_tensor, paired_distance

if TYPE_CHECKING:
    from torch import Tensor

# What `first_matches_by_group` says of a cell whose nearest entry is an impostor; larger than any rank of interest.
NOT_FIRST = 1 << 31
# Half a unit in the last of 8 bits, on a square: half of that on its root; and a little for the float32 steps.
_RELATIVE = 2.0**-9 * 1.02
# Rounding of the float32 sums within the product, as a share of the norms (16 units in the last place of a square).
_ACCUMULATION = 2.0**-10
_EXTRA = 6  # columns that carry the squares
_ROWS = 1024
_PREPARED_ROWS = 256
# Below this many multiplications plain distances are as fast; above this share of pairs in doubt as well.
_WORTHWHILE = 1 << 30
_MOST_IN_DOUBT = 0.02


def is_worthwhile(num_probe: int, num_gallery: int, num_values: int) -> bool:
    """Whether this machine multiplies bfloat16 fast, and there is enough to multiply."""
    import torch

    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return num_probe * num_gallery * num_values >= _WORTHWHILE and supported is not None and bool(supported())


@dataclass(frozen=True, eq=False)
class _Rounded:
    """Embeddings as rows of bfloat16 factors.

    Args:
        factors: bfloat16 [P, n, D + 6].
        error: float32 [n], the most that rounding these embeddings changes any of their distances.
    """

    factors: Tensor
    error: Tensor


def first_matches_by_group(
    values: NDArray[np.float32],
    subject: NDArray[np.int64],
    probe: NDArray[np.int64],
    gallery: NDArray[np.int64],
    group_starts: NDArray[np.int64],
) -> NDArray[np.int64] | None:
    """Whether the nearest gallery entry of each group is the probe's subject, by Euclidean distance.

    Args:
        values: float32 [N, P, D].
        subject: int64 [N].
        probe: int64 [n], rows of `values`.
        gallery: int64 [M], rows of `values`, group by group.
        group_starts: int64 [G], ascending from 0.

    Returns:
        int64 [n, G]: 1 where it is, `NOT_FIRST` where it is not or is as near as an impostor, 0 where the group holds
        no entry of the subject. None where too much stays in doubt for this to be the faster way, or values overflow.
    """
    import torch

    everything = as_tensor(values)
    label, rows, columns = torch.from_numpy(subject), torch.from_numpy(probe), torch.from_numpy(gallery)
    centre = everything[columns[:: max(1, len(columns) // 64)]].mean(0)
    left = _round(everything, rows, centre, is_probe=True)
    right = _round(everything, columns, centre, is_probe=False)
    if not (torch.isfinite(left.error).all() and torch.isfinite(right.error).all()):
        return None
    bounds = [*group_starts.tolist(), len(gallery)]
    result = torch.empty((len(probe), len(group_starts)), dtype=torch.int64)
    doubts = 0
    for start in range(0, len(probe), _ROWS):
        chunk = slice(start, start + _ROWS)
        distance = _rounded_distance(left.factors[:, chunk], right.factors)
        genuine = label[rows[chunk], None] == label[columns]
        for group in range(len(group_starts)):
            part = slice(bounds[group], bounds[group + 1])
            error = left.error[chunk] + right.error[part].max()
            decided, compared = _decide(
                distance[:, part], genuine[:, part], error, everything, rows[chunk], columns[part]
            )
            result[chunk, group] = decided
            doubts += compared
        if doubts > _MOST_IN_DOUBT * len(probe) * len(gallery):
            return None
    return result.numpy()


def _round(everything: Tensor, chosen: Tensor, centre: Tensor, *, is_probe: bool) -> _Rounded:
    """Round the chosen rows to factors whose product is the squared distance of the rounded embeddings."""
    import torch

    num_parts, size = everything.shape[1:]
    factors = torch.ones((num_parts, len(chosen), size + _EXTRA), dtype=torch.bfloat16)
    own = slice(size, size + 3) if is_probe else slice(size + 3, size + 6)
    error = torch.empty(len(chosen))
    for start in range(0, len(chosen), _PREPARED_ROWS):
        rows = slice(start, start + _PREPARED_ROWS)
        exact = (everything[chosen[rows]] - centre).transpose(0, 1)  # [P, n, D]
        half = exact.bfloat16()
        rounded = half.float()
        norms = torch.linalg.vector_norm(rounded, dim=2)
        lost = torch.linalg.vector_norm(exact.sub_(rounded), dim=2)
        error[rows] = (1.001 * lost + _ACCUMULATION * norms).mean(0)
        factors[:, rows, :size] = half.mul_(-2.0) if is_probe else half
        rest = norms.square_()
        for column in range(own.start, own.stop):
            piece = rest.bfloat16()
            factors[:, rows, column] = piece
            rest = rest - piece.float()
    return _Rounded(factors, error)


def _rounded_distance(left: Tensor, right: Tensor) -> Tensor:
    """Mean over parts of the distances of rounded embeddings, float32 [n, M], from factors [P, n or M, D + 6]."""
    import torch

    shape = left.shape[1], right.shape[1]
    total, distance, square = torch.zeros(shape), torch.empty(shape), torch.empty(shape, dtype=torch.bfloat16)
    for part in range(len(left)):
        torch.mm(left[part], right[part].T, out=square)
        total.add_(distance.copy_(square).clamp_min_(0.0).sqrt_())
    return total.div_(len(left))


def _decide(
    distance: Tensor, genuine: Tensor, error: Tensor, everything: Tensor, probe: Tensor, gallery: Tensor
) -> tuple[Tensor, int]:
    """Decide one group for a chunk of probes.

    Args:
        distance: float32 [n, m], rounded.
        genuine: bool [n, m].
        error: float32 [n], bound of the error of a row beside the relative one.
        everything: float32 [N, P, D].
        probe: int64 [n], rows of `everything`.
        gallery: int64 [m], rows of `everything`.

    Returns:
        int64 [n] as `first_matches_by_group`, and the number of pairs that were compared again.
    """
    import torch

    own = distance.masked_fill(~genuine, torch.inf)
    other = distance.masked_fill(genuine, torch.inf)
    nearest_own, nearest_other = own.amin(1), other.amin(1)
    high, low = 1.0 + _RELATIVE, 1.0 - _RELATIVE
    right = high * nearest_own + error < low * nearest_other - error
    wrong = high * nearest_other + error < low * nearest_own - error
    result = torch.where(right, 1, NOT_FIRST)
    result[nearest_own == torch.inf] = 0
    doubtful = (~(right | wrong) & (result != 0)).nonzero()[:, 0]
    if not len(doubtful):
        return result, 0
    probe, error = probe[doubtful], error[doubtful]
    # First the true distance of the nearest genuine entry ...
    limit = (high * nearest_own[doubtful] + 2 * error) / low
    row, column = (own[doubtful] <= limit[:, None]).nonzero(as_tuple=True)
    true_own = torch.full((len(doubtful),), torch.inf).scatter_reduce_(
        0, row, paired_distance(everything, probe[row], everything, gallery[column]), "amin"
    )
    # ... then of the impostors that may be as near, unless one certainly is.
    beaten = high * nearest_other[doubtful] + error < true_own
    limit = torch.where(beaten, -1.0, (true_own + error) / low)
    other_row, other_column = (other[doubtful] <= limit[:, None]).nonzero(as_tuple=True)
    true_other = paired_distance(everything, probe[other_row], everything, gallery[other_column])
    beaten[other_row[true_other <= true_own[other_row]]] = True
    result[doubtful] = torch.where(beaten, NOT_FIRST, 1)
    return result, len(row) + len(other_row)
