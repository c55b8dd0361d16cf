"""PostgreSQL with pgvector: one server for many clients, durable and transactional as PostgreSQL is.

Search vectors are a column of type `vector`, ordered by inner product. Up to `EXACT_UP_TO` templates of a model, all
are scored and the result is exact (`ranking`); above that an HNSW graph (Malkov and Yashunin, "Efficient and robust
approximate nearest neighbor search", PAMI 2020) gives candidates that are compared again exactly, so that distances are
exact and who is found nearly always is; a model of more than 2,000 search values has no graph, and stays exact.

A connection that is lost is opened again, and what was under way is done again: templates carry their ids, so that
doing it twice is doing it once.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UsageError
from gaitprint.core.extras import needs_extra
from gaitprint.gallery.engine import GalleryError, without_password
from gaitprint.gallery.postgres_search import LOCK, PostgresScores, as_text, make_graph
from gaitprint.gallery.ranking import Nearest, ProbeScores, nearest_people, search_length, whole_search_vectors
from gaitprint.gallery.rows import TEMPLATES, is_model, key_values, template_of
from gaitprint.gallery.sql_engine import SqlEngine
from gaitprint.gallery.template import ModelKey, Template

T = TypeVar("T")

# Templates of a model up to which all of them are scored.
EXACT_UP_TO = 20_000

_LONGEST_IN_GRAPH = 2000
_ATTEMPTS = 6
_VERSION = 1

# What every search reads stays in the rows of its table, as far as it fits; what few need goes beside it.
_SCHEMA = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE SCHEMA IF NOT EXISTS gaitprint;
CREATE TABLE IF NOT EXISTS gaitprint.version (version integer NOT NULL);
CREATE TABLE IF NOT EXISTS gaitprint.people (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE, name text COLLATE "C" NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS gaitprint.models (number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL, weights_hash text NOT NULL, distance text NOT NULL, parts integer NOT NULL,
    size integer NOT NULL, UNIQUE (name, weights_hash, distance, parts, size));
CREATE TABLE IF NOT EXISTS gaitprint.templates (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text NOT NULL UNIQUE, person bigint NOT NULL REFERENCES gaitprint.people ON DELETE CASCADE,
    model integer NOT NULL REFERENCES gaitprint.models, modality text NOT NULL, walk text NOT NULL,
    condition text NOT NULL, view text NOT NULL, quality double precision, enrolled_at text NOT NULL,
    vector bytea NOT NULL, search vector NOT NULL);
ALTER TABLE gaitprint.templates ALTER COLUMN vector SET STORAGE EXTERNAL;
ALTER TABLE gaitprint.templates ALTER COLUMN search SET STORAGE MAIN;
CREATE INDEX IF NOT EXISTS templates_of_person ON gaitprint.templates (person, model);
CREATE INDEX IF NOT EXISTS templates_of_model ON gaitprint.templates (model);
CREATE TABLE IF NOT EXISTS gaitprint.files (
    template bigint PRIMARY KEY REFERENCES gaitprint.templates ON DELETE CASCADE, picture bytea, walk bytea);
"""
_MODEL_NUMBER = f"SELECT m.number FROM models m WHERE {is_model('%s')}"


class PostgresEngine(SqlEngine):
    """Templates in a database; see the module's text.

    Args:
        url: of the database, as libpq takes it.
        create: whether to make the tables where there are none.
    """

    MARK = "%s"
    AMONG = "= ANY(%s)"

    def __init__(self, url: str, *, create: bool) -> None:
        self.location = without_password(url)
        self._url = url
        self._connection: Any = None
        self._with_graph: set[ModelKey] = set()
        try:
            self._attempt(lambda connection: self._prepare(connection, create))
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, location: str, *, create: bool = True) -> Self:
        """See `Engine.open`; `location` is a URL."""
        with needs_extra("postgres", "a gallery in PostgreSQL"):
            import psycopg  # noqa: F401
        return cls(location, create=create)

    def add(self, templates: Sequence[Template]) -> None:
        """See `Engine.add`."""
        self._attempt(lambda connection: self._insert(connection, templates))
        self.make_graphs(template.model for template in templates)

    def replace(self, name: str, gone: Sequence[str], templates: Sequence[Template]) -> None:
        """See `Engine.replace`."""
        person = self._id(name)

        def work(connection: Any) -> None:
            connection.execute(
                "DELETE FROM templates t USING people p WHERE t.person = p.number AND p.id = %s AND t.id = ANY(%s)",
                (person, list(gone)),
            )
            self._insert(connection, templates)

        self._attempt(work)
        self.make_graphs(template.model for template in templates)

    def rename(self, old: str, new: str) -> None:
        """See `Engine.rename`."""
        from psycopg.errors import UniqueViolation

        person = self._id(old)

        def work(connection: Any) -> None:
            try:
                connection.execute("UPDATE people SET name = %s WHERE id = %s", (new, person))
            except UniqueViolation:
                raise UsageError(f"{self.location}: somebody is enrolled as '{new}' already") from None

        self._attempt(work)

    def delete(self, name: str) -> int:
        """See `Engine.delete`; what the server itself keeps for a while is said in docs/gallery.md."""
        person = self._id(name)

        def work(connection: Any) -> int:
            # The person first: an enrollment that is under way ends before, or finds nobody and starts again.
            connection.execute("SELECT 1 FROM people WHERE id = %s FOR UPDATE", (person,))
            of_person = "DELETE FROM templates USING people p WHERE person = p.number AND p.id = %s"
            gone = connection.execute(of_person, (person,)).rowcount
            connection.execute("DELETE FROM people WHERE id = %s", (person,))
            return int(gone)

        gone = self._attempt(work)
        # Outside of a transaction: takes the dead rows out of tables and indexes.
        self._attempt(lambda connection: connection.execute("VACUUM templates, files, people"), in_transaction=False)
        return gone

    def models(self) -> dict[ModelKey, int]:
        """See `Engine.models`."""
        rows = self._rows(
            "SELECT m.name, m.weights_hash, m.distance, m.parts, m.size, count(*) FROM templates t "
            "JOIN models m ON m.number = t.model GROUP BY m.number ORDER BY m.number"
        )
        return {ModelKey(*row[:-1]): row[-1] for row in rows}

    def size(self) -> int:
        """See `Engine.size`."""
        return int(self._rows("SELECT count(*) FROM people")[0][0])

    def search(self, key: ModelKey, probes: NDArray[np.float32], count: int) -> list[list[tuple[Nearest, Template]]]:
        """See `Engine.search`; all probes see one state of the gallery."""

        def work(connection: Any) -> list[list[tuple[Nearest, Template]]]:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            row = connection.execute(_MODEL_NUMBER, key_values(key)).fetchone()
            if row is None:
                return [[] for _ in probes]
            found = []
            for probe in probes:
                scores = ProbeScores.of(key, probe)
                found.append(nearest_people(probe, scores, PostgresScores(connection, key, row[0], scores), count))
            numbers = [entry.template for entries in found for entry in entries]
            rows = connection.execute(f"{TEMPLATES} WHERE t.number {self.AMONG}", (numbers,)).fetchall()
            known = {row[0]: template_of(row) for row in rows}
            return [[(entry, known[int(entry.template)]) for entry in entries] for entries in found]

        return self._attempt(work)

    def close(self) -> None:
        """See `Engine.close`."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _prepare(self, connection: Any, create: bool) -> None:
        # Two clients that make the tables at once would trip over each other.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        known = connection.execute("SELECT to_regclass('gaitprint.version')").fetchone()[0]
        if known is None and not create:
            raise UsageError(f"{self.location}: no gallery here; gaitprint enroll makes one")
        row = connection.execute("SELECT version FROM gaitprint.version").fetchone() if known else None
        if row is None:
            for statement in _SCHEMA.split(";"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute("INSERT INTO gaitprint.version VALUES (%s)", (_VERSION,))
        elif row[0] > _VERSION:
            raise GalleryError(f"{self.location}: made by a later release (version {row[0]}, known {_VERSION})")

    def _attempt(self, work: Callable[[Any], T], *, in_transaction: bool = True) -> T:
        """Do work in a transaction; again with a new connection where the old one was lost, or others were first."""
        import psycopg

        for attempt in range(_ATTEMPTS):
            try:
                connection = self._open()
                if not in_transaction:
                    return work(connection)
                with connection.transaction():
                    return work(connection)
            except (psycopg.OperationalError, psycopg.errors.ForeignKeyViolation, psycopg.InterfaceError) as error:
                # Lost, in a deadlock, or a person was removed meanwhile. Whether it was acknowledged is not known.
                if attempt == _ATTEMPTS - 1 or not _is_passing(error):
                    raise GalleryError(f"{self.location}: {_first_line(error)}") from error
                if self._connection is not None and self._connection.closed:
                    self._connection = None
                time.sleep(0.1 * 2**attempt)
            except psycopg.Error as error:
                raise GalleryError(f"{self.location}: {_first_line(error)}") from error
        raise AssertionError("the last attempt returns or raises")

    def _open(self) -> Any:
        if self._connection is None or self._connection.closed:
            import psycopg

            options = "-c search_path=gaitprint,public -c synchronous_commit=on"
            self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=10, options=options)
        return self._connection

    @staticmethod
    def _array(values: Sequence[Any]) -> list[Any]:
        return list(values)

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._attempt(lambda connection: connection.execute(query, values).fetchall())
        return rows

    def _id(self, name: str) -> str:
        rows = self._rows("SELECT id FROM people WHERE name = %s", (name,))
        if not rows:
            raise self.nobody(name)
        return str(rows[0][0])

    def _insert(self, connection: Any, templates: Sequence[Template]) -> None:
        people: dict[tuple[str, str], int] = {}
        models: dict[ModelKey, int] = {}
        # In one order everywhere, so that two clients do not wait for each other.
        for who in sorted({(template.person, template.person_id) for template in templates}):
            people[who] = _person_number(connection, *who)
        for key in sorted({template.model for template in templates}):
            models[key] = _model_number(connection, key)
        rows, files = [], []
        for each in templates:
            searched = as_text(whole_search_vectors(each.model, each.vector[None])[0])
            labels = each.modality, each.walk, each.condition, each.view, each.quality, each.enrolled_at
            numbers = people[each.person, each.person_id], models[each.model]
            rows.append((each.template_id, *numbers, *labels, each.vector.tobytes(), searched))
            if each.picture is not None or each.walk_file is not None:
                files.append((each.picture, each.walk_file, each.template_id))
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO templates (id, person, model, modality, walk, condition, view, quality, enrolled_at, "
                "vector, search) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::vector) "
                "ON CONFLICT (id) DO NOTHING",
                rows,
            )
            cursor.executemany(
                "INSERT INTO files SELECT number, %s::bytea, %s::bytea FROM templates WHERE id = %s "
                "ON CONFLICT DO NOTHING",
                files,
            )

    def make_graphs(self, keys: Iterable[ModelKey]) -> None:
        """Build the graph of each model that has outgrown the exact search; once, and then the server keeps it."""
        for key in set(keys) - self._with_graph:
            length = search_length(key) + 1
            if length > _LONGEST_IN_GRAPH:
                continue
            number, count = self._rows(
                "SELECT m.number, (SELECT count(*) FROM templates t WHERE t.model = m.number) FROM models m "
                f"WHERE {is_model(self.MARK)}",
                key_values(key),
            )[0]
            if count > EXACT_UP_TO:
                self._attempt(partial(make_graph, model=number, length=length))
                self._with_graph.add(key)


def _person_number(connection: Any, name: str, person_id: str) -> int:
    """Number of a person by id, else by name, made where there is none; kept from being removed meanwhile."""
    find = "SELECT number FROM people WHERE {} = %s FOR KEY SHARE"
    for column, value in (("id", person_id), ("name", name)):
        if row := connection.execute(find.format(column), (value,)).fetchone():
            return int(row[0])
    made = "INSERT INTO people (id, name) VALUES (%s, %s) ON CONFLICT (name) DO NOTHING"
    connection.execute(made, (person_id or uuid.uuid4().hex, name))
    row = connection.execute(find.format("name"), (name,)).fetchone()
    if row is None:  # somebody else made and removed the person just now
        from psycopg.errors import ForeignKeyViolation

        raise ForeignKeyViolation("the person was removed meanwhile")
    return int(row[0])


def _model_number(connection: Any, key: ModelKey) -> int:
    if row := connection.execute(_MODEL_NUMBER, key_values(key)).fetchone():
        return int(row[0])
    columns = "name, weights_hash, distance, parts, size"
    connection.execute(
        f"INSERT INTO models ({columns}) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING", key_values(key)
    )
    return int(connection.execute(_MODEL_NUMBER, key_values(key)).fetchone()[0])


def _is_passing(error: Exception) -> bool:
    """Whether trying again may help: no connection, a restart, a deadlock, or somebody else who was first."""
    state = getattr(error, "sqlstate", None)
    return state is None or state[:2] in ("08", "40", "57") or state == "23503"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
