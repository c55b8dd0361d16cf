"""Searching templates in PostgreSQL: scored by inner product, all of them or those that a graph proposes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitprint.gallery.ranking import ProbeScores, search_length
from gaitprint.gallery.rows import VECTORS, people_and_vectors
from gaitprint.gallery.template import ModelKey

# Candidates that the graph is asked for.
_CANDIDATES = 400
# Any number will do, as long as nobody else makes tables under it.
LOCK = 0x67616974


class PostgresScores:
    """Scores of one probe with all templates of a model; see `ranking.Scored`.

    Args:
        connection: in a transaction.
        key: the model.
        number: of the model.
        scores: of the probe.
    """

    def __init__(self, connection: Any, key: ModelKey, number: int, scores: ProbeScores) -> None:
        self._connection = connection
        self._key = key
        self._of_model = f"FROM templates t WHERE t.model = {int(number)}"
        self._probe = as_text(scores.whole_vector)
        length = search_length(key) + 1
        self._score = f"t.search::vector({length}) <#> %s::vector({length})"  # the negative inner product
        self._has_graph = has_graph(connection, number)
        if self._has_graph:
            # So that as many are looked at as are asked for, and the graph is taken where it exists.
            for setting in (
                f"hnsw.ef_search = {_CANDIDATES}",
                "hnsw.iterative_scan = relaxed_order",
                "enable_sort = off",
            ):
                connection.execute(f"SET LOCAL {setting}")

    def best(self, count: int) -> list[int | str]:
        """See `ranking.Scored`."""
        query = f"SELECT t.number {self._of_model} ORDER BY {self._score} LIMIT %s"
        return [row[0] for row in self._connection.execute(query, (self._probe, count)).fetchall()]

    def at_least(self, score: float) -> list[int | str]:
        """See `ranking.Scored`; nothing where a graph proposes candidates, which knows no scores of the others."""
        if self._has_graph:
            return []
        query = f"SELECT t.number {self._of_model} AND {self._score} <= %s"
        return [row[0] for row in self._connection.execute(query, (self._probe, -score)).fetchall()]

    def load(self, templates: list[int | str]) -> tuple[list[str], NDArray[np.float32]]:
        """See `ranking.Scored`."""
        rows = self._connection.execute(f"{VECTORS} WHERE t.number = ANY(%s)", (templates,))
        return people_and_vectors(self._key, rows, templates)


def has_graph(connection: Any, model: int) -> bool:
    """Whether a model's templates are searched by a graph."""
    found = connection.execute("SELECT to_regclass(%s)", (f"gaitprint.graph_{int(model)}",)).fetchone()
    return found[0] is not None


def make_graph(connection: Any, model: int, length: int) -> None:
    """Build the graph of a model's templates, whose search vectors have `length` values, unless there is one."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
    connection.execute(
        f"CREATE INDEX IF NOT EXISTS graph_{int(model)} ON templates USING hnsw "
        f"((search::vector({int(length)})) vector_ip_ops) WHERE model = {int(model)}"
    )


def as_text(vector: NDArray[np.float32]) -> str:
    """A vector as pgvector reads it."""
    return str(vector.tolist())
