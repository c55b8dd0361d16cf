"""Candidates of one probe: walks of one person, compared by one model, or by several whose evidence is added up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
        modality: of the walks that it looked at.
        key: what the vectors can be compared with.
        walks: ids [N] of the walks that it looked at.
        vectors: float32 [N, P, D].
    """

    model: WalkEmbedder
    modality: str
    key: ModelKey
    walks: tuple[str, ...]
    vectors: NDArray[np.float32]

    def worth(self, distances: Sequence[float] | NDArray[np.float32]) -> float:
        """Evidence for a person whose nearest templates are so far from each walk: larger is likelier.

        The mean log likelihood ratio; of a model without calibration, minus the mean distance.
        """
        mean = float(np.mean(np.asarray(distances, np.float64)))
        calibration = self.model.calibration
        return -mean if calibration is None else log_likelihood_ratio(calibration, mean)


@dataclass(frozen=True)
class Compared:
    """How near a person's templates of one model are to the walks that this model looked at.

    Args:
        model: name of the model.
        modality: what it looked at.
        distance: mean over the walks of that to the nearest template, in the model's metric.
        similarity: of that distance, as `evaluation.matching.similarity_of`.
        nearest_walk: id of the walk of the nearest template of all.
        walks: ids of the probe's walks.
        distances: of each of them to the nearest template.
    """

    model: str
    modality: str
    distance: float
    similarity: float
    nearest_walk: str
    walks: tuple[str, ...]
    distances: tuple[float, ...]


@dataclass(frozen=True)
class Found(Candidate):
    """A person of a gallery; `distance`, `similarity` and `nearest_walk` are those of the first model that compared.

    Args:
        person_id: opaque id.
        score: log likelihood ratio of one person: the mean over walks, summed over models; None where one is not
            calibrated.
        compared: what each model found of this person.
    """

    person_id: str
    score: float | None
    compared: tuple[Compared, ...]


@dataclass(frozen=True, eq=False)
class _Nearness:
    """A person's nearest template to each walk that a model looked at."""

    look: Look
    distances: NDArray[np.float32]  # [N]
    templates: Sequence[Template]  # [N]


def find_people(engine: Engine, looks: Sequence[Look], top_k: int) -> tuple[Found, ...]:
    """Find the people whom a probe is most likely of.

    With several walks everybody's score would have to be known; instead, the people nearest to each walk by each model
    are scored with all of them, and twice as many, until nobody else can have a higher score than the last one found
    (the threshold algorithm of Fagin, Lotem and Naor, "Optimal aggregation algorithms for middleware", PODS 2001).

    Args:
        engine: where to search.
        looks: one or more; their models have templates in it.
        top_k: people to return.

    Raises:
        UsageError: several models, of which one is not calibrated.
    """
    if len(looks) == 1 and len(looks[0].walks) == 1:
        (found,) = engine.search(looks[0].key, looks[0].vectors, top_k)
        single = [_Nearness(looks[0], np.array([entry.distance], np.float32), [template]) for entry, template in found]
        return tuple(_found([each]) for each in single)
    for look in looks:
        if len(looks) > 1 and look.model.calibration is None:
            raise UsageError(
                f"{look.model.name} is not calibrated, so that its evidence cannot be added to that of others"
            )
    pool = max(_FIRST_POOL, 2 * top_k)
    scored: dict[str, tuple[float, Found]] = {}
    while True:
        searches = [engine.search(look.key, look.vectors, pool) for look in looks]
        near = {entry.person_id for search in searches for found in search for entry, _ in found}
        scored |= _score_all(engine, looks, sorted(near - scored.keys()))
        ranking = sorted(scored.items(), key=lambda item: (-item[1][0], item[0]))[:top_k]
        # Whom no search found is as far from each walk as the last one found, or has no template of the model.
        others = [
            look.worth([found[-1][0].distance for found in search])
            for look, search in zip(looks, searches, strict=True)
            if all(len(found) == pool for found in search)
        ]
        most = sum(worth for worth in others if worth > 0) or max(others, default=-math.inf)
        if not others or (len(ranking) == top_k and ranking[-1][1][0] > most):
            return tuple(found for _, (_, found) in ranking)
        pool *= 2


def match_person(engine: Engine, looks: Sequence[Look], person: Person) -> tuple[Found | None, Mapping[ModelKey, int]]:
    """Compare a probe with one person.

    Returns:
        what was found, None without any template that can be compared; how many templates of each model there are.
    """
    templates = {look.key: engine.of_people(look.key, [person.person_id]) for look in looks}
    counts = {key: len(each) for key, each in templates.items() if each}
    nearest = [_nearest(look, templates[look.key])[person.person_id] for look in looks if look.key in counts]
    return (_found(nearest) if nearest else None), counts


def _score_all(engine: Engine, looks: Sequence[Look], people: Sequence[str]) -> dict[str, tuple[float, Found]]:
    """What each of some people is worth, with every model that they have templates of."""
    nearest: dict[str, list[_Nearness]] = {}
    for look in looks if people else ():
        for person, near in _nearest(look, engine.of_people(look.key, people)).items():
            nearest.setdefault(person, []).append(near)
    return {
        person: (sum(near.look.worth(near.distances) for near in each), _found(each))
        for person, each in nearest.items()
    }


def _nearest(look: Look, templates: Sequence[Template]) -> dict[str, _Nearness]:
    """The nearest of each person's templates to each walk."""
    if not templates:
        return {}
    vectors = np.stack([template.vector for template in templates])
    distances = np.stack([exact_distances(look.key, probe, vectors) for probe in look.vectors])  # [N, templates]
    of_person: dict[str, list[int]] = {}
    for place, template in enumerate(templates):
        of_person.setdefault(template.person_id, []).append(place)
    nearest = {}
    for person, places in of_person.items():
        own = np.array(places)[distances[:, places].argmin(axis=1)]  # [N]
        nearest[person] = _Nearness(look, distances[np.arange(len(own)), own], [templates[place] for place in own])
    return nearest


def _found(nearest: Sequence[_Nearness]) -> Found:
    """A candidate from how near one person is by each model."""
    calibrated = all(near.look.model.calibration is not None for near in nearest)
    score = sum(near.look.worth(near.distances) for near in nearest) if calibrated else None
    compared = tuple(_compared(near) for near in nearest)
    template = nearest[0].templates[0]
    return Found(
        subject=template.person,
        distance=compared[0].distance,
        similarity=compared[0].similarity,
        probability=None if score is None else probability_of(score),
        nearest_walk=compared[0].nearest_walk,
        person_id=template.person_id,
        score=score,
        compared=compared,
    )


def _compared(near: _Nearness) -> Compared:
    distance = float(np.mean(near.distances, dtype=np.float64))
    return Compared(
        near.look.model.name,
        near.look.modality,
        distance,
        similarity_of(distance, near.look.key.distance),
        near.templates[int(near.distances.argmin())].walk,
        near.look.walks,
        tuple(near.distances.tolist()),
    )
