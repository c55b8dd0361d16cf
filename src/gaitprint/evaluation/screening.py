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

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.distance import as_tensor, paired_distance

if TYPE_CHECKING:
    import torch
    from torch import Tensor

# What `first_matches_by_group` says of a cell whose nearest entry is an impostor; larger than any rank of interest.
NOT_FIRST = 1 << 31
# Half of bfloat16's unit roundoff 2^-8.
_RELATIVE = 2.0**-9 * 1.01
# Second-order terms: the bound is taken at the rounded distance where it should be at the true one, and vice versa.
_MARGIN = 1.01
# Of the float32 sums, as a share of |x|^2 + |y|^2 for each term: unit roundoff, times 4 for the magnitudes of all terms
# that are added up (products, squares, floor), and once more for the squares, which are such sums themselves.
_SUM = 5 * 2.0**-24
_EXTRA = 6  # columns that carry the squares
_ROWS = 1024
_PREPARED_ROWS = 64
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
        # |sqrt(a) - sqrt(b)| is at most sqrt|a - b|, and at most |a - b| / sqrt(floor) where one of them is above it.
        of_distance = torch.minimum(summed.sqrt(), summed / floor[:, None].sqrt().clamp_min(1e-30))
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
    rows, columns = torch.from_numpy(probe), torch.from_numpy(gallery)
    centre = everything[columns[:: max(1, len(columns) // 64)]].mean(0)
    left = _round(everything, rows, centre, is_probe=True)
    right = _round(everything, columns, centre, is_probe=False)
    if not (torch.isfinite(left.squares).all() and torch.isfinite(right.squares).all()):
        return None
    scratch = _Scratch(min(len(probe), _ROWS), len(gallery))
    none = torch.zeros(values.shape[1])
    sample = slice(0, len(probe), -(-len(probe) // _SAMPLE))
    floor = 0.8 * _rounded_distance(left, sample, right, none, scratch)[1].clamp_min(0.0)
    genuine = _genuine_pairs(subject[probe], subject[gallery])
    groups = _Groups(group_starts, len(gallery))
    result = np.empty((len(probe), len(group_starts)), np.int64)
    for start in range(0, len(probe), _ROWS):
        chunk = slice(start, start + _ROWS)
        distance, lowest = _rounded_distance(left, chunk, right, floor, scratch)
        if (lowest < 0).any():
            floor = none
            distance, _ = _rounded_distance(left, chunk, right, floor, scratch)
        error = left.error(floor)[chunk, None] + groups.largest(right.error(floor))
        first, last = np.searchsorted(genuine[0], [start, start + len(distance)])
        decided = _decide(
            distance,
            torch.from_numpy(genuine[0][first:last] - start),
            torch.from_numpy(genuine[1][first:last]),
            groups,
            _Bound(error, float(floor.sqrt().mean())),
            lambda row, column, chunk=chunk: paired_distance(  # type: ignore[misc]
                everything, rows[chunk][row], everything, columns[column]
            ),
        )
        if decided is None:
            return None
        result[chunk] = decided.numpy()
    return result


def _genuine_pairs(probe: NDArray[np.int64], gallery: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places (probe, gallery entry) of all pairs of one subject, in order of the probe, from subjects [n] and [M]."""
    order = np.argsort(gallery, kind="stable")
    start, stop = (np.searchsorted(gallery[order], probe, side=side) for side in ("left", "right"))
    count = stop - start
    row = np.repeat(np.arange(len(probe)), count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    return row, order[start[row] + within]


class _Groups:
    """Runs of gallery columns.

    Args:
        starts: int64 [G], ascending from 0.
        num_columns: where the last group ends.
    """

    def __init__(self, starts: NDArray[np.int64], num_columns: int) -> None:
        import torch

        bounds = [*starts.tolist(), num_columns]
        self.slices = [slice(*pair) for pair in itertools.pairwise(bounds)]
        self.of_column = torch.from_numpy(np.repeat(np.arange(len(starts)), np.diff(bounds)))

    def largest(self, values: Tensor) -> Tensor:
        """Maximum of values [num_columns] in each group [G]."""
        import torch

        return torch.stack([values[part].max() for part in self.slices])

    def smallest(self, values: Tensor) -> Tensor:
        """Minimum of values [n, num_columns] in each group [n, G]."""
        import torch

        return torch.stack([values[:, part].amin(1) for part in self.slices], dim=1)


class _Scratch:
    """Memory for one block of n x M distances, used again for every block."""

    def __init__(self, num_rows: int, num_columns: int) -> None:
        import torch

        self.total = _empty((num_rows, num_columns), torch.float32)
        self.distance = _empty((num_rows, num_columns), torch.float32)
        self.square = _empty((num_rows, num_columns), torch.bfloat16)


@dataclass(frozen=True, eq=False)
class _Bound:
    """How far true distances may lie from rounded ones, for n probes and G groups.

    Args:
        error: float32 [n, G], the part of the bound that does not depend on the distance.
        floor: no rounded distance lies below.
    """

    error: Tensor
    floor: float

    def highest(self, distance: Tensor) -> Tensor:
        """Most that the true distances [n, G] can be."""
        return distance * (1 + _RELATIVE) - self._below(distance) + self.error

    def lowest(self, distance: Tensor) -> Tensor:
        """Least that the true distances [n, G] can be."""
        return distance * (1 - _RELATIVE) + self._below(distance) - self.error

    def _below(self, distance: Tensor) -> Tensor:
        """What the floor takes off the relative error; true distances may lie below the floor, by less than `error`."""
        return _RELATIVE * self.floor**2 / distance.clamp_min(max(self.floor, 1e-30))


def _round(everything: Tensor, chosen: Tensor, centre: Tensor, *, is_probe: bool) -> _Rounded:
    """Round the chosen rows to factors whose product is the squared distance of the rounded embeddings."""
    import torch

    num_parts, size = everything.shape[1:]
    factors = _empty((num_parts, len(chosen), size + _EXTRA), torch.bfloat16)
    factors[:, :, size:] = 1.0
    squares, lost = torch.empty((num_parts, len(chosen))), torch.empty(len(chosen))
    for start in range(0, len(chosen), _PREPARED_ROWS):
        rows = slice(start, start + _PREPARED_ROWS)
        exact = everything[chosen[rows]].sub_(centre).transpose(0, 1)  # [P, n, D]
        half = exact.bfloat16()
        rounded = half.float()
        squares[:, rows] = torch.linalg.vector_norm(rounded, dim=2).square_()
        lost[rows] = torch.linalg.vector_norm(exact.sub_(rounded), dim=2).mean(0)
        factors[:, rows, :size] = half.mul_(-2.0) if is_probe else half
    if not is_probe:
        _split(squares, factors[:, :, size + 3 :])
    return _Rounded(factors, squares, lost)


def _empty(shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
    """Uninitialised memory from NumPy, which asks for huge pages: page faults would take longer than the filling."""
    import torch

    size = int(np.prod(shape)) * dtype.itemsize
    return torch.from_numpy(np.empty(size, np.uint8)).view(dtype).view(shape)


def _split(values: Tensor, columns: Tensor) -> None:
    """Write float32 [P, n] as three bfloat16 columns [P, n, 3] that add up to it."""
    for column in range(columns.shape[2]):
        columns[:, :, column] = values
        values = values - columns[:, :, column].float()


def _rounded_distance(
    left: _Rounded, rows: slice, right: _Rounded, floor: Tensor, scratch: _Scratch
) -> tuple[Tensor, Tensor]:
    """Distances float32 [n, M] of rounded embeddings, and the lowest square above the floor of each part [P].

    The distances lie in `scratch` and are overwritten by the next call.
    """
    import torch

    factors = left.factors[:, rows]
    num_rows, size = factors.shape[1], factors.shape[2] - _EXTRA
    _split(left.squares[:, rows] - floor[:, None], factors[:, :, size : size + 3])
    total, distance, square = scratch.total[:num_rows].zero_(), scratch.distance[:num_rows], scratch.square[:num_rows]
    lowest = torch.empty(len(factors))
    for part in range(len(factors)):
        torch.mm(factors[part], right.factors[part].T, out=square)
        lowest[part] = square.aminmax().min
        if lowest[part] < 0:
            square.clamp_min_(0.0)
        total.add_(distance.copy_(square).add_(floor[part]).sqrt_())
    return total.div_(len(factors)), lowest


def _decide(
    distance: Tensor,
    own_row: Tensor,
    own_column: Tensor,
    groups: _Groups,
    bound: _Bound,
    true_distance: Callable[[Tensor, Tensor], Tensor],
) -> Tensor | None:
    """Decide all groups for some probes.

    Args:
        distance: float32 [n, M], rounded; changed.
        own_row: int64 [K], first places of the genuine pairs.
        own_column: int64 [K], their second places.
        groups: of the columns.
        bound: of the error of `distance`.
        true_distance: gives the distance of pairs from their first and second places.

    Returns:
        int64 [n, G] as `first_matches_by_group`; None where too many pairs would have to be compared again.
    """
    import torch

    shape = len(distance), len(groups.slices)
    infinite = torch.full((shape[0] * shape[1],), torch.inf)
    own_cell = own_row * shape[1] + groups.of_column[own_column]
    own = distance[own_row, own_column]
    nearest_own = infinite.scatter_reduce(0, own_cell, own, "amin").view(shape)
    distance[own_row, own_column] = torch.inf  # impostors remain
    nearest_other = groups.smallest(distance)
    right = bound.highest(nearest_own) < bound.lowest(nearest_other)
    beaten = bound.highest(nearest_other) < bound.lowest(nearest_own)
    doubtful = ~(right | beaten | (nearest_own == torch.inf))

    # First the true distance of the nearest genuine entry ...
    limit = torch.where(doubtful, bound.highest(bound.highest(nearest_own)), -1.0).view(-1)
    again = own <= limit[own_cell]
    most = int(_MOST_IN_DOUBT * distance.numel())
    if int(again.sum()) > most:
        return None
    true_own = infinite.scatter_reduce(
        0, own_cell[again], true_distance(own_row[again], own_column[again]), "amin"
    ).view(shape)
    # ... then of the impostors that may be as near, unless one certainly is.
    beaten |= doubtful & (bound.highest(nearest_other) < true_own)
    doubtful &= ~beaten
    limit = bound.highest(true_own)
    rows, columns = [], []
    for group, part in enumerate(groups.slices):
        candidates = doubtful[:, group].nonzero()[:, 0]
        row, column = (distance[candidates, part] <= limit[candidates, group, None]).nonzero(as_tuple=True)
        rows.append(candidates[row])
        columns.append(column + part.start)
    row, column = torch.cat(rows), torch.cat(columns)
    if len(row) > most:
        return None
    right |= doubtful & (true_own < torch.inf)
    cell = row * shape[1] + groups.of_column[column]
    value = distance[row, column]
    seemingly_nearest = value == infinite.scatter_reduce(0, cell, value, "amin")[cell]
    for chosen in (seemingly_nearest, ~seemingly_nearest):  # which often spares the others
        tried = (chosen & right.view(-1)[cell]).nonzero()[:, 0]
        nearer = true_distance(row[tried], column[tried]) <= true_own.view(-1)[cell[tried]]
        right.view(-1)[cell[tried[nearer]]] = False

    result = torch.where(right, 1, NOT_FIRST)
    result[nearest_own == torch.inf] = 0
    return result
