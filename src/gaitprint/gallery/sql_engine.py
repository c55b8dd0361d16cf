"""`SqlEngine`: what SQLite and PostgreSQL are asked alike; how they write, search and remove is each one's own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from gaitprint.gallery.engine import Engine, Person
from gaitprint.gallery.rows import (
    TABLES,
    TEMPLATES,
    is_model,
    key_values,
    people_query,
    summarise,
    template_of,
    templates_query,
)
from gaitprint.gallery.template import ModelKey, Template

_EXPORT_AT_ONCE = 100


class SqlEngine(Engine):
    """Templates in the tables that `rows` names.

    Attributes:
        MARK: what stands for a value in a query.
        AMONG: what stands for "is one of" an `_array`.
    """

    MARK: ClassVar[str]
    AMONG: ClassVar[str]

    def people(self, name: str | None = None) -> list[Person]:
        """See `Engine.people`."""
        if name is None:
            return summarise(self._rows(people_query(self.MARK)))
        return summarise(self._rows(people_query(self.MARK, "name"), (name,)))

    def _person_of_id(self, person_id: str) -> Person | None:
        return next(iter(summarise(self._rows(people_query(self.MARK, "id"), (person_id,)))), None)

    def templates(self, name: str | None = None) -> Iterator[Template]:
        """See `Engine.templates`; a few at a time, each time as they are then, so that nobody has to wait."""
        place, names = (0, 0), [] if name is None else [name]
        query = templates_query(self.MARK, of_name=name is not None)
        while True:
            rows = self._rows(query, (*place, *names, _EXPORT_AT_ONCE))
            for row in rows:
                yield template_of(row)
            if len(rows) < _EXPORT_AT_ONCE:
                return
            place = (rows[-1][-1], rows[-1][0])

    def of_people(self, key: ModelKey, person_ids: Sequence[str]) -> list[Template]:
        """See `Engine.of_people`."""
        query = f"{TEMPLATES} WHERE p.id {self.AMONG} AND {is_model(self.MARK)} ORDER BY t.number"
        return [template_of(row) for row in self._rows(query, (self._array(person_ids), *key_values(key)))]

    def counts(self, key: ModelKey) -> dict[str, int]:
        """See `Engine.counts`."""
        query = f"SELECT p.id, count(*) FROM {TABLES} WHERE {is_model(self.MARK)} GROUP BY p.number"
        return dict(self._rows(query, key_values(key)))

    @staticmethod
    @abstractmethod
    def _array(values: Sequence[Any]) -> Any:
        """Several values as the one that `AMONG` asks for."""

    @abstractmethod
    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query, in a transaction of its own; errors of the database as `GalleryError`."""
