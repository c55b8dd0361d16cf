"""`Calibration`: what the distance of two walks says about whether they are one person's.

A distance becomes a probability by a logistic curve that was fitted to distances of pairs of one person and of two
(Platt, "Probabilistic outputs for support vector machines", 1999), and a decision by a threshold that a known share
of the pairs of two people falls below. Both hold for people, places and recorders like those of the fit.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaitprint.core.config import config_dataclass, from_mapping, to_mapping
from gaitprint.core.errors import IncompatibleError, UnreadableFileError, UsageError
from gaitprint.core.files import write_json

CALIBRATION_FILE = "calibration.json"

# False match rates whose thresholds are kept: 0.0001, 0.0002, ... 0.0009, 0.001, ... 0.09, 0.1, ... 0.5.
FALSE_MATCH_RATES = (
    *(float(f"{digit}e-{decade}") for decade in (4, 3, 2) for digit in range(1, 10)),
    *(0.1, 0.2, 0.3, 0.4, 0.5),
)


@config_dataclass
class Calibration:
    """From the distance of two walks to a probability, and from a false match rate to a threshold.

    Args:
        slope: of the logistic curve over distance, < 0: the farther, the less likely one person's.
        intercept: of the curve: log odds at distance 0, where one person and two are equally likely beforehand.
        genuine: how many pairs of one person it was fitted to.
        impostors: how many pairs of two people.
        fmr_thresholds: (false match rate, distance), both ascending: the largest distance up to which no more than
            that share of the pairs of two people lies. Rates of `FALSE_MATCH_RATES` that so many pairs can show.
        source: what the pairs were taken from, for people to read.

    Raises:
        IncompatibleError: a slope that is not negative, or thresholds that are not in order.

    Example:
        >>> known = Calibration.fit(genuine=[0.1, 0.2, 0.3, 0.5], impostor=[0.4, 0.6, 0.7, 0.8, 0.9])
        >>> known.probability(0.1) > 0.8 > 0.2 > known.probability(0.9)
        True
        >>> known.threshold(0.2) < 0.6
        True
    """

    slope: float
    intercept: float
    genuine: int
    impostors: int
    fmr_thresholds: tuple[tuple[float, float], ...]
    source: str = ""

    def __post_init__(self) -> None:
        if not (self.slope < 0 and math.isfinite(self.slope) and math.isfinite(self.intercept)):
            raise IncompatibleError(
                f"slope {self.slope:g}, intercept {self.intercept:g}: with these distances, walks of one person are "
                "not nearer than walks of two, so that no probability can be told from them"
            )
        rates, distances = (np.array([pair[i] for pair in self.fmr_thresholds], np.float64) for i in (0, 1))
        in_order = (np.diff(rates) > 0).all() and (np.diff(distances) >= 0).all() and np.isfinite(distances).all()
        if not (in_order and ((rates > 0) & (rates < 1)).all()):
            raise IncompatibleError("fmr_thresholds are not ascending pairs of a rate in 0..1 and a distance")

    @classmethod
    def fit(cls, genuine: ArrayLike, impostor: ArrayLike, source: str = "") -> Calibration:
        """Fit the curve and keep the thresholds.

        Both kinds of pairs have the same weight in all, however many there are, so that the curve holds where one
        person and two are equally likely beforehand. Pairs that a distance separates without an error would make it
        infinitely steep; as Platt did, each kind is therefore fitted as if one of its N + 2 pairs were of the other.

        Args:
            genuine: distances [N] of pairs of one person, N >= 2.
            impostor: distances [M] of pairs of two people, M >= 2.
            source: what the pairs were taken from, for people to read.

        Raises:
            IncompatibleError: fewer than two pairs of a kind, a distance that is not finite, or distances that do
                not fall with the likelihood of one person.
        """
        same, other = (np.ravel(np.asarray(values, np.float64)) for values in (genuine, impostor))
        if len(same) < 2 or len(other) < 2:
            raise IncompatibleError(f"{len(same)} genuine and {len(other)} impostor pairs; need at least 2 of each")
        if not (np.isfinite(same).all() and np.isfinite(other).all()):
            raise IncompatibleError("distances to calibrate hold NaN or infinity")
        slope, intercept = _fit_logistic(same, other)
        # Accepted is what is <= the threshold: the distance just below the first pair that is one too many.
        ordered = np.sort(other)
        shown = [(rate, int(rate * len(ordered) + 1e-9)) for rate in FALSE_MATCH_RATES]
        thresholds = tuple((rate, float(np.nextafter(ordered[count], -np.inf))) for rate, count in shown if count)
        return cls(
            slope=slope,
            intercept=intercept,
            genuine=len(same),
            impostors=len(other),
            fmr_thresholds=thresholds,
            source=source,
        )

    @overload
    def probability(self, distance: float, prior: float = 0.5) -> float: ...

    @overload
    def probability(self, distance: NDArray[np.floating], prior: float = 0.5) -> NDArray[np.float64]: ...

    def probability(self, distance: float | NDArray[np.floating], prior: float = 0.5) -> float | NDArray[np.float64]:
        """Probability that two walks are one person's.

        Args:
            distance: of the two walks; or an array of distances, of any shape.
            prior: how likely one person was before the walks were compared, above 0 and below 1. The default treats
                one person and two alike; somebody picked at random out of a thousand has a prior of 0.001.

        Returns:
            in 0..1; float64 of the shape of `distance` for an array.

        Raises:
            UsageError: `prior` is not above 0 and below 1.
        """
        from scipy.special import expit

        if not 0 < prior < 1:
            raise UsageError(f"prior {prior:g} must be above 0 and below 1")
        odds = self.slope * np.asarray(distance, np.float64) + self.intercept + math.log(prior / (1 - prior))
        result: NDArray[np.float64] = expit(odds)
        return result if isinstance(distance, np.ndarray) else float(result)

    def threshold(self, fmr: float) -> float:
        """Distance up to which two walks are accepted, so that a share `fmr` of pairs of two people is.

        Exact for the rates that are kept; between two of them interpolated along the logarithm of the rate.

        Raises:
            UsageError: a rate smaller than so many pairs can show, or above 0.5.
        """
        if not self.fmr_thresholds:
            raise UsageError(f"{self.impostors} impostor pairs are too few for a threshold at any false match rate")
        rates, distances = zip(*self.fmr_thresholds, strict=True)
        if not rates[0] <= fmr <= rates[-1]:
            raise UsageError(
                f"false match rate {fmr:g} is not within {rates[0]:g}..{rates[-1]:g}, "
                f"which the calibration's {self.impostors} impostor pairs can show; the smallest is {rates[0]:g}"
            )
        return float(np.interp(math.log(fmr), np.log(rates), distances))

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write `CALIBRATION_FILE` into a weights folder; atomic."""
        write_json(Path(folder) / CALIBRATION_FILE, to_mapping(self))

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Calibration | None:
        """Read what `save` wrote; None where the folder holds no calibration, and for weights in a single file.

        Raises:
            UnreadableFileError: damaged, or not a calibration.
        """
        path = Path(folder) / CALIBRATION_FILE
        try:
            return from_mapping(cls, json.loads(path.read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError, UsageError, IncompatibleError) as error:
            raise UnreadableFileError(f"{path}: not a calibration ({' '.join(str(error).split())})") from error


def expected_calibration_error(genuine: ArrayLike, impostor: ArrayLike, bins: int = 15) -> float:
    """How far stated probabilities are from what happened, on average.

    Pairs are grouped by their probability in `bins` of equal width; in each, the mean probability is compared with
    the share of genuine pairs (Guo et al., "On calibration of modern neural networks", ICML 2017). Genuine pairs as a
    whole count as much as impostor pairs, which is what `Calibration.probability` supposes.

    Args:
        genuine: probabilities [N] stated of pairs of one person, in 0..1.
        impostor: probabilities [M] stated of pairs of two people, in 0..1.
        bins: how many.

    Returns:
        in 0..1; 0 for probabilities that are right on average in every bin.

    Raises:
        IncompatibleError: no pair of a kind, or a probability outside 0..1.

    >>> expected_calibration_error(genuine=[1.0, 1.0], impostor=[0.0])
    0.0
    >>> expected_calibration_error(genuine=[0.75], impostor=[0.75])
    0.25
    """
    pairs = _binned(genuine, impostor, bins)
    gap = np.bincount(pairs.group, pairs.weight * (pairs.stated - pairs.happened), minlength=bins)
    return float(np.abs(gap).sum())


def reliability_curve(
    genuine: ArrayLike, impostor: ArrayLike, bins: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What `expected_calibration_error` sums up: mean probability stated and share of genuine pairs, bin by bin.

    Arguments, weights of pairs and errors as there.

    Returns:
        float64 [K] and float64 [K], of the K <= `bins` bins that hold any pair, in ascending order.

    >>> stated, happened = reliability_curve(genuine=[0.9, 0.7], impostor=[0.1, 0.9], bins=2)
    >>> stated.round(3).tolist(), happened.round(3).tolist()
    ([0.1, 0.833], [0.0, 0.667])
    """
    pairs = _binned(genuine, impostor, bins)
    total = np.bincount(pairs.group, pairs.weight, minlength=bins)
    held = total > 0
    stated, happened = (
        np.bincount(pairs.group, pairs.weight * values, minlength=bins)[held] / total[held]
        for values in (pairs.stated, pairs.happened)
    )
    return stated, happened


class _BinnedPairs(NamedTuple):
    """Genuine and impostor pairs, K in all, by the probability stated of them.

    Args:
        stated: float64 [K] in 0..1.
        happened: float64 [K], 1 for a genuine pair, else 0.
        weight: float64 [K], sums to one half over the pairs of either kind.
        group: int64 [K], the bin.
    """

    stated: NDArray[np.float64]
    happened: NDArray[np.float64]
    weight: NDArray[np.float64]
    group: NDArray[np.int64]


def _binned(genuine: ArrayLike, impostor: ArrayLike, bins: int) -> _BinnedPairs:
    """Put pairs into bins; see `expected_calibration_error`."""
    same, other = (np.ravel(np.asarray(values, np.float64)) for values in (genuine, impostor))
    if not (len(same) and len(other)):
        raise IncompatibleError(f"{len(same)} genuine and {len(other)} impostor pairs; need at least 1 of each")
    stated = np.concatenate([same, other])
    if not ((stated >= 0) & (stated <= 1)).all():
        raise IncompatibleError("probabilities outside 0..1")
    counts = [len(same), len(other)]
    return _BinnedPairs(
        stated,
        happened=np.repeat([1.0, 0.0], counts),
        weight=np.repeat([0.5 / len(same), 0.5 / len(other)], counts),
        group=np.minimum((stated * bins).astype(np.int64), bins - 1),
    )


def _fit_logistic(genuine: NDArray[np.float64], impostor: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and intercept of the logistic curve; see `Calibration.fit`."""
    from sklearn.linear_model import LogisticRegression

    distances = np.concatenate([genuine, impostor])
    centre = distances.mean()
    scale = distances.std()
    if scale == 0:
        return 0.0, 0.0
    inputs = np.tile((distances - centre) / scale, 2)[:, None]
    counts = [len(genuine), len(impostor)]
    believed = np.repeat([(counts[0] + 1) / (counts[0] + 2), 1 / (counts[1] + 2)], counts)
    share = np.repeat([1 / counts[0], 1 / counts[1]], counts) * len(distances) / 2
    # Every pair twice: as one person's with the weight that this is believed with, and as two people's with the rest.
    labels = np.repeat([1, 0], len(distances))
    weights = np.concatenate([share * believed, share * (1 - believed)])
    curve = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-9, max_iter=1000)
    curve.fit(inputs, labels, sample_weight=weights)
    slope = float(curve.coef_[0, 0]) / float(scale)
    return slope, float(curve.intercept_[0]) - slope * float(centre)
