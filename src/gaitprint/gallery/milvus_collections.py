"""The collections of a gallery in Milvus, and how templates become rows of them.

Milvus keeps rows with at least one vector each, in collections of one vector length. Names appear in no expression: a
person is found by the SHA-256 of the name, which is the row's key, and everything else by opaque ids.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gaitprint.gallery.ranking import search_length, whole_search_vectors
from gaitprint.gallery.template import ModelKey, Template

# What a template's row gives back, besides its vectors.
LABELS = ("person_id", "modality", "walk", "condition", "view", "quality", "enrolled_at", "enrollment")
# A string of Milvus has at most 65,535 bytes; files are cut into pieces.
_PIECE = 60_000
_NO_VECTOR = [0.0, 0.0]
_LONGEST_STRING = 2048
# Rows that are asked for at once.
PAGE = 1000


def key_of_name(name: str) -> str:
    """The key of a person's row."""
    return hashlib.sha256(name.encode()).hexdigest()


def make_collections(client: Any, prefix: str) -> None:
    """Make the collections that do not depend on a model, unless they are there."""
    text = {"person_id": 32, "name": _LONGEST_STRING}
    _make(client, f"{prefix}_people", 64, text)
    _make(client, f"{prefix}_models", 32, {"name": _LONGEST_STRING, "weights_hash": 64, "distance": 32, "shape": 32})
    _make(client, f"{prefix}_files", 64, {"person_id": 32, "template_id": 32, "kind": 8, "data": 65_000})
    _make(client, f"{prefix}_pending", 32, {"started_at": 64})


def make_template_collection(client: Any, name: str, key: ModelKey) -> None:
    """Make the collection of a model's templates, unless it is there."""
    from pymilvus import DataType

    if client.has_collection(name):
        return
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, max_length=32, is_primary=True)
    for label in LABELS:
        if label == "quality":
            schema.add_field(label, DataType.DOUBLE)
        else:
            schema.add_field(label, DataType.VARCHAR, max_length=_LONGEST_STRING)
    schema.add_field("search", DataType.FLOAT_VECTOR, dim=search_length(key) + 1)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=max(2, key.parts * key.size))
    index = client.prepare_index_params()
    index.add_index("search", index_type="FLAT", metric_type="IP")
    index.add_index("vector", index_type="FLAT", metric_type="IP")
    _create(client, name, schema, index)


def row_of(template: Template, person_id: str, enrollment: str) -> dict[str, Any]:
    """A template's row in its model's collection."""
    searched = whole_search_vectors(template.model, template.vector[None])[0]
    flat = template.vector.ravel()
    return {
        "id": template.template_id,
        "person_id": person_id,
        "modality": template.modality,
        "walk": template.walk,
        "condition": template.condition,
        "view": template.view,
        "quality": -1.0 if template.quality is None else float(template.quality),
        "enrolled_at": template.enrolled_at,
        "enrollment": enrollment,
        "search": searched.tolist(),
        "vector": flat.tolist() if len(flat) > 1 else [float(flat[0]), 0.0],
    }


def template_of(
    row: Mapping[str, Any], key: ModelKey, name: str, files: Mapping[tuple[str, str], bytes] | None = None
) -> Template:
    """A template from its row; the other way of `row_of`."""
    files = files or {}
    vector = np.asarray(row["vector"], np.float32)[: key.parts * key.size]
    return Template(
        person=name,
        model=key,
        modality=row["modality"],
        vector=vector.reshape(key.parts, key.size),
        walk=row["walk"],
        condition=row["condition"],
        view=row["view"],
        quality=None if row["quality"] < 0 else float(row["quality"]),
        enrolled_at=row["enrolled_at"],
        picture=files.get((row["id"], "picture")),
        walk_file=files.get((row["id"], "walk")),
        person_id=row["person_id"],
        template_id=row["id"],
    )


def file_rows(template: Template, person_id: str) -> list[dict[str, Any]]:
    """The rows of a template's picture and walk."""
    rows = []
    for kind, data in (("picture", template.picture), ("walk", template.walk_file)):
        text = base64.b64encode(data or b"").decode()
        for place, start in enumerate(range(0, len(text), _PIECE)):
            key = f"{template.template_id}:{kind}:{place:06d}"
            labels = {"id": key, "person_id": person_id, "template_id": template.template_id, "kind": kind}
            rows.append({**labels, "data": text[start : start + _PIECE], "none": _NO_VECTOR})
    return rows


def files_of(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], bytes]:
    """Files by (template id, kind) from all of their rows."""
    texts: dict[tuple[str, str], str] = {}
    for row in sorted(rows, key=lambda row: str(row["id"])):
        file = row["template_id"], row["kind"]
        texts[file] = texts.get(file, "") + row["data"]
    return {file: base64.b64decode(text) for file, text in texts.items()}


def plain_row(**labels: str) -> dict[str, Any]:
    """A row of a collection without vectors."""
    return {**labels, "none": _NO_VECTOR}


def all_rows(client: Any, collection: str, wanted: str, fields: list[str]) -> list[dict[str, Any]]:
    """All rows that an expression is true of; if they are many, page by page, so that changes may be seen in part."""
    rows: list[dict[str, Any]] = list(client.query(collection, filter=wanted, output_fields=fields, limit=PAGE))
    if len(rows) < PAGE:
        return rows
    rows = []
    iterator = client.query_iterator(collection, batch_size=PAGE, filter=wanted, output_fields=fields)
    while batch := iterator.next():
        rows += batch
    iterator.close()
    return rows


def _make(client: Any, name: str, key_length: int, text: Mapping[str, int]) -> None:
    from pymilvus import DataType

    if client.has_collection(name):
        return
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.VARCHAR, max_length=key_length, is_primary=True)
    for field, length in text.items():
        schema.add_field(field, DataType.VARCHAR, max_length=length)
    schema.add_field("none", DataType.FLOAT_VECTOR, dim=len(_NO_VECTOR))
    index = client.prepare_index_params()
    index.add_index("none", index_type="FLAT", metric_type="L2")
    _create(client, name, schema, index)


def _create(client: Any, name: str, schema: Any, index: Any) -> None:
    """Create a collection; one shard, so that a batch is seen whole or not at all, by whoever asks next."""
    from pymilvus import MilvusException

    try:
        client.create_collection(name, schema=schema, index_params=index, num_shards=1, consistency_level="Strong")
    except MilvusException:
        if not client.has_collection(name):  # otherwise somebody else made it just now
            raise
    client.load_collection(name)
