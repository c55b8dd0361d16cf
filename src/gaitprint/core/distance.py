"""Distances between embeddings: the mean over parts of the per-part distance.

Both matrices are processed in row chunks, so that the temporary memory stays bounded whatever N and M.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.registry import unknown_name_message

Metric = Literal["euclidean", "cosine"]
METRICS: tuple[str, ...] = get_args(Metric)


def pairwise_distance(
    probe: NDArray[np.float32], gallery: NDArray[np.float32], metric: Metric = "euclidean"
) -> NDArray[np.float32]:
    """Distance of every probe to every gallery embedding.

    Args:
        probe: float32 [N, P, D].
        gallery: float32 [M, P, D].
        metric: ``euclidean``, mean over parts of the L2 distance, >= 0; or ``cosine``, mean over parts of
            1 - cosine similarity, in 0..2 (a zero vector has similarity 0 to everything).

    Returns:
        float32 [N, M].

    Raises:
        IncompatibleError: P or D differ.
        UsageError: unknown metric.

    >>> a = np.array([[[0.0, 0.0]]], np.float32); b = np.array([[[3.0, 4.0]]], np.float32)
    >>> float(pairwise_distance(a, b)[0, 0])
    5.0
    """
    blocks = [block for _, block in distance_blocks(probe, gallery, metric)]
    return np.concatenate(blocks) if blocks else np.zeros((0, len(gallery)), np.float32)


def distance_blocks(
    probe: NDArray[np.float32],
    gallery: NDArray[np.float32],
    metric: Metric = "euclidean",
    rows: int = 1024,
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Yield (rows of the probe, float32 [rows, M]) one chunk at a time; arguments as `pairwise_distance`."""
    if metric not in METRICS:
        raise UsageError(unknown_name_message("metric", metric, METRICS))
    if probe.ndim != 3 or gallery.ndim != 3 or probe.shape[1:] != gallery.shape[1:]:
        raise IncompatibleError(
            f"probe embeddings have shape {probe.shape}, gallery {gallery.shape}; parts and dimensions must agree"
        )
    if metric == "cosine":
        probe, gallery = _normalised(probe), _normalised(gallery)
    parts = probe.shape[1]
    # [P, D, M]: one contiguous right-hand matrix a part, made once for all chunks.
    columns = np.ascontiguousarray(gallery.transpose(1, 2, 0), dtype=np.float32)
    column_squares = np.einsum("pdm,pdm->pm", columns, columns)
    for start in range(0, len(probe), rows):
        chunk = np.ascontiguousarray(probe[start : start + rows].transpose(1, 0, 2), dtype=np.float32)  # [P, n, D]
        total = np.zeros((chunk.shape[1], len(gallery)), np.float32)
        for part in range(parts):
            product = chunk[part] @ columns[part]
            if metric == "cosine":
                total += product
            else:
                squares = np.einsum("nd,nd->n", chunk[part], chunk[part])
                np.multiply(product, -2.0, out=product)
                product += squares[:, None]
                product += column_squares[part]
                np.maximum(product, 0.0, out=product)
                np.sqrt(product, out=product)
                total += product
        total /= parts
        yield slice(start, start + len(total)), (1.0 - total if metric == "cosine" else total)


def _normalised(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(embeddings, axis=-1, keepdims=True)
    normalised: NDArray[np.float32] = embeddings / np.where(norms == 0, np.float32(1), norms)
    return normalised
