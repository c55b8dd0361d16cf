"""The open-set decision: whether the best candidate is somebody who is known, or nobody.

One model, one walk. Every template that is searched gives a stranger one more chance to come near. By the union bound,
the chance that any of K does so is at most K times that of one, so that a false positive identification rate of `fpir`
takes the threshold of the false match rate `fpir` / K. It comes from the calibration of the model: from people who are
in no gallery.

One model, several walks of one person. The mean of their distances decides. Walks of one stranger are alike, so that
nothing may be supposed about how their distances depend on each other. Whatever the dependence, if an event has the
chance a, the mean distance in it is on average no smaller than that of the share a of pairs that are nearest: their sum
is extreme where all are extreme at once (Kaas, Dhaene and Goovaerts, "Upper and lower bounds for sums of random
variables", Insurance: Mathematics and Economics 2000). So a mean distance of at most the average of the thresholds of
all rates up to `fpir` / K has a chance of at most `fpir` / K, for any number of walks. Of rates below the smallest one
that the calibration shows no threshold is known: a walk that is nearer than that one counts as just as near.

Several models. The calibrated score of a comparison is its log likelihood ratio; a model's evidence is the mean of
those of the walks that it looks at, and the evidence of models is added up, as if their errors were independent (the
product rule of Kittler et al., "On combining classifiers", PAMI 1998). No pairs were seen with all modalities, so that
the threshold follows from what a likelihood ratio is: a stranger reaches a ratio R or more with a chance of at most 1 /
R, since its mean over strangers is 1 (Markov's inequality). The ratio that a mean of logarithms stands for is the
geometric mean of the walks' ratios, which is at most the arithmetic one (Jensen's inequality), whose mean is 1 again,
however walks depend on each other. That is a bound for scores that are calibrated, and independent between models, and
no measurement. It is used only as far down as rates go that the calibrations could show together: the product of the
smallest rate of each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gaitprint.core.errors import UsageError
from gaitprint.evaluation.calibration import Calibration


@dataclass(frozen=True)
class Limit:
    """From which score on somebody is taken for known.

    Args:
        score: log likelihood ratio, summed over models; larger or equal is accepted.
        distance: the same as a mean distance of walks, with one model; None with several.
        nearest_counted: with one model and several walks, what a smaller distance of one of them counts as; else None.
    """

    score: float
    distance: float | None
    nearest_counted: float | None = None

    def accepts(self, score: float | None, distances: Sequence[float]) -> bool:
        """Say whether a person is accepted.

        Args:
            score: of the person; not looked at with one model, where distances decide to the last bit.
            distances: of each walk to the person's nearest template, in the metric of the one model.
        """
        if self.distance is None:
            return score is not None and score >= self.score
        if self.nearest_counted is None:
            return float(np.mean(distances)) <= self.distance
        beyond = np.maximum(np.asarray(distances) - self.nearest_counted, 0.0)
        return float(beyond.mean()) <= self.distance - self.nearest_counted


def log_likelihood_ratio(calibration: Calibration, distance: float) -> float:
    """Return by what factor, as a natural logarithm, a distance is likelier between walks of one person than of two."""
    return calibration.slope * distance + calibration.intercept


def probability_of(score: float) -> float:
    """Return the probability of one person, in 0..1, where that was as likely as not before.

    >>> probability_of(0.0), round(probability_of(3.0), 3)
    (0.5, 0.953)
    """
    return 1 / (1 + math.exp(-score)) if score > -700 else 0.0


def limit_at(
    calibrations: Iterable[tuple[str, Calibration | None]], rate: float, comparisons: int, walks: int = 1
) -> Limit:
    """Return the limit at which a share `rate` of strangers is accepted, who have some chances each.

    Args:
        calibrations: name and calibration of each model that is searched; None for one that is not calibrated.
        rate: false positive identification rate (or false match rate), above 0 and below 1.
        comparisons: K, how many templates, or combinations of them, a stranger is compared with; >= 1.
        walks: how many of the stranger the one model looks at; with several models it makes no difference.

    Raises:
        UsageError: a rate out of range, a model without calibration, or a rate that the calibrations cannot show.
    """
    if not 0 < rate < 1:
        raise UsageError(f"rate {rate:g} must be above 0 and below 1")
    known: list[Calibration] = []
    for name, calibration in calibrations:
        if calibration is None:
            raise UsageError(f"{name} is not calibrated: which distance to accept is not known")
        known.append(calibration)
    each = rate / comparisons
    chances = f"{rate:g} divided by {comparisons} templates searched: "
    if len(known) == 1:
        try:
            return _limit_of_one(known[0], each, walks)
        except UsageError as error:
            raise UsageError(f"{chances if comparisons > 1 else ''}{error}") from None
    least = math.prod(_least_rate(calibration) for calibration in known)
    if each < least:
        raise UsageError(f"{chances}{each:.2g} is below {least:.2g}, the least that the calibrations can show together")
    return Limit(-math.log(each), None)


def _limit_of_one(calibration: Calibration, rate: float, walks: int) -> Limit:
    distance, nearest = calibration.threshold(rate), None
    if walks > 1:
        shown = [*(pair for pair in calibration.fmr_thresholds if pair[0] < rate), (rate, distance)]
        rates, distances = np.array(shown, np.float64).T
        nearest = float(distances[0])
        # Straight lines lie below the curve, which bends downwards over the rate: at most the average of all.
        distance = nearest + float(np.trapezoid(distances - nearest, rates)) / rate
    return Limit(log_likelihood_ratio(calibration, distance), distance, nearest)


def combinations(counts: Sequence[Mapping[str, int]]) -> int:
    """How many combinations of templates, one of each modality that a person has, all people give.

    Args:
        counts: for each modality, how many templates each person has.

    >>> combinations([{"anna": 2, "ben": 3}])
    5
    >>> combinations([{"anna": 2, "ben": 3}, {"anna": 4}])
    11
    """
    people = set().union(*counts)
    return sum(math.prod(each[person] for each in counts if person in each) for person in people)


def _least_rate(calibration: Calibration) -> float:
    if not calibration.fmr_thresholds:
        raise UsageError(f"{calibration.impostors} impostor pairs are too few for a threshold at any false match rate")
    return calibration.fmr_thresholds[0][0]
