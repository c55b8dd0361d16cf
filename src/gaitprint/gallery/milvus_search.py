"""Searching templates in Milvus: scored by inner product over all vectors.

Milvus returns a limited number of hits. Where more templates than that may matter (one person has very many, or the
bounds of a metric are wide), all of them are compared: slower, and as exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaitprint.gallery.milvus_collections import LABELS, PAGE, all_rows
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
        rows: of all templates that were loaded, by id; vectors float32 [P D].
    """

    def __init__(self, client: Any, collection: str, key: ModelKey, scores: ProbeScores, wanted: str) -> None:
        self._client = client
        self._collection = collection
        self._key = key
        self._wanted = wanted
        self.scores = scores
        self.rows: dict[str, dict[str, Any]] = {}

    def best(self, count: int) -> list[int | str]:
        """See `ranking.Scored`; all templates where Milvus does not return `count`."""
        hits = self._hits(count)
        if _MOST_FOUND == len(hits) < count:
            return self._everything()
        return [str(hit["id"]) for hit in hits]

    def at_least(self, score: float) -> list[int | str]:
        """See `ranking.Scored`; all templates where they are more than Milvus returns."""
        count = 256
        while True:
            hits = self._hits(count)
            if len(hits) < min(count, _MOST_FOUND) or hits[-1]["distance"] < score:
                return [str(hit["id"]) for hit in hits if hit["distance"] >= score]
            if len(hits) == _MOST_FOUND:
                return self._everything()
            count *= 4

    def load(self, templates: list[int | str]) -> tuple[list[str], NDArray[np.float32]]:
        """See `ranking.Scored`.

        Raises:
            RemovedMeanwhileError: one of them is not there any more.
        """
        length, fields = self._key.parts * self._key.size, ["id", *LABELS, "vector"]
        for start in range(0, len(templates), PAGE):
            ids = templates[start : start + PAGE]
            for row in self._client.get(self._collection, ids=ids, output_fields=fields):
                self.rows[str(row["id"])] = {**row, "vector": np.asarray(row["vector"], np.float32)[:length]}
        if any(str(template) not in self.rows for template in templates):
            raise RemovedMeanwhileError
        chosen = [self.rows[str(template)] for template in templates]
        vectors = np.stack([row["vector"] for row in chosen])
        return [row["person_id"] for row in chosen], vectors.reshape(-1, self._key.parts, self._key.size)

    def _everything(self) -> list[int | str]:
        return [str(row["id"]) for row in all_rows(self._client, self._collection, self._wanted, ["id"])]

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
