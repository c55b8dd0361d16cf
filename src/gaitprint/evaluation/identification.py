"""Searching a gallery: one pass over the distances, from which all identification figures are taken."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.distance import Metric, distance_blocks
from gaitprint.evaluation.metrics import first_match_ranks, ranked_matches
from gaitprint.evaluation.verification import PairCollector, block_rows

NUM_NEAREST = 5


@dataclass(frozen=True, eq=False)
class Search:
    """What the search of N probes in a gallery of M entries, in G groups, found.

    Args:
        first_rank: int64 [N, G]: rank of the nearest genuine entry in each group; 0 where the group holds none.
        average_precision: float64 [N] over the whole gallery; None where not asked for.
        inverse_negative_penalty: float64 [N], likewise.
        correct: bool [N]: whether the nearest entry of the whole gallery is genuine; None where not asked for.
        nearest: int64 [N, at most 5]: places of the nearest entries, nearest first; None likewise.
        nearest_distance: float32 [N, at most 5].
        pairs: all distances, for verification; None likewise.
    """

    first_rank: NDArray[np.int64]
    average_precision: NDArray[np.float64] | None = None
    inverse_negative_penalty: NDArray[np.float64] | None = None
    correct: NDArray[np.bool_] | None = None
    nearest: NDArray[np.int64] | None = None
    nearest_distance: NDArray[np.float32] | None = None
    pairs: PairCollector | None = None


def search_gallery(
    probe: NDArray[np.float32],
    gallery: NDArray[np.float32],
    probe_subject: NDArray[np.int64],
    gallery_subject: NDArray[np.int64],
    metric: Metric,
    *,
    group_starts: NDArray[np.int64] | None = None,
    details: bool = True,
) -> Search:
    """Search every probe in the gallery.

    Args:
        probe: float32 [N, P, D].
        gallery: float32 [M, P, D], M >= 1.
        probe_subject: int64 [N].
        gallery_subject: int64 [M].
        metric: as `core.distance`.
        group_starts: int64 [G], ascending from 0: the gallery is searched group by group, each from its start to the
            next; None searches it as a whole and also ranks all genuine entries (average precision).
        details: whether to look for the nearest entries and to keep all distances for verification.
    """
    if not len(probe):
        return Search(np.zeros((0, 1 if group_starts is None else len(group_starts)), np.int64))
    columns: dict[str, list[NDArray[np.generic]]] = {}
    pairs = PairCollector(len(probe) * len(gallery)) if details else None
    bounds = None if group_starts is None else np.append(group_starts, len(gallery)).tolist()
    for rows, distance in distance_blocks(probe, gallery, metric, block_rows(len(gallery))):
        genuine = probe_subject[rows, None] == gallery_subject
        found: dict[str, NDArray[np.generic]] = {}
        if bounds is None:
            ranked = ranked_matches(distance, genuine)
            found["first_rank"] = ranked.first_rank[:, None]
            found["average_precision"] = ranked.average_precision
            found["inverse_negative_penalty"] = ranked.inverse_negative_penalty
        else:
            cells = [slice(start, stop) for start, stop in itertools.pairwise(bounds)]
            found["first_rank"] = np.stack([first_match_ranks(distance[:, c], genuine[:, c]) for c in cells], axis=1)
        if pairs is not None:
            pairs.add(distance, genuine)
            found["nearest"], found["nearest_distance"] = nearest_entries(distance, genuine)
            overall = found["first_rank"][:, 0] if bounds is None else first_match_ranks(distance, genuine)
            found["correct"] = overall == 1
        for name, values in found.items():
            columns.setdefault(name, []).append(values)
    return Search(pairs=pairs, **{name: np.concatenate(parts) for name, parts in columns.items()})


def nearest_entries(
    distance: NDArray[np.float32], genuine: NDArray[np.bool_], count: int = NUM_NEAREST
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Places and distances of the nearest entries, [N, min(count, M)]; at equal distance impostors come first."""
    import torch

    values, places = torch.topk(torch.from_numpy(distance), min(count, distance.shape[1]), dim=1, largest=False)
    nearest, nearest_distance = places.numpy(), values.numpy()
    order = np.lexsort((nearest, np.take_along_axis(genuine, nearest, 1), nearest_distance), axis=1)
    return np.take_along_axis(nearest, order, 1), np.take_along_axis(nearest_distance, order, 1)


def rank_subjects(
    probe: NDArray[np.float32],
    gallery: NDArray[np.float32],
    gallery_subject: NDArray[np.int64],
    metric: Metric,
    count: int,
) -> NDArray[np.int64]:
    """Subjects in the order of their nearest entry, int64 [N, min(count, subjects)]; ties in order of their number.

    Arguments as `search_gallery`; `count` is how many subjects to return for each probe.
    """
    order = np.argsort(gallery_subject, kind="stable")
    subjects, starts = np.unique(gallery_subject[order], return_index=True)
    ranked = [np.zeros((0, min(count, len(subjects))), np.int64)]
    for _, distance in distance_blocks(probe, gallery[order], metric, block_rows(len(gallery))):
        nearest = np.minimum.reduceat(distance, starts, axis=1)
        ranked.append(subjects[np.argsort(nearest, axis=1, kind="stable")[:, :count]])
    return np.concatenate(ranked)


def nearest_distances(probe: NDArray[np.float32], gallery: NDArray[np.float32], metric: Metric) -> NDArray[np.float32]:
    """Distance of each probe to the nearest gallery entry, float32 [N]; arguments as `search_gallery`."""
    blocks = distance_blocks(probe, gallery, metric, block_rows(len(gallery)))
    return np.concatenate([np.zeros(0, np.float32), *(block.min(axis=1) for _, block in blocks)])
