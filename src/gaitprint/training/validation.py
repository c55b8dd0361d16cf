"""Rank-1 on people who are held out of the training's own subjects, to choose the best weights by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.distance import Metric, distance_blocks
from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError
from gaitprint.evaluation.embed import Embedder


def validation_rank1(embedder: Embedder, walks: EmbeddingSet) -> float:
    """Return the share of walks whose nearest walk of another recording is the same person's, in 0..1.

    Each walk is the probe once; its gallery are the walks under another condition label and, where there are several
    views, from another view. Probes without a walk of their own person in the gallery do not count.

    Raises:
        IncompatibleError: no probe has a counterpart.
    """
    metric: Metric = "cosine" if embedder.distance == "cosine" else "euclidean"
    several_views = len(np.unique(walks.views)) > 1
    correct = trials = 0
    for rows, distances in distance_blocks(walks.embeddings, walks.embeddings, metric):
        allowed = _different(walks.conditions, rows)
        if several_views:
            allowed &= _different(walks.views, rows)
        same = ~_different(walks.subjects, rows)
        counts = (allowed & same).any(axis=1)
        nearest = np.where(allowed, distances, np.inf).argmin(axis=1)
        correct += int((same[np.arange(len(same)), nearest] & counts).sum())
        trials += int(counts.sum())
    if trials == 0:
        raise IncompatibleError(
            "the validation people have no two walks under different conditions and from different views; "
            "set data.validation_subjects=0"
        )
    return correct / trials


def _different(labels: NDArray[np.str_], rows: slice) -> NDArray[np.bool_]:
    different: NDArray[np.bool_] = labels[rows, None] != labels[None, :]
    return different
