"""What an evaluation found: figures by condition and view, nearest matches, verification and open-set curves.

Plain frozen records without torch, so that reports and tables can read them anywhere. Every rate is a fraction in
0..1, never a percentage. NaN inside an array means "no trial"; in JSON it becomes null.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.files import write_text
from gaitprint.evaluation.distance_histogram import DistanceSpread


@dataclass(frozen=True, eq=False)
class ConditionResult:
    """Identification figures of one group of probes (a condition, or all of them).

    Args:
        name: what the protocol calls the group: ``"NM"``, ``"BG"``, ``"CL"``, ``"all"``.
        num_probe: probe sequences in the group that took part.
        rank1: the protocol's headline figure, in 0..1; None where it does not apply.
        rank5: as `rank1`, for the five nearest.
        rank10: as `rank1`, for the ten nearest.
        map: mean average precision.
        minp: mean inverse negative penalty.
        svm_accuracy: share of probes that a linear support vector machine, learnt from the gallery in all its views,
            names right; None where it was not asked for.
        views: probe views, in the order of the first axis of `rank1_by_view_pair`.
        gallery_views: gallery views, in the order of its second axis.
        rank1_by_view_pair: float64 [views, gallery_views]; NaN where a cell has no trial; None where the protocol
            pools the views.
        rank1_by_view: float64 [views]: mean of a row of cells, the identical view left out where the protocol does so.
        rank1_including_identical: mean over views of the mean of all cells of a row.
        cmc: float64 [K]: share of probes whose subject is among the k nearest gallery entries, k = 1..K, all gallery
            views together unless the protocol's description says otherwise.
    """

    name: str
    num_probe: int
    rank1: float | None = None
    rank5: float | None = None
    rank10: float | None = None
    map: float | None = None
    minp: float | None = None
    svm_accuracy: float | None = None
    views: tuple[str, ...] = ()
    gallery_views: tuple[str, ...] = ()
    rank1_by_view_pair: NDArray[np.float64] | None = None
    rank1_by_view: NDArray[np.float64] | None = None
    rank1_including_identical: float | None = None
    cmc: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class Match:
    """One probe and the gallery entries nearest to it.

    Args:
        probe: index into the evaluated `EmbeddingSet`.
        gallery: indices of the nearest entries (at most five), nearest first.
        distances: their distances, ascending.
        correct: whether the nearest one is the probe's subject.
    """

    probe: int
    gallery: tuple[int, ...]
    distances: tuple[float, ...]
    correct: bool


@dataclass(frozen=True, eq=False)
class VerificationResult:
    """One-to-one comparison in the terms of ISO/IEC 19795-1.

    Args:
        fmr: float64 [n], false match rate at each threshold, non-decreasing; n <= 2000 points for drawing.
        fnmr: float64 [n], false non-match rate at the same thresholds, non-increasing.
        thresholds: float64 [n], ascending distances; a pair is accepted where its distance is <= the threshold.
        eer: equal error rate.
        auc: area under the ROC curve (true match rate over FMR).
        fnmr_at_fmr: lowest FNMR whose FMR does not exceed the key, keys ``"1e-2"``, ``"1e-3"``.
        num_genuine: compared pairs of one subject.
        num_impostor: compared pairs of two subjects.
        spread: of the distances; None where they are all the same.
    """

    fmr: NDArray[np.float64]
    fnmr: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    eer: float
    auc: float
    fnmr_at_fmr: Mapping[str, float]
    num_genuine: int
    num_impostor: int
    spread: DistanceSpread | None = None


@dataclass(frozen=True, eq=False)
class OpenSetResult:
    """Open-set identification in the terms of ISO/IEC 19795-1.

    Args:
        fpir: float64 [n], false positive identification rate, non-decreasing; n <= 2000 points for drawing.
        fnir: float64 [n], false negative identification rate (1 - DIR at rank 1) at the same thresholds.
        dir_at_fpir: detection and identification rate at rank 1, keys ``"1e-2"``, ``"1e-1"``.
        thresholds: float64 [n], ascending distances.
        num_enrolled: subjects in the gallery.
        num_mated: searches of enrolled subjects.
        num_nonmated: searches of subjects never enrolled.
    """

    fpir: NDArray[np.float64]
    fnir: NDArray[np.float64]
    dir_at_fpir: Mapping[str, float]
    thresholds: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    num_enrolled: int = 0
    num_mated: int = 0
    num_nonmated: int = 0


@dataclass(frozen=True, eq=False)
class Candidates:
    """For each probe the identities that look most like it, best first: what an evaluation server asks for.

    Args:
        probes: names of the N probe sequences, as the server knows them.
        subjects: str [N, K], each row without repeats; K is what the protocol asks for, or all whom the gallery holds.
    """

    probes: tuple[str, ...]
    subjects: NDArray[np.str_]

    def to_csv(self) -> str:
        """Return a header ``videoId,rank1,..,rankK`` and one line for each probe."""
        header = ",".join(["videoId", *(f"rank{k}" for k in range(1, self.subjects.shape[1] + 1))])
        rows = (",".join([probe, *row]) for probe, row in zip(self.probes, self.subjects.tolist(), strict=True))
        return "\n".join([header, *rows]) + "\n"

    def write_csv(self, path: str | os.PathLike[str]) -> None:
        """Write `to_csv` to a file, atomically."""
        write_text(path, self.to_csv())


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything one protocol says about one set of embeddings.

    Args:
        protocol: its name.
        description: one line on what was compared with what.
        metric: name of the distance.
        subjects: number of subjects under evaluation.
        gallery: number of gallery sequences.
        probe: number of probe sequences that took part.
        skipped_probes: probes left out because nothing in the gallery could match them.
        notes: choices and omissions that a reader of the figures must know.
        conditions: one entry for each group of probes, in the protocol's order.
        matches: one entry for each probe.
        verification: all pairs of probe and gallery, where computed; also those of one view, whatever the ranks
            leave out.
        open_set: open-set identification, where the protocol is one.
        candidates: ranked identities for an evaluation server, where the protocol asks for them.
        rank1: mean over `conditions` of their headline figure, in 0..1; None where it does not apply.
        rank5: as `rank1`.
        rank10: as `rank1`.
        map: as `rank1`.
        minp: as `rank1`.
        svm_accuracy: as `rank1`.
        eer: equal error rate of `verification`.
    """

    protocol: str
    description: str
    metric: str
    subjects: int
    gallery: int
    probe: int
    skipped_probes: int = 0
    notes: tuple[str, ...] = ()
    conditions: tuple[ConditionResult, ...] = ()
    matches: tuple[Match, ...] = ()
    verification: VerificationResult | None = None
    open_set: OpenSetResult | None = None
    candidates: Candidates | None = None

    @property
    def rank1(self) -> float | None:
        """Mean of the conditions' rank-1."""
        return self._mean("rank1")

    @property
    def rank5(self) -> float | None:
        """Mean of the conditions' rank-5."""
        return self._mean("rank5")

    @property
    def rank10(self) -> float | None:
        """Mean of the conditions' rank-10."""
        return self._mean("rank10")

    @property
    def map(self) -> float | None:
        """Mean of the conditions' mean average precision."""
        return self._mean("map")

    @property
    def minp(self) -> float | None:
        """Mean of the conditions' mean inverse negative penalty."""
        return self._mean("minp")

    @property
    def svm_accuracy(self) -> float | None:
        """Mean of the conditions' accuracy of a linear support vector machine."""
        return self._mean("svm_accuracy")

    @property
    def eer(self) -> float | None:
        """Equal error rate over the pairs of `verification`."""
        return None if self.verification is None else self.verification.eer

    def _mean(self, figure: str) -> float | None:
        values = [getattr(condition, figure) for condition in self.conditions]
        known = [value for value in values if value is not None and not math.isnan(value)]
        return float(np.mean(known)) if known else None

    def to_json(self) -> dict[str, Any]:
        """Return what ``metrics.json`` holds, but for ``model``, which the caller knows.

        Headline figures stand at the top, as fractions; `conditions`, `verification`, `open_set` below. The lists of
        matches and of candidates are left out: they are as long as the data set.
        """
        top = ("protocol", "description", "metric", "subjects", "gallery", "probe", "skipped_probes")
        figures = ("rank1", "rank5", "rank10", "map", "minp", "svm_accuracy", "eer")
        values = {name: getattr(self, name) for name in (*top, *figures, "notes")}
        values["conditions"] = [dataclasses.asdict(condition) for condition in self.conditions]
        values["verification"] = None if self.verification is None else dataclasses.asdict(self.verification)
        values["open_set"] = None if self.open_set is None else dataclasses.asdict(self.open_set)
        plain: dict[str, Any] = _plain(values)
        return plain


def _plain(value: Any) -> Any:
    """Turn arrays, tuples and NumPy scalars into what JSON has; not-a-number and infinity become None."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
