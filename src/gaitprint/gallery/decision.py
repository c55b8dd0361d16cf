"""The open-set decision: whether the best candidate is somebody who is known, or nobody.

One modality. Every template that is searched gives a stranger one more chance to come near. By the union bound, the
chance that any of K does so is at most K times that of one, so that a false positive identification rate of `fpir`
takes the threshold of the false match rate `fpir` / K. It comes from the calibration of the model: from people who are
in no gallery.

Several modalities. The calibrated score of a comparison is its log likelihood ratio; those of modalities that both have
are added up, as if their errors were independent (the product rule of Kittler et al., "On combining classifiers", PAMI
1998). No pairs were seen with all modalities, so that the threshold follows from what a likelihood ratio is: a stranger
reaches a ratio R or more with a chance of at most 1 / R, since its mean over strangers is 1 (Markov's inequality).
That is a bound for calibrated and independent scores, and no measurement. It is used only as far down as rates go that
the calibrations could show together: the product of the smallest rate of each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gaitprint.core.errors import UsageError
from gaitprint.evaluation.calibration import Calibration


@dataclass(frozen=True)
class Limit:
    """From which score on somebody is taken for known.

    Args:
        score: log likelihood ratio, summed over modalities; larger or equal is accepted.
        distance: the same as a distance of the one modality; None with several.
    """

    score: float
    distance: float | None


def log_likelihood_ratio(calibration: Calibration, distance: float) -> float:
    """Return by what factor, as a natural logarithm, a distance is likelier between walks of one person than of two."""
    return calibration.slope * distance + calibration.intercept


def probability_of(score: float) -> float:
    """Return the probability of one person, in 0..1, where that was as likely as not before.

    >>> probability_of(0.0), round(probability_of(3.0), 3)
    (0.5, 0.953)
    """
    return 1 / (1 + math.exp(-score)) if score > -700 else 0.0


def limit_at(calibrations: Mapping[str, Calibration | None], rate: float, comparisons: int) -> Limit:
    """Return the limit at which a share `rate` of strangers is accepted, who have some chances each.

    Args:
        calibrations: of each model that is searched, by its label; None for one that is not calibrated.
        rate: false positive identification rate (or false match rate), above 0 and below 1.
        comparisons: K, how many templates, or combinations of them, a stranger is compared with; >= 1.

    Raises:
        UsageError: a rate out of range, a model without calibration, or a rate that the calibrations cannot show.
    """
    if not 0 < rate < 1:
        raise UsageError(f"rate {rate:g} must be above 0 and below 1")
    known: list[Calibration] = []
    for label, calibration in calibrations.items():
        if calibration is None:
            raise UsageError(f"{label} is not calibrated: which distance to accept is not known")
        known.append(calibration)
    each = rate / comparisons
    chances = f"{rate:g} divided by {comparisons} templates searched: "
    if len(known) == 1:
        try:
            distance = known[0].threshold(each)
        except UsageError as error:
            raise UsageError(f"{chances if comparisons > 1 else ''}{error}") from None
        return Limit(log_likelihood_ratio(known[0], distance), distance)
    least = math.prod(_least_rate(calibration) for calibration in known)
    if each < least:
        raise UsageError(f"{chances}{each:.2g} is below {least:.2g}, the least that the calibrations can show together")
    return Limit(-math.log(each), None)


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
