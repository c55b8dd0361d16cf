"""Rank-1 on people who are held out of the training's own subjects, to choose the best weights by."""

from __future__ import annotations

import numpy as np

from gaitprint.core.distance import distance_blocks
from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError
from gaitprint.evaluation.evaluate import arithmetic_of
from gaitprint.evaluation.walk_embedder import WalkEmbedder


def validation_rank1(embedder: WalkEmbedder, walks: EmbeddingSet) -> float:
    """Return rank-1 across views, in 0..1: how often the nearest walk of one other view is the same person's.

    Each walk is the probe once for every other view: the gallery are the walks of that view under other condition
    labels, as in the cells of the `casia-b` protocol. With all views in one gallery, those next to the probe's own
    would decide, which features that never learnt to look past the view are good at. Where there is one view only, the
    gallery are the walks under other condition labels. Trials without the probe's person in the gallery do not count.

    Raises:
        IncompatibleError: no trial has a counterpart.
    """
    metric = arithmetic_of(embedder.distance)
    order = np.argsort(walks.views, kind="stable")
    embeddings = walks.embeddings[order]
    subjects, conditions, views = (labels[order] for labels in (walks.subjects, walks.conditions, walks.views))
    gallery_views, starts = np.unique(views, return_index=True)
    correct = trials = 0
    for rows, distances in distance_blocks(embeddings, embeddings, metric):
        other_walk = conditions[rows, None] != conditions
        same = subjects[rows, None] == subjects
        # [probes, views]: the nearest of the same person, and the nearest of anybody else, in each view.
        genuine, impostor = (
            np.minimum.reduceat(np.where(other_walk & chosen, distances, np.inf), starts, axis=1)
            for chosen in (same, ~same)
        )
        counts = np.isfinite(genuine)
        if len(gallery_views) > 1:
            counts &= views[rows, None] != gallery_views
        correct += int((counts & (genuine < impostor)).sum())
        trials += int(counts.sum())
    if trials == 0:
        raise IncompatibleError(
            "the validation people have no two walks under different conditions and from different views; "
            "set data.validation_subjects=0"
        )
    return correct / trials
