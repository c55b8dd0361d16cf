"""From ranks to the figures of one group of probes: pooled, or cell by cell of probe and gallery view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaitprint.evaluation.identification import Search
from gaitprint.evaluation.metrics import cumulative_match_curve, mean_of_known, means_of_known
from gaitprint.evaluation.results import ConditionResult

# Ranks that the figures need; the CMC is cut to the size of the gallery.
CMC_LENGTH = 20


def pooled_condition(
    name: str,
    search: Search,
    chosen: NDArray[np.int64],
    probe_view: NDArray[np.int64],
    views: tuple[str, ...],
    num_gallery: int,
) -> ConditionResult:
    """Figures of a group whose probes were searched in the whole gallery.

    Args:
        name: of the group.
        search: with one group of the gallery and average precision.
        chosen: int64 [n]: which probes of the search belong to the group.
        probe_view: int64 [N]: place in `views` of every probe of the search.
        views: names of the probe views.
        num_gallery: gallery entries.
    """
    ranks = search.first_rank[chosen, 0]
    curve = cumulative_match_curve(ranks, CMC_LENGTH)
    view = probe_view[chosen]
    count = np.bincount(view, minlength=len(views))
    hits = np.bincount(view[ranks == 1], minlength=len(views))
    average_precision, penalty = search.average_precision, search.inverse_negative_penalty
    return ConditionResult(
        name,
        len(chosen),
        rank1=_known(curve[0]),
        rank5=_known(curve[4]),
        rank10=_known(curve[9]),
        map=None if average_precision is None else _known(mean_of_known(average_precision[chosen])),
        minp=None if penalty is None else _known(mean_of_known(penalty[chosen])),
        views=views,
        rank1_by_view=_share(hits, count),
        cmc=curve[:num_gallery],
    )


def condition_by_view(
    name: str,
    first_rank: NDArray[np.int64],
    probe_view: NDArray[np.int64],
    views: tuple[str, ...],
    gallery_views: tuple[str, ...],
    *,
    exclude_identical: bool,
    remove_unmatched: bool,
    only_rank1: bool = False,
) -> ConditionResult:
    """Figures of a group whose probes were searched in the gallery of each view on its own.

    Every (probe view, gallery view) cell has its own rate; the headline is the mean over probe views of the mean over
    the other gallery views, and so for every rank of the CMC.

    Args:
        name: of the group.
        first_rank: int64 [n, gallery views], from `Search`; 0 where the cell's gallery lacks the subject.
        probe_view: int64 [n]: place in `views`.
        views: names of the probe views.
        gallery_views: names of the gallery views.
        exclude_identical: leave cells of two identical views out of the headline.
        remove_unmatched: leave probes that cannot be right out of a cell, instead of counting them as wrong.
        only_rank1: the ranks tell right from wrong, nothing more.
    """
    num_views, num_galleries = len(views), len(gallery_views)
    cell = probe_view[:, None] * num_galleries + np.arange(num_galleries)  # [n, gallery views]
    trial = first_rank > 0 if remove_unmatched else np.ones_like(first_rank, dtype=np.bool_)
    count = np.bincount(cell[trial], minlength=num_views * num_galleries).reshape(num_views, num_galleries, 1)
    hit = (first_rank > 0) & (first_rank <= CMC_LENGTH)
    places = cell[hit] * CMC_LENGTH + first_rank[hit] - 1
    hits = np.bincount(places, minlength=num_views * num_galleries * CMC_LENGTH).reshape(num_views, num_galleries, -1)
    rates = _share(np.cumsum(hits, axis=2), np.broadcast_to(count, hits.shape))  # [views, gallery views, ranks]

    identical = np.array(views)[:, None] == np.array(gallery_views)
    headline = np.where((identical & exclude_identical)[:, :, None], np.nan, rates)
    by_view = means_of_known(headline, axis=1)  # [views, ranks]
    curve = means_of_known(by_view)
    return ConditionResult(
        name,
        len(first_rank),
        rank1=_known(curve[0]),
        rank5=None if only_rank1 else _known(curve[4]),
        rank10=None if only_rank1 else _known(curve[9]),
        views=views,
        gallery_views=gallery_views,
        rank1_by_view_pair=rates[:, :, 0],
        rank1_by_view=by_view[:, 0],
        rank1_including_identical=_known(means_of_known(means_of_known(rates[:, :, 0], axis=1))),
        cmc=None if only_rank1 or np.isnan(curve[0]) else curve,
    )


def _share(hits: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.float64]:
    """Rates hits / count, NaN where there was no trial."""
    rates = np.full(hits.shape, np.nan)
    np.divide(hits, count, out=rates, where=count > 0)
    return rates


def _known(value: float | np.floating | NDArray[np.float64]) -> float | None:
    """A plain float, or None for NaN."""
    return None if np.isnan(value) else float(value)
