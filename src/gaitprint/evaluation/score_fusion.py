"""Systems that look at one walk in different ways, fused by calibrated scores.

A distance of each system becomes a log likelihood ratio by the system's calibration, and the ratios are added up, as if
the systems' errors were independent: the product rule of Kittler et al., "On combining classifiers", PAMI 1998. It is
what a gallery does with several modalities (`gallery.scoring`), here for all pairs of a protocol at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.distance import pairwise_distance
from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.evaluation.calibrate import calibrate
from gaitprint.evaluation.evaluate import EvaluationMetric, arithmetic_of
from gaitprint.evaluation.leaderboard import EQUAL_ERROR_RATE, MEAN_AVERAGE_PRECISION, RANK_1, RANK_5
from gaitprint.evaluation.metrics import det_curve, equal_error_rate, mean_of_known, rank_k, ranked_matches, same_label
from gaitprint.evaluation.protocols import PROTOCOLS, Request, check_not_empty


@dataclass(frozen=True, eq=False)
class CalibratedSystem:
    """What one system says about the walks to be measured, and about people on whom it is calibrated.

    Args:
        name: as tables quote it.
        walks: embeddings of the people to be measured.
        strangers: embeddings of other people, whom the system was not trained on either.
        metric: by which its embeddings are compared.
    """

    name: str
    walks: EmbeddingSet
    strangers: EmbeddingSet
    metric: EvaluationMetric

    def scores(self, entries: EmbeddingSet) -> NDArray[np.float64]:
        """Return how likely all pairs of entries are one person's, as log likelihood ratios float64 [N, N].

        Args:
            entries: the walks in the views in which all systems are compared; embeddings are not looked at.

        Raises:
            IncompatibleError: an entry that the system has not seen, or people on whom it cannot be calibrated.
            UsageError: a metric on the scale of a set, which no calibration can hold for.
        """
        calibration = calibrate(self.strangers, self.metric)
        vectors = self.walks.embeddings[rows_of(self.walks, entries)]
        distances = pairwise_distance(vectors, vectors, arithmetic_of(self.metric)).astype(np.float64)
        return calibration.slope * distances + calibration.intercept


def rows_of(walks: EmbeddingSet, entries: EmbeddingSet) -> NDArray[np.int64]:
    """Find each entry's row: the walk in the entry's view, or the walk itself where it was recorded without cameras.

    Args:
        walks: of one system.
        entries: walks in some views.

    Returns:
        int64 [N].

    Raises:
        IncompatibleError: a walk that is not there, or only in several other views.
    """
    exact = {name: row for row, name in enumerate(walks.ids)}
    of_walk: dict[tuple[str, str], list[int]] = {}
    for row, walk in enumerate(zip(walks.subjects.tolist(), walks.conditions.tolist(), strict=True)):
        of_walk.setdefault(walk, []).append(row)
    found = []
    for name, subject, condition in zip(
        entries.ids, entries.subjects.tolist(), entries.conditions.tolist(), strict=True
    ):
        rows = [exact[name]] if name in exact else of_walk.get((subject, condition), [])
        if len(rows) != 1:
            raise IncompatibleError(f"{name}: {len(rows)} embeddings of this walk, none of them in this view")
        found.append(rows[0])
    return np.array(found, np.int64)


def measure_scores(scores: Sequence[NDArray[np.float64]], entries: EmbeddingSet, protocol: str) -> dict[str, float]:
    """Measure the sum of several systems' scores.

    Args:
        scores: log likelihood ratios [N, N], one matrix a system.
        entries: what the rows and columns are.
        protocol: a name of `PROTOCOLS` that searches all views of its gallery together.

    Returns:
        rank-1, rank-5, mean average precision and equal error rate, as fractions.

    Raises:
        UsageError: a protocol that takes views one by one, or ranks nobody.
        IncompatibleError: the protocol finds nothing to compare.
    """
    chosen = PROTOCOLS[protocol]
    if chosen.by_view or chosen.all_pairs:
        raise UsageError(f"protocol '{protocol}' does not search one gallery; take first-walk")
    scope = np.arange(len(entries))
    trials = chosen.select(entries, scope, Request())
    check_not_empty(chosen, trials, entries, scope)
    probe = np.concatenate(list(trials.probes.values()))
    distance = -np.sum(scores, axis=0)[np.ix_(probe, trials.gallery)]
    genuine = same_label(entries.subjects[probe], entries.subjects[trials.gallery])
    ranked = ranked_matches(distance, genuine)
    return {
        RANK_1: rank_k(ranked.first_rank, 1),
        RANK_5: rank_k(ranked.first_rank, 5),
        MEAN_AVERAGE_PRECISION: mean_of_known(ranked.average_precision),
        EQUAL_ERROR_RATE: equal_error_rate(det_curve(distance[genuine], distance[~genuine])),
    }
