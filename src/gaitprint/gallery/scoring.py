"""Candidates of one probe: compared by one model, or by several whose evidence is added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UsageError
from gaitprint.evaluation.matching import Candidate, similarity_of
from gaitprint.evaluation.walk_embedder import WalkEmbedder
from gaitprint.gallery.decision import log_likelihood_ratio, probability_of
from gaitprint.gallery.engine import Engine, Person
from gaitprint.gallery.ranking import exact_distances
from gaitprint.gallery.template import ModelKey, Template

_FIRST_POOL = 32


@dataclass(frozen=True, eq=False)
class Look:
    """What one model makes of a probe.

    Args:
        model: what embedded it.
        modality: of the walk that it looked at.
        key: what the vector can be compared with.
        vector: float32 [P, D].
    """

    model: WalkEmbedder
    modality: str
    key: ModelKey
    vector: NDArray[np.float32]


@dataclass(frozen=True)
class Compared:
    """A person's nearest template by one model.

    Args:
        model: name of the model.
        modality: what it looked at.
        distance: in the model's metric.
        similarity: as `evaluation.matching.similarity_of`.
        nearest_walk: id of the walk that the template was made from.
    """

    model: str
    modality: str
    distance: float
    similarity: float
    nearest_walk: str


@dataclass(frozen=True)
class Found(Candidate):
    """A person of a gallery; `distance`, `similarity` and `nearest_walk` are those of the first model that compared.

    Args:
        person_id: opaque id.
        score: log likelihood ratio of one person, summed over models; None where one is not calibrated.
        compared: what each model found of this person.
    """

    person_id: str
    score: float | None
    compared: tuple[Compared, ...]


def find_people(engine: Engine, looks: Sequence[Look], top_k: int) -> tuple[Found, ...]:
    """Find the people whom a probe is most likely of.

    With several models everybody's score would have to be known; instead, the nearest people of each model are scored
    with all of them, and twice as many, until nobody else can have a higher score than the last one found (the
    threshold algorithm of Fagin, Lotem and Naor, "Optimal aggregation algorithms for middleware", PODS 2001).

    Args:
        engine: where to search.
        looks: one or more; their models have templates in it.
        top_k: people to return.

    Raises:
        UsageError: several models, of which one is not calibrated.
    """
    if len(looks) == 1:
        (found,) = engine.search(looks[0].key, looks[0].vector[None], top_k)
        nearest = [[(looks[0], entry.distance, template)] for entry, template in found]
        return tuple(_found(each) for each in nearest)
    for look in looks:
        if look.model.calibration is None:
            raise UsageError(
                f"{look.model.name} is not calibrated, so that its evidence cannot be added to that of others"
            )
    pool = max(_FIRST_POOL, 2 * top_k)
    while True:
        searches = [engine.search(look.key, look.vector[None], pool)[0] for look in looks]
        people = {entry.person_id for search in searches for entry, _ in search}
        found_people = sorted(_score_all(engine, looks, sorted(people)), key=_order)
        # Whom no model has among its nearest has at most the score of each model's last one; or lacks templates of it.
        best_of_others = sum(
            max(0.0, _score(look, search[-1][0].distance)) if search else 0.0
            for look, search in zip(looks, searches, strict=True)
        )
        enough = len(found_people) >= top_k and (found_people[top_k - 1].score or 0.0) > best_of_others
        if enough or all(len(search) < pool for search in searches):
            return tuple(found_people[:top_k])
        pool *= 2


def match_person(engine: Engine, looks: Sequence[Look], person: Person) -> tuple[Found | None, dict[str, int]]:
    """Compare a probe with one person.

    Returns:
        what was found, None without any template that can be compared; how many templates of each model there are.
    """
    templates = {look.model.name: engine.of_people(look.key, [person.person_id]) for look in looks}
    counts = {name: len(each) for name, each in templates.items() if each}
    nearest = [_nearest(look, templates[look.model.name]) for look in looks if look.model.name in counts]
    return (_found(nearest) if nearest else None), counts


def _score_all(engine: Engine, looks: Sequence[Look], people: Sequence[str]) -> list[Found]:
    """Score some people with every model that they have templates of."""
    nearest: dict[str, list[tuple[Look, float, Template]]] = {}
    for look in looks:
        of_person: dict[str, list[Template]] = {}
        for template in engine.of_people(look.key, people):
            of_person.setdefault(template.person_id, []).append(template)
        for person, templates in of_person.items():
            nearest.setdefault(person, []).append(_nearest(look, templates))
    return [_found(each) for each in nearest.values()]


def _nearest(look: Look, templates: Sequence[Template]) -> tuple[Look, float, Template]:
    distances = exact_distances(look.key, look.vector, np.stack([template.vector for template in templates]))
    place = int(distances.argmin())
    return look, float(distances[place]), templates[place]


def _found(nearest: Sequence[tuple[Look, float, Template]]) -> Found:
    """A candidate from one person's nearest template by each model."""
    calibrated = all(look.model.calibration is not None for look, _, _ in nearest)
    score = sum(_score(look, distance) for look, distance, _ in nearest) if calibrated else None
    compared = tuple(
        Compared(look.model.name, look.modality, distance, similarity_of(distance, look.key.distance), template.walk)
        for look, distance, template in nearest
    )
    return Found(
        subject=nearest[0][2].person,
        distance=compared[0].distance,
        similarity=compared[0].similarity,
        probability=None if score is None else probability_of(score),
        nearest_walk=compared[0].nearest_walk,
        person_id=nearest[0][2].person_id,
        score=score,
        compared=compared,
    )


def _score(look: Look, distance: float) -> float:
    calibration = look.model.calibration
    return 0.0 if calibration is None else log_likelihood_ratio(calibration, distance)


def _order(found: Found) -> tuple[float, str]:
    return -(found.score or 0.0), found.person_id
