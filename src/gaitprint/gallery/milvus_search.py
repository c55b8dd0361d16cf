"""Searching templates in Milvus: scored by inner product over all vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitprint.gallery.milvus_collections import LABELS
from gaitprint.gallery.ranking import ProbeScores
from gaitprint.gallery.template import ModelKey

_MOST_FOUND = 16_384  # that Milvus returns at once


class RemovedMeanwhileError(Exception):
    """A template that was found is not there any more when it is to be compared."""


class MilvusScores:
    """Scores of one probe with all templates of a model; see `ranking.Scored`.

    Args:
        client: of Milvus.
        collection: of the model's templates.
        key: the model.
        scores: of the probe.
        wanted: an expression for those that are searched.

    Attributes:
        rows: of all templates that were loaded, by id.
    """

    def __init__(self, client: Any, collection: str, key: ModelKey, scores: ProbeScores, wanted: str) -> None:
        self._client = client
        self._collection = collection
        self._key = key
        self._wanted = wanted
        self.scores = scores
        self.rows: dict[str, dict[str, Any]] = {}

    def best(self, count: int) -> list[int | str]:
        """See `ranking.Scored`."""
        return [str(hit["id"]) for hit in self._hits(count)]

    def at_least(self, score: float) -> list[int | str]:
        """See `ranking.Scored`."""
        count = 256
        while True:
            hits = self._hits(count)
            if len(hits) < count or hits[-1]["distance"] < score or count == _MOST_FOUND:
                return [str(hit["id"]) for hit in hits if hit["distance"] >= score]
            count = min(4 * count, _MOST_FOUND)

    def load(self, templates: list[int | str]) -> tuple[list[str], NDArray[np.float32]]:
        """See `ranking.Scored`.

        Raises:
            RemovedMeanwhileError: one of them is not there any more.
        """
        rows = self._client.get(self._collection, ids=list(templates), output_fields=["id", *LABELS, "vector"])
        self.rows |= {str(row["id"]): row for row in rows}
        if any(str(template) not in self.rows for template in templates):
            raise RemovedMeanwhileError
        chosen = [self.rows[str(template)] for template in templates]
        vectors = np.array([row["vector"] for row in chosen], np.float32)[:, : self._key.parts * self._key.size]
        return [row["person_id"] for row in chosen], vectors.reshape(-1, self._key.parts, self._key.size)

    def _hits(self, count: int) -> list[dict[str, Any]]:
        (hits,) = self._client.search(
            self._collection,
            data=[self.scores.whole_vector.tolist()],
            anns_field="search",
            limit=min(count, _MOST_FOUND),
            filter=self._wanted,
            output_fields=["id"],
        )
        return list(hits)
