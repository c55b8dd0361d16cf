"""Distances between embeddings: the mean over parts of the per-part distance.

Matrices are made in blocks of probe rows, so that the temporary memory stays bounded whatever N and M; torch does the
arithmetic with all its threads, and is imported on first use.

Accuracy: Euclidean distances come from |x|^2 + |y|^2 - 2xy in float32. Both sides are first moved by the mean of the
gallery, which changes no distance but keeps the squares small. Squares still cancel where two embeddings nearly
coincide, so every distance below `_NEAR` of the two norms is computed again from the differences: equal
embeddings have distance 0. Above that the relative error is about 1e-6, and below 1 % at worst.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import IncompatibleError, InvalidSequenceError, UsageError
from gaitprint.core.registry import unknown_name_message

if TYPE_CHECKING:
    from torch import Tensor

Metric = Literal["euclidean", "cosine", "normalised-cosine"]
METRICS: tuple[str, ...] = get_args(Metric)

# Share of the summed norms below which |x|^2 + |y|^2 - 2xy has lost too many digits.
_NEAR = 0.01
# Values gathered at once by `paired_distance`; 1 MiB stays in the processor's cache.
_GATHER = 1 << 18


def pairwise_distance(
    probe: NDArray[np.float32], gallery: NDArray[np.float32], metric: Metric = "euclidean"
) -> NDArray[np.float32]:
    """Distance of every probe to every gallery embedding.

    Args:
        probe: float32 [N, P, D].
        gallery: float32 [M, P, D].
        metric: ``euclidean``, mean over parts of the L2 distance, >= 0; or ``cosine``, mean over parts of
            1 - cosine similarity, in 0..2 (a zero vector has similarity 0 to everything); or ``normalised-cosine``,
            mean over parts of the negated cosine in standard deviations of what strangers reach
            (`score_normalisation`), below 0 for walks more alike than strangers' are on average.

    Returns:
        float32 [N, M].

    Raises:
        IncompatibleError: P or D differ.
        InvalidSequenceError: values so large that their squares overflow.
        UsageError: unknown metric.

    >>> a = np.array([[[0.0, 0.0]]], np.float32); b = np.array([[[3.0, 4.0]]], np.float32)
    >>> float(pairwise_distance(a, b)[0, 0])
    5.0
    """
    distances = np.empty((len(probe), len(gallery)), np.float32)
    for rows, block in distance_blocks(probe, gallery, metric):
        distances[rows] = block
    return distances


def distance_blocks(
    probe: NDArray[np.float32],
    gallery: NDArray[np.float32],
    metric: Metric = "euclidean",
    rows: int = 1024,
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield (rows of the probe, float32 [rows, M]) one chunk at a time; arguments as `pairwise_distance`.

    Every block is a new array that the caller may keep or change.
    """
    if metric not in METRICS:
        raise UsageError(unknown_name_message("metric", metric, METRICS))
    if probe.ndim != 3 or gallery.ndim != 3 or probe.shape[1:] != gallery.shape[1:]:
        raise IncompatibleError(
            f"probe embeddings have shape {probe.shape}, gallery {gallery.shape}; parts and dimensions must agree"
        )
    if not len(gallery):
        yield slice(0, len(probe)), np.zeros((len(probe), 0), np.float32)
        return
    blocks = {"cosine": _cosine_blocks, "euclidean": _euclidean_blocks, "normalised-cosine": _normalised_blocks}[metric]
    yield from blocks(as_tensor(probe), as_tensor(gallery), rows)


def paired_distance(
    first: Tensor, first_index: Tensor, second: Tensor, second_index: Tensor, metric: Metric = "euclidean"
) -> Tensor:
    """Distance of K chosen pairs, computed from the differences and so without cancellation.

    Args:
        first: float32 [N, P, D].
        first_index: int64 [K], rows of `first`.
        second: float32 [M, P, D].
        second_index: int64 [K], rows of `second`.
        metric: as `pairwise_distance`.

    Returns:
        float32 [K]; Euclidean distances are infinite where squares overflow.

    Raises:
        InvalidSequenceError: cosines of values so large that their squares overflow.
    """
    import torch

    result = torch.empty(len(first_index), dtype=torch.float32)
    step = max(1, _GATHER // max(1, first[0].numel() if len(first) else 1))
    one_and_minus_one = torch.tensor([1.0, -1.0])
    for start in range(0, len(result), step):
        chunk = slice(start, start + step)
        if metric == "euclidean" and first is second:
            # Twice as fast as two gathers: rows are read and subtracted in one go.
            pairs = torch.stack([first_index[chunk], second_index[chunk]], dim=1)
            difference = torch.nn.functional.embedding_bag(
                pairs, first.flatten(1), mode="sum", per_sample_weights=one_and_minus_one.repeat(len(pairs), 1)
            )
            parts = torch.linalg.vector_norm(difference.view(-1, *first.shape[1:]), dim=2)
        elif metric == "euclidean":
            parts = torch.linalg.vector_norm(first[first_index[chunk]] - second[second_index[chunk]], dim=2)
        elif metric == "normalised-cosine":
            one, other = first[first_index[chunk]], second[second_index[chunk]]
            cosine = (one[..., :-2] * other[..., :-2]).sum(2)
            parts = sum((side[..., -2] - cosine) / side[..., -1] for side in (one, other)) / 2
        else:
            cosine = (_unit(first[first_index[chunk]]) * _unit(second[second_index[chunk]])).sum(2)
            parts = (1.0 - cosine).clamp_(0.0, 2.0)
        torch.mean(parts, dim=1, out=result[chunk])
    return result


def as_tensor(array: NDArray[np.float32]) -> Tensor:
    """Return a float32 tensor that shares memory with `array` where its type and layout allow it."""
    import torch

    return torch.from_numpy(np.require(array, np.float32, ["C", "W"]))


def _cosine_blocks(probe: Tensor, gallery: Tensor, rows: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """With unit vectors the sum over parts is one product of vectors of P x D values."""
    columns = _unit(gallery).flatten(1).T
    for start in range(0, len(probe), rows):
        block = (_unit(probe[start : start + rows]).flatten(1) @ columns).div_(-probe.shape[1]).add_(1.0)
        yield slice(start, start + len(block)), block.clamp_(0.0, 2.0).numpy()


def _unit(embeddings: Tensor) -> Tensor:
    """Scale every part to length 1; zero stays zero."""
    import torch

    norms = torch.linalg.vector_norm(embeddings, dim=-1, keepdim=True)
    _check_squares(norms)
    return torch.where(norms > 0, embeddings / norms, 0.0)


def _check_squares(*sums: Tensor) -> None:
    """Refuse embeddings by sums of their squares, or the roots of these, that are not finite."""
    import torch

    if not all(bool(torch.isfinite(values).all()) for values in sums):
        raise InvalidSequenceError("embeddings hold values so large that their squares overflow")


def _normalised_blocks(probe: Tensor, gallery: Tensor, rows: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Cosines in the standard deviations of either side's strangers, part by part."""
    import torch

    columns = gallery.transpose(0, 1)  # [P, M, D + 2]
    for start in range(0, len(probe), rows):
        chunk = probe[start : start + rows].transpose(0, 1)  # [P, n, D + 2]
        total = torch.zeros((chunk.shape[1], len(gallery)))
        for one, other in zip(chunk, columns, strict=True):
            cosine = one[:, :-2] @ other[:, :-2].T  # [n, M]
            total += (one[:, None, -2] - cosine) / one[:, None, -1] + (other[:, -2] - cosine) / other[:, -1]
        yield slice(start, start + len(total)), total.div_(2 * len(columns)).numpy()


def _euclidean_blocks(probe: Tensor, gallery: Tensor, rows: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    import torch

    num_parts = probe.shape[1]
    centre = gallery.mean(0)
    columns = (gallery - centre).transpose(0, 1).contiguous()  # [P, M, D]
    column_squares = columns.square().sum(2)  # [P, M]
    column_norms = _NEAR * column_squares.sqrt().mean(0)  # [M]
    scratch = torch.empty((min(rows, len(probe)), len(gallery)))
    for start in range(0, len(probe), rows):
        chunk = (probe[start : start + rows] - centre).transpose(0, 1).contiguous()  # [P, n, D]
        squares = chunk.square().sum(2)  # [P, n]
        _check_squares(column_squares, squares)
        total = torch.zeros((chunk.shape[1], len(gallery)))
        product = scratch[: len(total)]
        for part in range(num_parts):
            torch.mm(chunk[part], columns[part].T, out=product)
            torch.add(column_squares[part], product, alpha=-2.0, out=product)
            product.add_(squares[part, :, None]).clamp_min_(0.0).sqrt_()
            total.add_(product)
        total.div_(num_parts)
        row_norms = _NEAR * squares.sqrt().mean(0)
        torch.add(row_norms[:, None], column_norms, out=product)
        near_rows, near_columns = (total < product).nonzero(as_tuple=True)
        if len(near_rows):
            total[near_rows, near_columns] = paired_distance(
                probe[start : start + rows], near_rows, gallery, near_columns
            )
        yield slice(start, start + len(total)), total.numpy()
