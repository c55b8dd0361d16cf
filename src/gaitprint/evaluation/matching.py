"""`Matcher`: compare two walks, find people in a gallery, check who somebody claims to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.distance import pairwise_distance
from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import IncompatibleError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.evaluation.calibration import Calibration
from gaitprint.evaluation.evaluate import arithmetic_of, standardise

if TYPE_CHECKING:
    from gaitprint.evaluation.walk_embedder import WalkEmbedder

# Scaled by their own deviation, any two walks are equally far apart.
_LEAST_WALKS_TO_STANDARDISE = 3


@dataclass(frozen=True)
class Comparison:
    """How alike two walks are.

    Args:
        distance: in the model's metric; smaller is more alike.
        similarity: as `similarity_of`; larger is more alike.
        probability: in 0..1, that both are one person's, where that was as likely as not before they were compared;
            None from a model without calibration.
    """

    distance: float
    similarity: float
    probability: float | None


@dataclass(frozen=True)
class Candidate:
    """A person of a gallery, as near to a walk as the nearest of this person's walks is.

    Args:
        subject: who.
        distance: of the nearest walk, in the model's metric.
        similarity: of the nearest walk, as `similarity_of`.
        probability: in 0..1, that the two walks are one person's, were there no others to choose from (see
            `Comparison`); those of several candidates do not add up to 1. None from a model without calibration.
        nearest_walk: id of the nearest walk.
    """

    subject: str
    distance: float
    similarity: float
    probability: float | None
    nearest_walk: str


@dataclass(frozen=True)
class Verification:
    """Whether a walk is taken for that of the person who is claimed.

    Args:
        accepted: whether `distance` is at most `threshold`.
        distance: to the nearest walk of the person, in the model's metric.
        threshold: the largest distance that is accepted.
        probability: in 0..1, that the walk and the nearest one are one person's, as in `Comparison`.
    """

    accepted: bool
    distance: float
    threshold: float
    probability: float


@overload
def similarity_of(distance: float, metric: str) -> float: ...


@overload
def similarity_of(distance: NDArray[np.float32], metric: str) -> NDArray[np.float32]: ...


def similarity_of(distance: float | NDArray[np.float32], metric: str) -> float | NDArray[np.float32]:
    """Turn a distance, or an array of distances, into a similarity: larger is more alike.

    ``cosine``: 1 - distance, the cosine itself, in -1..1. ``normalised-cosine``: -distance, by how many standard
    deviations the cosine is above those of strangers. Euclidean metrics: 1 / (1 + distance), in 0..1; 1 is the same.

    >>> similarity_of(0.25, "cosine"), similarity_of(-4.0, "normalised-cosine"), similarity_of(3.0, "euclidean")
    (0.75, 4.0, 0.25)
    """
    if metric == "cosine":
        return 1 - distance
    return -distance if metric == "normalised-cosine" else (1 + distance) ** -1


class Matcher:
    """Compares walks with a model.

    Distances of a ``standardised-euclidean`` model (``anthropometry``) are taken on the scale of all walks at hand:
    probe and gallery, or all walks of a matrix. Two walks alone have no such scale, and are refused.

    Args:
        model: what embeds walks, for example ``gaitprint.load("run")``.

    Example:
        >>> import gaitprint
        >>> rng = np.random.default_rng(0)
        >>> def walk(subject: str, number: int, size: float) -> GaitSequence:
        ...     joints = size * (1 + np.arange(60.0).reshape(20, 3) % 7) + rng.normal(scale=0.01, size=(30, 20, 3))
        ...     labels = (subject, f"walk-{number}", "front", 30.0)
        ...     return GaitSequence(*labels, joints=joints.astype(np.float32), skeleton="kinect-v1-20")
        >>> matcher = Matcher(gaitprint.load("anthropometry"))
        >>> gallery = [walk("anna", 1, 1.0), walk("ben", 1, 1.1), walk("eve", 1, 1.2)]
        >>> [candidate.subject for candidate in matcher.identify(walk("anna", 2, 1.0), gallery)]
        ['anna', 'ben', 'eve']
    """

    def __init__(self, model: WalkEmbedder) -> None:
        self.model = model

    def distance(self, first: GaitSequence, second: GaitSequence) -> float:
        """Distance of two walks in the model's metric; smaller is more alike.

        Raises:
            IncompatibleError: the model cannot embed a walk, or compares walks on the scale of a set only.
        """
        values = self.model.embed([first, second])
        return float(self._distances(values[:1], values[1:])[0, 0])

    def similarity(self, first: GaitSequence, second: GaitSequence) -> float:
        """Similarity of two walks, as `similarity_of` has it; larger is more alike. Errors as `distance`."""
        return similarity_of(self.distance(first, second), self.model.distance)

    def similarity_matrix(self, walks: Sequence[GaitSequence]) -> NDArray[np.float32]:
        """Similarity of every walk to every other one, float32 [N, N], as `similarity_of`; embeds each walk once.

        Raises:
            IncompatibleError: as `distance`.
        """
        values = self.model.embed(walks)
        if self.model.distance == "standardised-euclidean":
            values = self._standardised(values)
        distances = pairwise_distance(values, values, arithmetic_of(self.model.distance))
        return similarity_of(distances, self.model.distance)

    def compare(self, first: GaitSequence, second: GaitSequence) -> Comparison:
        """Distance, similarity and probability of two walks. Errors as `distance`."""
        distance = self.distance(first, second)
        return Comparison(distance, similarity_of(distance, self.model.distance), self._probability(distance))

    def identify(
        self, walk: GaitSequence, gallery: Sequence[GaitSequence] | EmbeddingSet, top_k: int = 5
    ) -> tuple[Candidate, ...]:
        """Rank the people of a gallery by their walk that is nearest to `walk`.

        Args:
            walk: the probe.
            gallery: walks of known people; or their embeddings, from `model.embed_store` or an earlier search.
            top_k: how many people to return, >= 1.

        Returns:
            At most `top_k` people, nearest first; at equal distance in the order of the gallery. Somebody is always
            nearest, whether or not the person walking is in the gallery.

        Raises:
            UsageError: `top_k` below 1.
            IncompatibleError: an empty gallery, embeddings of another model, or as `distance`.
        """
        if top_k < 1:
            raise UsageError(f"top_k is {top_k}, must be at least 1")
        known, distances = self._search(walk, gallery)
        candidates: dict[str, Candidate] = {}
        for place in np.argsort(distances, kind="stable"):
            subject, distance = str(known.subjects[place]), float(distances[place])
            if subject not in candidates:
                similarity = similarity_of(distance, self.model.distance)
                nearest = f"{subject}/{known.conditions[place]}/{known.views[place]}"
                candidates[subject] = Candidate(subject, distance, similarity, self._probability(distance), nearest)
            if len(candidates) == top_k:
                break
        return tuple(candidates.values())

    def verify(
        self, walk: GaitSequence, claimed: Sequence[GaitSequence] | EmbeddingSet, fmr: float = 0.01
    ) -> Verification:
        """Decide whether a walk is that of the person whose walks are `claimed`.

        The nearest of K claimed walks is compared with the threshold of the false match rate `fmr` / K: a stranger
        has K chances of coming near one of them, and together these are then no more than `fmr`.

        Args:
            walk: the probe.
            claimed: K walks of the claimed person, or their embeddings; more make it easier to be recognised.
            fmr: share of strangers that may be accepted; what the calibration's own strangers were like.

        Raises:
            UsageError: a model without calibration, or a rate that the calibration cannot show for K walks.
            IncompatibleError: no claimed walk, or as `distance`.
        """
        calibration = self.model.calibration
        if calibration is None:
            raise UsageError(f"'{self.model.name}' is not calibrated: which distance to accept is not known")
        if not len(claimed):
            raise IncompatibleError(f"{walk.id}: no walk of the claimed person to compare with")
        threshold = _threshold_for_nearest(calibration, fmr, len(claimed))
        distance = float(self._search(walk, claimed)[1].min())
        return Verification(distance <= threshold, distance, threshold, calibration.probability(distance))

    def _search(
        self, walk: GaitSequence, gallery: Sequence[GaitSequence] | EmbeddingSet
    ) -> tuple[EmbeddingSet, NDArray[np.float32]]:
        """Embeddings of the gallery, M >= 1, and the distance of each to `walk`, float32 [M]."""
        if not len(gallery):
            raise IncompatibleError(f"{walk.id}: the gallery is empty")
        if isinstance(gallery, EmbeddingSet):
            probe, known = self.model.embed([walk]), gallery
        else:
            values = self.model.embed([walk, *gallery])
            labels = ([getattr(entry, name) for entry in gallery] for name in ("subject", "condition", "view"))
            probe, known = values[:1], EmbeddingSet(values[1:], *(np.array(column, np.str_) for column in labels))
        return known, self._distances(probe, known.embeddings)[0]

    def _distances(self, probe: NDArray[np.float32], gallery: NDArray[np.float32]) -> NDArray[np.float32]:
        """Distances float32 [N, M] of probes [N, P, D] to entries [M, P, D], in the model's metric."""
        if self.model.distance == "standardised-euclidean" and probe.shape[1:] == gallery.shape[1:]:
            values = self._standardised(np.concatenate([probe, gallery]))
            probe, gallery = values[: len(probe)], values[len(probe) :]
        return pairwise_distance(probe, gallery, arithmetic_of(self.model.distance))

    def _standardised(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        if len(values) < _LEAST_WALKS_TO_STANDARDISE:
            raise IncompatibleError(
                f"'{self.model.name}' compares walks on the scale of at least {_LEAST_WALKS_TO_STANDARDISE} of them, "
                f"here are {len(values)}; search a gallery with it, or compare with another model"
            )
        return standardise(values, np.arange(len(values)))[0]

    def _probability(self, distance: float) -> float | None:
        calibration = self.model.calibration
        return None if calibration is None else calibration.probability(distance)


def _threshold_for_nearest(calibration: Calibration, fmr: float, walks: int) -> float:
    """Threshold at which the nearest of some walks is accepted of a share `fmr` of strangers."""
    try:
        return calibration.threshold(fmr / walks)
    except UsageError as error:
        if walks == 1:
            raise
        raise UsageError(f"false match rate {fmr:g} divided by {walks} claimed walks: {error}") from None
