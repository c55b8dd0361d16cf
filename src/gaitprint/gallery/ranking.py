"""The exact nearest templates, found by an inner product that any engine can search, and bounds that prove it.

Every metric is turned into a maximum inner product, which all three engines know: a template becomes one search vector
g and one number o, a probe one vector q, and score = g . q + o.

- cosine: unit parts side by side, q divided by P. distance = 1 - score.
- normalised cosine: with mean m and deviation s of either side's cosines with strangers, the distance is the mean over
  parts of (m_q - c) / 2 s_q + (m_g - c) / 2 s_g. Cosine c is the product of two unit vectors u, so that
  g = [u_g, w u_g / 2 s_g], q = [u_q / 2 s_q, u_q / w] / P, o = -mean m_g / 2 s_g give distance = const_q - score;
  w = 0.3 makes both halves about as long.
- euclidean: g is the vector, o = -|g|^2 / 2, so that the squared distances of all parts add up to S = |q|^2 - 2 score.
  Their mean root, the distance, lies between sqrt(S) / P and sqrt(S / P); with one part both are the same.

Scores may be rounded, and the ranking still is exact: the best of them are compared again in float32, which gives a
distance that the wanted people certainly reach; whatever has a score that allows a smaller one is compared again too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.distance import Metric, as_tensor, paired_distance
from gaitprint.core.score_normalisation import unit_parts
from gaitprint.gallery.template import ModelKey

_BALANCE = 0.3  # w above
# Share of a score, and of the lengths that are multiplied, that float32 arithmetic may be off by; generous.
ROUNDING = 4e-6
_FIRST_TRIED = 64
_EXACT_AT_ONCE = 1 << 24  # values of vectors that are compared again together


@dataclass(frozen=True)
class Nearest:
    """The template of a person that is nearest to a probe.

    Args:
        person_id: opaque id of the person.
        template: the engine's own number or id of the template.
        distance: in the model's metric, float32 arithmetic.
    """

    person_id: str
    template: int | str
    distance: float


class Scored(Protocol):
    """What one engine knows about the scores of one probe with all templates of one model."""

    def best(self, count: int) -> list[int | str]:
        """Templates of the `count` best scores, best first; fewer where there are no more."""

    def at_least(self, score: float) -> list[int | str]:
        """All templates whose true score may be `score` or more."""

    def load(self, templates: list[int | str]) -> tuple[list[str], NDArray[np.float32]]:
        """Person ids [K] and vectors float32 [K, P, D] of templates."""


def search_vectors(key: ModelKey, vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Turn templates into what is searched.

    Args:
        key: their model.
        vectors: float32 [N, P, D].

    Returns:
        g float32 [N, L] and o float32 [N]; L is P D, or for normalised cosines 2 P (D - 2).
    """
    count = len(vectors)
    if key.distance == "cosine":
        return unit_parts(vectors).reshape(count, -1), np.zeros(count, np.float32)
    if key.distance == "normalised-cosine":
        units, mean, deviation = vectors[..., :-2], vectors[..., -2], 2 * vectors[..., -1]
        halves = np.stack([units, _BALANCE * units / deviation[..., None]], axis=2)
        return halves.reshape(count, -1), -(mean / deviation).mean(1)
    flat = vectors.reshape(count, -1)
    return flat, (-0.5 * np.einsum("nd,nd->n", flat, flat, dtype=np.float64)).astype(np.float32)


def whole_search_vectors(key: ModelKey, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Search vectors with their offset as a last value, float32 [N, L + 1], for engines that know products only."""
    searched, offset = search_vectors(key, vectors)
    return np.concatenate([searched, offset[:, None]], axis=1).astype(np.float32)


def search_length(key: ModelKey) -> int:
    """L: how many values a search vector of this model has."""
    return 2 * key.parts * (key.size - 2) if key.distance == "normalised-cosine" else key.parts * key.size


@dataclass(frozen=True, eq=False)
class ProbeScores:
    """How the scores of one probe are made and what they say.

    Args:
        vector: q, float32 [L].
        constant: 1 for cosines, const_q for normalised ones, |q|^2 for Euclidean distances.
        key: the model.
    """

    vector: NDArray[np.float32]
    constant: float
    key: ModelKey

    @classmethod
    def of(cls, key: ModelKey, probe: NDArray[np.float32]) -> ProbeScores:
        """Prepare a probe float32 [P, D]."""
        if key.distance == "cosine":
            return cls(np.asarray(unit_parts(probe) / key.parts, np.float32).ravel(), 1.0, key)
        if key.distance == "normalised-cosine":
            units, mean, deviation = probe[:, :-2], probe[:, -2], 2 * probe[:, -1]
            halves = np.stack([units / deviation[:, None], units / _BALANCE], axis=1)
            return cls(np.asarray(halves / key.parts, np.float32).ravel(), float((mean / deviation).mean()), key)
        flat = probe.ravel()
        return cls(flat, float(np.square(flat, dtype=np.float64).sum()), key)

    @property
    def whole_vector(self) -> NDArray[np.float32]:
        """The vector float32 [L + 1] whose product with one of `whole_search_vectors` is the score."""
        return np.append(self.vector, np.float32(1))

    def least_score(self, distance: float) -> float:
        """Return the smallest score that a template at `distance` or nearer can have."""
        if self.key.distance == "euclidean":
            return 0.5 * (self.constant - (self.key.parts * max(distance, 0.0)) ** 2)
        return self.constant - distance

    def margin(self, score: float) -> float:
        """How far float32 arithmetic may move the score of a template, at a score of about `score`."""
        return ROUNDING * (1.0 + abs(self.constant) + abs(score))


def nearest_people(probe: NDArray[np.float32], scores: ProbeScores, scored: Scored, count: int) -> list[Nearest]:
    """Rank people by their template that is nearest to a probe; exact in float32.

    Args:
        probe: float32 [P, D].
        scores: of this probe.
        scored: the templates.
        count: of people, >= 1.

    Returns:
        at most `count` people, nearest first; all of them where there are fewer.
    """
    compared: dict[int | str, Nearest] = {}
    tried = max(_FIRST_TRIED, 2 * count)
    while True:
        best = scored.best(tried)
        _compare(probe, scores.key, scored, best, compared)
        people = _by_person(compared)
        if len(people) >= count or len(best) < tried:
            break
        tried *= 4
    if len(best) == tried:
        least = scores.least_score(people[count - 1].distance)
        _compare(probe, scores.key, scored, scored.at_least(least - scores.margin(least)), compared)
        people = _by_person(compared)
    return people[:count]


def exact_distances(key: ModelKey, probe: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Distances float32 [N] of a probe [P, D] to vectors [N, P, D] in the model's metric."""
    import torch

    places = torch.arange(len(vectors))
    metric: Metric = key.distance  # type: ignore[assignment]  # checked by ModelKey
    # Pair by pair, so that a distance does not depend on what else is compared.
    distances = paired_distance(as_tensor(probe[None]), torch.zeros_like(places), as_tensor(vectors), places, metric)
    return np.asarray(distances.numpy(), np.float32)


def _compare(
    probe: NDArray[np.float32],
    key: ModelKey,
    scored: Scored,
    templates: list[int | str],
    compared: dict[int | str, Nearest],
) -> None:
    """Add the exact distances of those templates that were not compared before."""
    missing = [template for template in templates if template not in compared]
    at_once = max(1, _EXACT_AT_ONCE // probe.size)
    for start in range(0, len(missing), at_once):
        chunk = missing[start : start + at_once]
        people, vectors = scored.load(chunk)
        distances = exact_distances(key, probe, vectors)
        for template, person, distance in zip(chunk, people, distances.tolist(), strict=True):
            compared[template] = Nearest(person, template, distance)


def _by_person(compared: dict[int | str, Nearest]) -> list[Nearest]:
    """The nearest template of each person, nearest first; ties by the person's id, the same in every engine."""
    nearest: dict[str, Nearest] = {}
    for entry in sorted(compared.values(), key=lambda entry: (entry.distance, entry.person_id)):
        nearest.setdefault(entry.person_id, entry)
    return list(nearest.values())
