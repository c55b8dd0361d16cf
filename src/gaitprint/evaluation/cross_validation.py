"""Cross-validation by person: how systems do on people whom they never saw, fold by fold, and what scores then mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.distance import pairwise_distance
from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError
from gaitprint.evaluation.calibration import Calibration, expected_calibration_error, reliability_curve
from gaitprint.evaluation.evaluate import EvaluationMetric, arithmetic_of, evaluate_embeddings, standardise
from gaitprint.evaluation.study_results import Spread

# Figures of a fold, as `Evaluation.to_json` names them.
FIGURES = ("rank1", "rank5", "rank10", "map", "eer")


@dataclass(frozen=True, eq=False)
class FoldResult:
    """One system on the people of one fold.

    Args:
        figures: those of `FIGURES` that the protocol gives, as fractions.
        subjects: how many people.
        gallery: how many walks they were searched in.
        probe: how many walks were searched.
        genuine: float32 [N], distances of all pairs of walks of one person, of two conditions.
        impostors: float32 [M], distances of all pairs of walks of two people.
    """

    figures: Mapping[str, float]
    subjects: int
    gallery: int
    probe: int
    genuine: NDArray[np.float32]
    impostors: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SystemResult:
    """One system on all folds.

    Args:
        name: as tables quote it.
        folds: in order.
    """

    name: str
    folds: tuple[FoldResult, ...]

    @property
    def spreads(self) -> dict[str, Spread]:
        """Figures with mean and sample standard deviation over the folds."""
        shared = [name for name in FIGURES if all(name in fold.figures for fold in self.folds)]
        return {name: Spread(tuple(fold.figures[name] for fold in self.folds)) for name in shared}

    def calibrate(self, source: str) -> Calibration | None:
        """Calibrate by the distances of all folds together, each of people whom its model never saw.

        Returns:
            None where the distances of one person's walks are not smaller than those of two people's.
        """
        try:
            return Calibration.fit(*self.pairs(), source)
        except IncompatibleError:
            return None

    def calibration_error(self) -> float | None:
        """How far probabilities are off on a fold when calibrated by the others: mean over the folds, in 0..1."""
        stated = self.stated_probabilities
        return None if stated is None else float(np.mean([expected_calibration_error(*fold) for fold in stated]))

    @cached_property
    def stated_probabilities(self) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]] | None:
        """Probabilities of each fold's genuine and impostor pairs, when calibrated by the other folds.

        None where there is one fold alone, a fold has no pairs of a kind, or the others cannot be calibrated
        (`calibrate`).
        """
        if len(self.folds) < 2:
            return None
        result = []
        for number, fold in enumerate(self.folds):
            others = SystemResult(self.name, tuple(f for n, f in enumerate(self.folds) if n != number))
            calibration = others.calibrate("")
            if calibration is None or not (len(fold.genuine) and len(fold.impostors)):
                return None
            result.append((calibration.probability(fold.genuine), calibration.probability(fold.impostors)))
        return result

    def reliability(self, bins: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """`reliability_curve` of all folds together; two empty arrays without `stated_probabilities`."""
        stated = self.stated_probabilities
        if stated is None:
            return np.zeros(0), np.zeros(0)
        genuine, impostors = (np.concatenate(side) for side in zip(*stated, strict=True))
        return reliability_curve(genuine, impostors, bins)

    def pairs(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Genuine and impostor distances of all folds."""
        genuine, impostors = zip(*((fold.genuine, fold.impostors) for fold in self.folds), strict=True)
        return np.concatenate(genuine), np.concatenate(impostors)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "system": self.name,
            **{name: spread.to_json() for name, spread in self.spreads.items()},
            "folds": [
                {"subjects": f.subjects, "gallery": f.gallery, "probe": f.probe, **f.figures} for f in self.folds
            ],
            "calibration_error": self.calibration_error(),
        }


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """Several systems on the same folds.

    Args:
        protocol: that every fold was measured under.
        systems: in the order in which they were asked for.
        facts: data, overrides and the like.
    """

    protocol: str
    systems: tuple[SystemResult, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what ``crossvalidation.json`` holds."""
        return {
            "protocol": self.protocol,
            **self.facts,
            "systems": [system.to_json() for system in self.systems],
        }


def measure_fold(walks: EmbeddingSet, metric: EvaluationMetric, protocol: str) -> FoldResult:
    """Measure the embeddings of a fold's people.

    Args:
        walks: all of theirs, and nobody else's.
        metric: that the model's embeddings are compared by.
        protocol: a name of `evaluation.protocols.PROTOCOLS`.

    Raises:
        IncompatibleError: the protocol finds nothing to compare.
    """
    figures = evaluate_embeddings(walks, protocol, metric=metric).to_json()
    genuine, impostors = all_pairs(walks, metric)
    return FoldResult(
        {name: figures[name] for name in FIGURES if figures.get(name) is not None},
        figures["subjects"],
        figures["gallery"],
        figures["probe"],
        genuine,
        impostors,
    )


def all_pairs(walks: EmbeddingSet, metric: EvaluationMetric) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the distances of one person's walks of two conditions, and of all pairs of two people's walks.

    One walk from two cameras is no pair, as in `calibrate.calibrate`: nobody is enrolled and sought by the same walk.

    Args:
        walks: N of them.
        metric: that compares them.

    Returns:
        float32 [G] and float32 [I].
    """
    values = walks.embeddings
    if metric == "standardised-euclidean":
        values, _ = standardise(values, np.arange(len(values)))
    first, second = np.triu_indices(len(values), k=1)
    distances = pairwise_distance(values, values, arithmetic_of(metric))[first, second]
    same = walks.subjects[first] == walks.subjects[second]
    two_walks = walks.conditions[first] != walks.conditions[second]
    return distances[same & two_walks], distances[~same]


def common_figures(systems: Sequence[SystemResult]) -> list[str]:
    """Figures that every system has, in the order of `FIGURES`."""
    return [name for name in FIGURES if all(name in system.spreads for system in systems)]
