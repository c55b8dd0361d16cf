"""`evaluate_embeddings`: a set of embeddings and the name of a protocol in, an `Evaluation` out."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.allocator import keep_freed_memory
from gaitprint.core.distance import Metric
from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.registry import unknown_name_message
from gaitprint.evaluation.conditions import condition_by_view, pooled_condition
from gaitprint.evaluation.identification import Search, nearest_distances, rank_subjects, search_gallery
from gaitprint.evaluation.linear_svm import linear_svm
from gaitprint.evaluation.metrics import dir_at_fpir, drawing_points, open_set_curve
from gaitprint.evaluation.protocols import PROTOCOLS, Protocol, Request, Trials, check_not_empty, natural_order
from gaitprint.evaluation.results import Candidates, ConditionResult, Evaluation, Match, OpenSetResult
from gaitprint.evaluation.screening import first_matches_by_group, is_worthwhile
from gaitprint.evaluation.verification import compare_all_pairs, compare_sampled_pairs

EvaluationMetric = Literal["euclidean", "cosine", "normalised-cosine", "standardised-euclidean"]
METRICS: tuple[str, ...] = get_args(EvaluationMetric)


def evaluate_embeddings(
    embeddings: EmbeddingSet,
    protocol: str | Protocol,
    *,
    metric: EvaluationMetric = "euclidean",
    subjects: Collection[str] | None = None,
    probes: Collection[str] | None = None,
    seed: int = 0,
    remove_unmatched: bool = False,
    sample_pairs: int | None = None,
    details: bool = True,
    svm: bool = False,
) -> Evaluation:
    """Measure embeddings under a protocol.

    Args:
        embeddings: the walks; `Match` indices in the result point into this set.
        protocol: a name of `PROTOCOLS`, or a `Protocol` of one's own.
        metric: as `core.distance`; or ``standardised-euclidean``: every dimension is first
            divided by its standard deviation over all embeddings under evaluation, gallery and probes alike, and one
            that never varies is dropped. That looks at the probes, but at their scale alone, at no label.
        subjects: evaluate these subjects alone; None for all in the set.
        probes: ids of the probe sequences, for protocols that take a list (``gait3d``).
        seed: for protocols that draw (``open-set``, and the sample of ``verification``).
        remove_unmatched: leave a probe out, cell by cell, where the gallery holds nothing of its subject; the default
            counts it as wrong. For protocols that count it as wrong (``casia-b``, ``oumvlp``, ...).
        sample_pairs: for ``verification``: compare all genuine pairs, but draw so many impostor pairs.
        details: also nearest entries, CMC, rank-5, rank-10 and verification. False is for quick looks during
            training: under a protocol by view, with Euclidean distances, rank-1 alone is found several times faster.
        svm: also name the probes with a linear support vector machine learnt from the whole gallery (`linear_svm`).

    Raises:
        UsageError: unknown protocol or metric, no probe list where one is needed, or as `check_options`.
        IncompatibleError: the protocol finds nothing to compare in this set.
    """
    chosen = protocol if isinstance(protocol, Protocol) else cast(Protocol, PROTOCOLS[protocol])
    if metric not in METRICS:
        raise UsageError(unknown_name_message("metric", metric, METRICS))
    check_options(chosen, svm=svm, remove_unmatched=remove_unmatched, sample_pairs=sample_pairs)
    keep_freed_memory()  # blocks of the distance matrix come and go
    scope, notes = _scope(embeddings, subjects)
    trials = chosen.select(embeddings, scope, Request(probes, seed))
    check_not_empty(chosen, trials, embeddings, scope)
    values = embeddings.embeddings
    if metric == "standardised-euclidean":
        values, dropped = standardise(values, scope)
        notes.append(f"dimensions divided by their standard deviation over the {len(scope)} walks; {dropped} dropped")
    blank = Evaluation(
        protocol=chosen.name,
        description=chosen.description,
        metric=metric,
        subjects=len(np.unique(embeddings.subjects[scope])),
        gallery=len(trials.gallery),
        probe=0,
        notes=(*notes, *trials.notes),
    )
    arithmetic = arithmetic_of(metric)
    if chosen.all_pairs:
        return _verify(blank, embeddings, values, trials.gallery, arithmetic, sample_pairs, seed)
    return _identify(blank, embeddings, values, chosen, trials, arithmetic, remove_unmatched, details, svm)


def check_options(protocol: Protocol, *, svm: bool, remove_unmatched: bool, sample_pairs: int | None) -> None:
    """Refuse options of `evaluate_embeddings` that say nothing under a protocol, before any walk is embedded.

    Raises:
        UsageError: `svm` or `remove_unmatched` under a protocol without gallery; `sample_pairs` under one that has a
            gallery, or below 1.
    """
    if protocol.all_pairs and svm:
        raise UsageError(
            f"protocol '{protocol.name}' compares pairs; a support vector machine needs a gallery to learn"
        )
    if protocol.all_pairs and remove_unmatched:
        raise UsageError(f"protocol '{protocol.name}' compares pairs; no gallery could lack a probe's subject")
    if sample_pairs is not None and not protocol.all_pairs:
        raise UsageError(f"protocol '{protocol.name}' searches a gallery; a sample of pairs is for verification")
    if sample_pairs is not None and sample_pairs < 1:
        raise UsageError(f"{sample_pairs} sampled pairs; give at least 1")


def arithmetic_of(metric: EvaluationMetric) -> Metric:
    """How embeddings are compared once they are standardised, where the metric asks for that."""
    return "euclidean" if metric == "standardised-euclidean" else metric


def standardise(embeddings: NDArray[np.float32], scope: NDArray[np.int64]) -> tuple[NDArray[np.float32], int]:
    """Divide every dimension by its standard deviation over the walks in `scope`.

    Args:
        embeddings: float32 [N, P, D].
        scope: int64 [n], the walks that define the scale.

    Returns:
        float32 [N, P, D], 0 in the dimensions that never vary; and the number of these.
    """
    chosen = embeddings[scope].astype(np.float64)
    varies = chosen.max(axis=0) > chosen.min(axis=0)
    scale = np.divide(1.0, chosen.std(axis=0), out=np.zeros(varies.shape), where=varies)
    return (embeddings * scale).astype(np.float32), int(np.count_nonzero(~varies))


def _scope(embeddings: EmbeddingSet, subjects: Collection[str] | None) -> tuple[NDArray[np.int64], list[str]]:
    """Indices of the walks under evaluation, and a note where wanted subjects are missing."""
    if subjects is None:
        return np.arange(len(embeddings)), []
    wanted = sorted(set(subjects))
    missing = set(wanted) - set(np.unique(embeddings.subjects).tolist())
    notes = [f"{len(missing)} of {len(wanted)} subjects have no walk among the embeddings"] if missing else []
    return np.flatnonzero(np.isin(embeddings.subjects, wanted)), notes


def _numbers(labels: NDArray[np.str_]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Distinct labels in natural order, and the place of each label [N] among them."""
    names, place = np.unique(labels, return_inverse=True)
    ordered = natural_order(names)
    position = {name: number for number, name in enumerate(ordered)}
    return tuple(ordered), np.array([position[str(name)] for name in names], dtype=np.int64)[place]


@dataclass(frozen=True, eq=False)
class _Searched:
    """N probes and the gallery of M walks that they were searched in.

    Args:
        probe: int64 [N], places in the embedding set.
        views: names of the probes' views.
        probe_view: int64 [N], places in `views`.
        gallery: int64 [M], places in the embedding set; view by view under a protocol by view.
        gallery_views: names of the gallery's views under such a protocol; else empty.
        search: what was found.
        only_rank1: the ranks tell right from wrong, nothing more.
    """

    probe: NDArray[np.int64]
    views: tuple[str, ...]
    probe_view: NDArray[np.int64]
    gallery: NDArray[np.int64]
    gallery_views: tuple[str, ...]
    search: Search
    only_rank1: bool = False


def _identify(
    blank: Evaluation,
    embeddings: EmbeddingSet,
    values: NDArray[np.float32],
    protocol: Protocol,
    trials: Trials,
    metric: Metric,
    remove_unmatched: bool,
    details: bool,
    svm: bool,
) -> Evaluation:
    """Search the probes in the gallery and fill in the figures that the protocol asks for."""
    _, subject = _numbers(embeddings.subjects)
    everybody = np.concatenate(list(trials.probes.values()))
    group = np.repeat(np.arange(len(trials.probes)), [len(indices) for indices in trials.probes.values()])
    matched = np.isin(subject[everybody], subject[trials.gallery])
    remove = remove_unmatched and protocol.unmatched == "wrong"
    keep = matched if remove or protocol.unmatched != "wrong" else np.ones_like(matched)
    probe, group = everybody[keep], group[keep]
    notes = _unmatched_notes(protocol, int(np.count_nonzero(~matched)), remove)
    if not len(probe) and not protocol.num_candidates:
        raise IncompatibleError(f"protocol '{protocol.name}': the gallery holds no subject of {len(everybody)} probes")

    searched = _search(protocol, embeddings.views, values, subject, probe, trials.gallery, metric, details)
    gallery, search = searched.gallery, searched.search
    if protocol.by_view:
        notes += _cell_notes(searched.views, searched.gallery_views, search.first_rank, remove)
    named = linear_svm(values[gallery], subject[gallery], values[probe], metric) if svm and len(probe) else None
    conditions: list[ConditionResult] = []
    for number, name in enumerate(trials.probes):
        chosen = np.flatnonzero(group == number)
        condition = _condition(name, protocol, searched, chosen, remove)
        if named is not None and len(chosen):
            accuracy = float((named[chosen] == subject[probe[chosen]]).mean())
            condition = dataclasses.replace(condition, svm_accuracy=accuracy)
        conditions.append(condition)

    result = dataclasses.replace(
        blank,
        probe=len(everybody) if protocol.unmatched == "unlabelled" else len(probe),
        skipped_probes=0 if protocol.unmatched == "unlabelled" else len(everybody) - len(probe),
        conditions=tuple(conditions),
    )
    if search.pairs is not None:
        notes += [note for note in (search.pairs.note,) if note]
        result = dataclasses.replace(
            result, matches=_matches(search, probe, gallery), verification=search.pairs.result()
        )
    if trials.nonmated is not None:
        open_set = _open_set(values, subject, probe, gallery, trials.nonmated, metric, search)
        result = dataclasses.replace(result, open_set=open_set)
    if protocol.num_candidates:
        ranked = rank_subjects(values[everybody], values[gallery], subject[gallery], metric, protocol.num_candidates)
        names = np.array(_numbers(embeddings.subjects)[0])[ranked]
        result = dataclasses.replace(result, candidates=Candidates(tuple(embeddings.views[everybody].tolist()), names))
    return dataclasses.replace(result, notes=(*blank.notes, *notes))


def _search(
    protocol: Protocol,
    view: NDArray[np.str_],
    values: NDArray[np.float32],
    subject: NDArray[np.int64],
    probe: NDArray[np.int64],
    gallery: NDArray[np.int64],
    metric: Metric,
    details: bool,
) -> _Searched:
    """Search the probes in the whole gallery, or in each of its views, as the protocol asks."""
    views, probe_view = _numbers(view[probe])
    gallery_views: tuple[str, ...] = ()
    starts = None
    if protocol.by_view:
        gallery_views, gallery_view = _numbers(view[gallery])
        order = np.argsort(gallery_view, kind="stable")
        gallery = gallery[order]
        starts = np.searchsorted(gallery_view[order], np.arange(len(gallery_views)))
        size = int(np.prod(values.shape[1:]))
        if not details and metric == "euclidean" and is_worthwhile(len(probe), len(gallery), size):
            quick = first_matches_by_group(values, subject, probe, gallery, starts)
            if quick is not None:
                return _Searched(probe, views, probe_view, gallery, gallery_views, Search(quick), only_rank1=True)
    search = search_gallery(
        values[probe],
        values[gallery],
        subject[probe],
        subject[gallery],
        metric,
        group_starts=starts,
        details=details,
    )
    return _Searched(probe, views, probe_view, gallery, gallery_views, search)


def _condition(
    name: str, protocol: Protocol, searched: _Searched, chosen: NDArray[np.int64], remove: bool
) -> ConditionResult:
    """Figures of a group of probes, `chosen` among those that were searched."""
    if not protocol.by_view:
        return pooled_condition(
            name, searched.search, chosen, searched.probe_view, searched.views, len(searched.gallery)
        )
    return condition_by_view(
        name,
        searched.search.first_rank[chosen],
        searched.probe_view[chosen],
        searched.views,
        searched.gallery_views,
        exclude_identical=protocol.exclude_identical_view,
        remove_unmatched=remove,
        only_rank1=searched.only_rank1,
    )


def _unmatched_notes(protocol: Protocol, count: int, remove: bool) -> list[str]:
    """Say what became of probes whose subject is not in the gallery."""
    if not count:
        return []
    fate = "left out" if remove or protocol.unmatched == "skip" else "counted as wrong"
    if protocol.unmatched == "unlabelled":
        fate = "ranked for the evaluation server, but in no figure here"
    return [f"{count} probes have no walk of their subject in the gallery: {fate}"]


def _cell_notes(
    views: tuple[str, ...], gallery_views: tuple[str, ...], first_rank: NDArray[np.int64], remove: bool
) -> list[str]:
    """Say what is missing among the cells of probe and gallery view."""
    notes = []
    if missing := [view for view in views if view not in gallery_views]:
        notes.append(f"no gallery walk in view {', '.join(missing)}: these cells are left out of the means")
    if missing := [view for view in gallery_views if view not in views]:
        notes.append(f"no probe in view {', '.join(missing)}")
    if lacking := int(np.count_nonzero(first_rank == 0)):
        fate = "left out" if remove else "counted as wrong"
        notes.append(f"{lacking} of {first_rank.size} searches of one view lack the probe's subject: {fate}")
    return notes


def _matches(search: Search, probe: NDArray[np.int64], gallery: NDArray[np.int64]) -> tuple[Match, ...]:
    """Nearest entries of each probe, as indices into the embedding set."""
    if search.nearest is None or search.nearest_distance is None or search.correct is None:
        return ()
    columns = (
        probe.tolist(),
        gallery[search.nearest].tolist(),
        search.nearest_distance.tolist(),
        search.correct.tolist(),
    )
    return tuple(Match(a, tuple(b), tuple(c), d) for a, b, c, d in zip(*columns, strict=True))


def _open_set(
    values: NDArray[np.float32],
    subject: NDArray[np.int64],
    probe: NDArray[np.int64],
    gallery: NDArray[np.int64],
    nonmated: NDArray[np.int64],
    metric: Metric,
    search: Search,
) -> OpenSetResult | None:
    """Curves of the open-set search; None where nobody searches in vain."""
    if not len(nonmated):
        return None
    mated_distance = nearest_distances(values[probe], values[gallery], metric)
    alarms = nearest_distances(values[nonmated], values[gallery], metric)
    curve = open_set_curve(mated_distance, search.first_rank[:, 0] == 1, alarms)
    drawn = drawing_points(curve.fpir, curve.fnir)
    return OpenSetResult(
        fpir=curve.fpir[drawn],
        fnir=curve.fnir[drawn],
        dir_at_fpir={"1e-2": dir_at_fpir(curve, 1e-2), "1e-1": dir_at_fpir(curve, 1e-1)},
        thresholds=curve.thresholds[drawn],
        num_enrolled=len(np.unique(subject[gallery])),
        num_mated=len(probe),
        num_nonmated=len(nonmated),
    )


def _verify(
    blank: Evaluation,
    embeddings: EmbeddingSet,
    values: NDArray[np.float32],
    chosen: NDArray[np.int64],
    metric: Metric,
    sample_pairs: int | None,
    seed: int,
) -> Evaluation:
    """Compare all pairs of the chosen walks, or a sample."""
    _, subject = _numbers(embeddings.subjects[chosen])
    if sample_pairs is None:
        pairs = compare_all_pairs(values[chosen], subject, metric)
        notes = [note for note in (pairs.note,) if note]
    else:
        pairs = compare_sampled_pairs(values[chosen], subject, metric, sample_pairs, seed)
        notes = [f"all genuine pairs, {sample_pairs} impostor pairs drawn with seed {seed}"]
    result = pairs.result()
    if result is None:
        raise IncompatibleError(f"protocol '{blank.protocol}': needs pairs of one subject and pairs of two")
    return dataclasses.replace(blank, probe=len(chosen), verification=result, notes=(*blank.notes, *notes))
