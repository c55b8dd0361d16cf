"""Rank-1 by groups of the gallery, from half-precision distances whose error is known.

The distances of a large evaluation cost a matrix product. In bfloat16 it is several times faster than in float32 on a
processor that has it, but its last digits are not to be trusted. They need not be: where the nearest genuine and
the nearest impostor entry are farther apart than the error can be, the decision is certain; only the entries that
remain in doubt are compared again, in float32. The outcome is that of float32 distances.

The bound. Each part x of an embedding (moved by a common centre, which changes no distance) is rounded to x', with
the known error |x - x'|. By the triangle inequality a distance changes by at most |x - x'| + |y - y'|. The product
yields s = |x'|^2 + |y'|^2 - c - 2 x'y' directly, because the squares ride along as further columns, each split into
three bfloat16 numbers that add up to it. It is summed in float32 and rounded to bfloat16, which is off by a share of s;
c is a floor under all squared distances d^2 of the part, so that s is small, and is checked: no s may be negative.
With d = sqrt(c + s) the error of d is at most share / 2 * (d - c / d), and that of A, the mean over parts, at most
share / 2 * (A - m^2 / A), where m is the mean of sqrt(c) (by the Cauchy-Schwarz inequality).
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
# Half of bfloat16's unit roundoff 2^-8.
_RELATIVE = 2.0**-9 * 1.01
# Second-order terms: the bound is taken at the rounded distance where it should be at the true one, and vice versa.
_MARGIN = 1.01
# Unit roundoff of the float32 sums.
_SUM = 2.0**-24
_EXTRA = 6  # columns that carry the squares
_ROWS = 1024
_PREPARED_ROWS = 256
_SAMPLE = 64  # probes that show where the floor under the distances can be
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
        squares: float32 [P, n]: squared norms after rounding.
        lost: float32 [n]: the most that rounding these embeddings changes any of their distances.
    """

    factors: Tensor
    squares: Tensor
    lost: Tensor

    def error(self, floor: Tensor) -> Tensor:
        """Bound float32 [n] of the error of a distance above `floor` [P]: rounding, and the sums of the product."""
        import torch

        summed = _SUM * self.factors.shape[2] * self.squares  # [P, n], of a squared distance
        of_distance = torch.where(floor[:, None] > 0, summed / (2 * floor[:, None].sqrt()), summed.sqrt())
        return _MARGIN * (self.lost + of_distance.mean(0))


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
    if not (torch.isfinite(left.squares).all() and torch.isfinite(right.squares).all()):
        return None
    bounds = [*group_starts.tolist(), len(gallery)]
    result = torch.empty((len(probe), len(group_starts)), dtype=torch.int64)
    none = torch.zeros(values.shape[1])
    floor = 0.8 * _rounded_distance(left, slice(0, len(probe), max(1, len(probe) // _SAMPLE)), right, none)[1]
    doubts = 0
    for start in range(0, len(probe), _ROWS):
        chunk = slice(start, start + _ROWS)
        distance, lowest = _rounded_distance(left, chunk, right, floor)
        if (lowest < 0).any():
            floor = none
            distance, _ = _rounded_distance(left, chunk, right, floor)
        left_error, right_error, floor_distance = (
            left.error(floor)[chunk],
            right.error(floor),
            float(floor.sqrt().mean()),
        )
        genuine = label[rows[chunk], None] == label[columns]
        for group in range(len(group_starts)):
            part = slice(bounds[group], bounds[group + 1])
            bound = _Bound(left_error + right_error[part].max(), floor_distance)
            decided, compared = _decide(
                distance[:, part], genuine[:, part], bound, everything, rows[chunk], columns[part]
            )
            result[chunk, group] = decided
            doubts += compared
        if doubts > _MOST_IN_DOUBT * len(probe) * len(gallery):
            return None
    return result.numpy()


@dataclass(frozen=True, eq=False)
class _Bound:
    """How far true distances of n probes may lie from rounded ones.

    Args:
        error: float32 [n], the part of the bound that does not depend on the distance.
        floor: no rounded distance lies below.
    """

    error: Tensor
    floor: float

    def highest(self, distance: Tensor) -> Tensor:
        """Most that the true distances [n] can be."""
        return distance * (1 + _RELATIVE) - _RELATIVE * self.floor**2 / distance.clamp_min(1e-30) + self.error

    def lowest(self, distance: Tensor) -> Tensor:
        """Least that the true distances [n] can be."""
        return distance * (1 - _RELATIVE) + _RELATIVE * self.floor**2 / distance.clamp_min(1e-30) - self.error

    def select(self, rows: Tensor) -> _Bound:
        """The bound of some of the probes."""
        return _Bound(self.error[rows], self.floor)


def _round(everything: Tensor, chosen: Tensor, centre: Tensor, *, is_probe: bool) -> _Rounded:
    """Round the chosen rows to factors whose product is the squared distance of the rounded embeddings."""
    import torch

    num_parts, size = everything.shape[1:]
    factors = torch.ones((num_parts, len(chosen), size + _EXTRA), dtype=torch.bfloat16)
    squares, lost = torch.empty((num_parts, len(chosen))), torch.empty(len(chosen))
    for start in range(0, len(chosen), _PREPARED_ROWS):
        rows = slice(start, start + _PREPARED_ROWS)
        exact = (everything[chosen[rows]] - centre).transpose(0, 1)  # [P, n, D]
        half = exact.bfloat16()
        rounded = half.float()
        squares[:, rows] = torch.linalg.vector_norm(rounded, dim=2).square_()
        lost[rows] = torch.linalg.vector_norm(exact.sub_(rounded), dim=2).mean(0)
        factors[:, rows, :size] = half.mul_(-2.0) if is_probe else half
    if not is_probe:
        _split(squares, factors[:, :, size + 3 :])
    return _Rounded(factors, squares, lost)


def _split(values: Tensor, columns: Tensor) -> None:
    """Write float32 [P, n] as three bfloat16 columns [P, n, 3] that add up to it."""
    for column in range(columns.shape[2]):
        columns[:, :, column] = values
        values = values - columns[:, :, column].float()


def _rounded_distance(left: _Rounded, rows: slice, right: _Rounded, floor: Tensor) -> tuple[Tensor, Tensor]:
    """Distances float32 [n, M] of rounded embeddings, and the lowest square above the floor of each part [P]."""
    import torch

    factors = left.factors[:, rows]
    size = factors.shape[2] - _EXTRA
    _split(left.squares[:, rows] - floor[:, None], factors[:, :, size : size + 3])
    shape = factors.shape[1], right.factors.shape[1]
    total, distance, square = torch.zeros(shape), torch.empty(shape), torch.empty(shape, dtype=torch.bfloat16)
    lowest = torch.empty(len(factors))
    for part in range(len(factors)):
        torch.mm(factors[part], right.factors[part].T, out=square)
        lowest[part] = square.aminmax().min
        distance.copy_(square).add_(floor[part])
        total.add_(distance.clamp_min_(0.0).sqrt_())
    return total.div_(len(factors)), lowest


def _decide(
    distance: Tensor, genuine: Tensor, bound: _Bound, everything: Tensor, probe: Tensor, gallery: Tensor
) -> tuple[Tensor, int]:
    """Decide one group for a chunk of probes.

    Args:
        distance: float32 [n, m], rounded.
        genuine: bool [n, m].
        bound: of the error of `distance`.
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
    right = bound.highest(nearest_own) < bound.lowest(nearest_other)
    wrong = bound.highest(nearest_other) < bound.lowest(nearest_own)
    result = torch.where(right, 1, NOT_FIRST)
    result[nearest_own == torch.inf] = 0
    doubtful = (~(right | wrong) & (result != 0)).nonzero()[:, 0]
    if not len(doubtful):
        return result, 0
    bound, probe, own, other = bound.select(doubtful), probe[doubtful], own[doubtful], other[doubtful]
    # First the true distance of the nearest genuine entry ...
    limit = bound.highest(bound.highest(nearest_own[doubtful]))
    row, column = (own <= limit[:, None]).nonzero(as_tuple=True)
    true_own = torch.full((len(doubtful),), torch.inf).scatter_reduce_(
        0, row, paired_distance(everything, probe[row], everything, gallery[column]), "amin"
    )
    # ... then of the impostors that may be as near, unless one certainly is.
    beaten = bound.highest(nearest_other[doubtful]) < true_own
    limit = torch.where(beaten, -1.0, bound.highest(true_own))
    other_row, other_column = (other <= limit[:, None]).nonzero(as_tuple=True)
    true_other = paired_distance(everything, probe[other_row], everything, gallery[other_column])
    beaten[other_row[true_other <= true_own[other_row]]] = True
    result[doubtful] = torch.where(beaten, NOT_FIRST, 1)
    return result, len(row) + len(other_row)
