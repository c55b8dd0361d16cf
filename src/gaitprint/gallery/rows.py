"""What both SQL engines share: the columns that are read of a template, and how rows become objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gaitprint.gallery.engine import Person
from gaitprint.gallery.template import ModelKey, Template, model_label

COLUMNS = (
    "t.number, t.id, p.id, p.name, m.name, m.weights_hash, m.distance, m.parts, m.size, t.modality, t.vector, t.walk, "
    "t.condition, t.view, t.quality, t.enrolled_at"
)
TABLES = "templates t JOIN people p ON p.number = t.person JOIN models m ON m.number = t.model"
FILES = "f.picture, f.walk, t.person"
# For `template_of`, and for `people_and_vectors`.
TEMPLATES = f"SELECT {COLUMNS} FROM {TABLES}"
VECTORS = "SELECT t.number, p.id, t.vector FROM templates t JOIN people p ON p.number = t.person"


def people_query(mark: str, by: Literal["name", "id"] | None = None) -> str:
    """A query for what `summarise` reads, of everybody, or of one name or id; `mark` stands for a value."""
    return (
        "SELECT p.id, p.name, m.name, m.weights_hash, t.modality, count(t.number), max(t.enrolled_at) "
        "FROM people p LEFT JOIN templates t ON t.person = p.number LEFT JOIN models m ON m.number = t.model "
        f"{f'WHERE p.{by} = {mark}' if by else ''} "
        "GROUP BY p.number, m.number, t.modality ORDER BY p.name, m.number"
    )


def templates_query(mark: str, *, of_name: bool) -> str:
    """A query for `COLUMNS` and `FILES` behind a place (person, template), of everybody or of one name, so many."""
    return (
        f"SELECT {COLUMNS}, {FILES} FROM {TABLES} LEFT JOIN files f ON f.template = t.number "
        f"WHERE (t.person, t.number) > ({mark}, {mark}) {f'AND p.name = {mark}' if of_name else ''} "
        f"ORDER BY t.person, t.number LIMIT {mark}"
    )


def is_model(mark: str) -> str:
    """A condition on the model that `key_values` gives the values of."""
    return " AND ".join(f"m.{column} = {mark}" for column in ("name", "weights_hash", "distance", "parts", "size"))


def key_values(key: ModelKey) -> tuple[str, str, str, int, int]:
    """The values of a model's columns, in the order of `COLUMNS`."""
    return key.name, key.weights_hash, key.distance, key.parts, key.size


def vectors_of(key: ModelKey, blobs: Sequence[bytes]) -> NDArray[np.float32]:
    """Vectors float32 [N, P, D] from the bytes that are kept of each."""
    return np.frombuffer(b"".join(blobs), np.float32).reshape(len(blobs), key.parts, key.size)


def people_and_vectors(
    key: ModelKey, rows: Iterable[Sequence[Any]], numbers: Sequence[int | str]
) -> tuple[list[str], NDArray[np.float32]]:
    """Person ids [K] and vectors float32 [K, P, D] of the templates of K numbers, from their `VECTORS` in any order."""
    known = {row[0]: row[1:] for row in rows}
    chosen = [known[number] for number in numbers]
    return [person_id for person_id, _ in chosen], vectors_of(key, [vector for _, vector in chosen])


def template_of(row: Sequence[Any]) -> Template:
    """A template from a row of `COLUMNS`, or of `COLUMNS` and `FILES`."""
    key = ModelKey(*row[4:9])
    picture, walk_file = row[16:18] if len(row) > 16 else (None, None)
    return Template(
        person=row[3],
        model=key,
        modality=row[9],
        vector=vectors_of(key, [row[10]])[0],
        walk=row[11],
        condition=row[12],
        view=row[13],
        quality=row[14],
        enrolled_at=row[15],
        picture=picture,
        walk_file=walk_file,
        person_id=row[2],
        template_id=row[1],
    )


def summarise(rows: Sequence[Sequence[Any]]) -> list[Person]:
    """People from rows (id, name, model, weights hash, modality, templates, last enrollment), ordered by person."""
    people: dict[str, Person] = {}
    for person_id, name, model, weights_hash, modality, count, last in rows:
        known = people.get(person_id, Person(person_id, name, {}, (), ""))
        if count:
            label = model_label(model, weights_hash)
            templates = {**known.templates, label: known.templates.get(label, 0) + count}
            modalities = tuple(sorted({*known.modalities, modality}))
            known = Person(person_id, name, templates, modalities, max(known.last_enrolled_at, last))
        people[person_id] = known
    return list(people.values())
