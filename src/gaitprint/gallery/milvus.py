"""Milvus through its own client, for galleries that outgrow one server; `milvus:///file.db` is Milvus Lite.

An enrollment is acknowledged when it is complete, and people and their templates are read without half of one
(`milvus_enrollments`); a search may find a complete one that is not acknowledged yet. Whoever opens the gallery removes
what clients that died have left. Replacing adds before it removes, so that a client that dies in between leaves both;
renaming likewise.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import numpy as np
from numpy.typing import NDArray

from gaitprint.core.errors import UsageError
from gaitprint.core.extras import needs_extra
from gaitprint.gallery.engine import Engine, GalleryError, Person, without_password
from gaitprint.gallery.milvus_collections import (
    LABELS,
    all_rows,
    file_rows,
    files_of,
    key_of_name,
    make_collections,
    make_template_collection,
    plain_row,
    row_of,
    template_of,
)
from gaitprint.gallery.milvus_connection import connect, milvus_exception
from gaitprint.gallery.milvus_enrollments import Enrollment, Enrollments, Seen
from gaitprint.gallery.milvus_search import MilvusScores, RemovedMeanwhileError
from gaitprint.gallery.ranking import Nearest, ProbeScores, nearest_people
from gaitprint.gallery.rows import summarise
from gaitprint.gallery.template import ModelKey, Template

_AT_ONCE = 500
_ATTEMPTS = 6
_NAMES = uuid.UUID("5b0c5bd2-9b5c-4b8e-9c5e-0f3f6b2a7d11")


class MilvusEngine(Engine):
    """Templates in collections of a Milvus database; see the module's text.

    Args:
        url: as `engine.open_engine` has it; ``?collections=PREFIX`` names the collections otherwise than ``gaitprint``.
        create: whether to make the collections where there are none.
    """

    def __init__(self, url: str, *, create: bool) -> None:
        self.location = without_password(url)
        parts = urlsplit(url)
        self._prefix = parse_qs(parts.query).get("collections", ["gaitprint"])[0]
        if not (self._prefix.isascii() and self._prefix.isidentifier()):
            raise UsageError(f"{self.location}: collections '{self._prefix}' must be letters, digits and underscores")
        self._people, self._models = f"{self._prefix}_people", f"{self._prefix}_models"
        self._files, pending = f"{self._prefix}_files", f"{self._prefix}_pending"
        self._keys: dict[ModelKey, str] = {}
        with self._errors():
            self._client: Any = connect(url)
            self._enrollments = Enrollments(self._client, pending)
            try:
                self._prepare(pending, create)
            except BaseException:
                self.close()
                raise

    @classmethod
    def open(cls, location: str, *, create: bool = True) -> Self:
        """See `Engine.open`; `location` is a URL."""
        with needs_extra("milvus", "a gallery in Milvus"):
            import pymilvus  # noqa: F401
        # What it warns of, it tries again or works around; what it cannot is raised.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
        return cls(location, create=create)

    def add(self, templates: Sequence[Template]) -> None:
        """See `Engine.add`."""
        with self._errors():
            self._add(templates)

    def replace(self, name: str, gone: Sequence[str], templates: Sequence[Template]) -> None:
        """See `Engine.replace`, and the module's text."""
        with self._errors():
            person = self._person(name)
            self._add(templates)
            if gone:
                ids = json.dumps(list(gone))
                for collection in self._read_models().values():
                    self._client.delete(collection, filter=f'person_id == "{person["person_id"]}" and id in {ids}')
                self._client.delete(self._files, filter=f"template_id in {ids}")

    def rename(self, old: str, new: str) -> None:
        """See `Engine.rename`."""
        with self._errors():
            person = self._person(old)
            if old == new:
                return
            if self._client.get(self._people, ids=[key_of_name(new)]):
                raise UsageError(f"{self.location}: somebody is enrolled as '{new}' already")
            row = plain_row(id=key_of_name(new), person_id=person["person_id"], name=new)
            self._client.upsert(self._people, [row])
            self._client.delete(self._people, ids=[key_of_name(old)])

    def delete(self, name: str) -> int:
        """See `Engine.delete`; what the server itself keeps for a while is said in docs/gallery.md."""
        with self._errors():
            person = f'person_id == "{self._person(name)["person_id"]}"'
            gone = 0
            collections = [*self._read_models().values(), self._files]
            for collection in collections:
                gone += 0 if collection == self._files else self._count(collection, person)
                self._client.delete(collection, filter=person)
            self._client.delete(self._people, filter=person)
            for collection in (*collections, self._people):
                self._client.flush(collection)
                with suppress(milvus_exception()):  # not every release compacts on demand
                    self._client.compact(collection)
        return gone

    def people(self, name: str | None = None) -> list[Person]:
        """See `Engine.people`."""
        with self._errors():
            if name is None:
                known = self._all(self._people, "", ["person_id", "name"])
                return self._described({row["person_id"]: row["name"] for row in known}, "")
            known = self._client.get(self._people, ids=[key_of_name(name)], output_fields=["person_id", "name"])
            return self._described_alone({row["person_id"]: row["name"] for row in known})

    def _person_of_id(self, person_id: str) -> Person | None:
        with self._errors():
            return next(iter(self._described_alone(self._names({person_id}))), None)

    def _described_alone(self, named: dict[str, str]) -> list[Person]:
        return self._described(named, f"person_id in {json.dumps(list(named))}") if named else []

    def _described(self, named: dict[str, str], wanted: str) -> list[Person]:
        """People by their names, from those rows of templates that an expression is true of."""
        counted: dict[tuple[str, str, str, str], list[str]] = {}
        for key, row in self._whole_rows(wanted, ["person_id", "modality", "enrolled_at"]):
            group = row["person_id"], key.name, key.weights_hash, row["modality"]
            counted.setdefault(group, []).append(row["enrolled_at"])
        rows: list[tuple[Any, ...]] = [(person, label, "", "", "", 0, "") for person, label in named.items()]
        rows += [
            (group[0], named[group[0]], *group[1:], len(times), max(times))
            for group, times in counted.items()
            if group[0] in named
        ]
        return sorted(summarise(rows), key=lambda person: person.name)

    def models(self) -> dict[ModelKey, int]:
        """See `Engine.models`."""
        with self._errors():
            wanted = _without_pending("", self._enrollments.look())
            counts = {key: self._count(collection, wanted) for key, collection in self._read_models().items()}
        return {key: count for key, count in counts.items() if count}

    def size(self) -> int:
        """See `Engine.size`."""
        with self._errors():
            return self._count(self._people, "")

    def templates(self, name: str | None = None) -> Iterator[Template]:
        """See `Engine.templates`."""
        with self._errors():
            people = self._all(self._people, "", ["person_id", "name"]) if name is None else [self._person(name)]
        for person in sorted(people, key=lambda row: str(row["person_id"])):
            of_person = f'person_id == "{person["person_id"]}"'
            with self._errors():
                files = files_of(self._all(self._files, of_person, ["id", "template_id", "kind", "data"]))
                rows = self._whole_rows(of_person, ["id", *LABELS, "vector"])
            yield from [template_of(row, key, person["name"], files) for key, row in rows]

    def of_people(self, key: ModelKey, person_ids: Sequence[str]) -> list[Template]:
        """See `Engine.of_people`."""
        if not person_ids:
            return []
        with self._errors():
            wanted = f"person_id in {json.dumps(list(person_ids))}"
            rows = [row for _, row in self._whole_rows(wanted, ["id", *LABELS, "vector"], key)]
            names = self._names({row["person_id"] for row in rows})
        return [template_of(row, key, names[row["person_id"]]) for row in rows if row["person_id"] in names]

    def counts(self, key: ModelKey) -> dict[str, int]:
        """See `Engine.counts`."""
        with self._errors():
            return dict(Counter(row["person_id"] for _, row in self._whole_rows("", ["person_id"], key)))

    def search(self, key: ModelKey, probes: NDArray[np.float32], count: int) -> list[list[tuple[Nearest, Template]]]:
        """See `Engine.search`."""
        collection = self._collection(key)
        if collection is None:
            return [[] for _ in probes]
        with self._errors():
            wanted = _without_pending("", self._enrollments.look())
            return [self._search_one(collection, key, probe, count, wanted) for probe in probes]

    def _search_one(
        self, collection: str, key: ModelKey, probe: NDArray[np.float32], count: int, wanted: str
    ) -> list[tuple[Nearest, Template]]:
        for _ in range(_ATTEMPTS):
            scored = MilvusScores(self._client, collection, key, ProbeScores.of(key, probe), wanted)
            try:
                nearest = nearest_people(probe, scored.scores, scored, count)
            except RemovedMeanwhileError:
                continue
            rows = [scored.rows[str(entry.template)] for entry in nearest]
            names = self._names({row["person_id"] for row in rows})
            # Somebody who was removed meanwhile has no name any more.
            return [
                (entry, template_of(row, key, names[entry.person_id]))
                for entry, row in zip(nearest, rows, strict=True)
                if entry.person_id in names
            ]
        raise GalleryError(f"{self.location}: templates are removed faster than they can be searched; try again")

    def close(self) -> None:
        """See `Engine.close`."""
        self._client.close()

    def _prepare(self, pending: str, create: bool) -> None:
        """Make the collections of a new gallery, or remove what clients that died have left in this one."""
        if not self._client.has_collection(pending):
            if not create:
                raise UsageError(f"{self.location}: no gallery here; gaitprint enroll makes one")
            make_collections(self._client, self._prefix)
        self._read_models()
        self._clear_left_behind()

    def _add(self, templates: Sequence[Template]) -> None:
        new = self._new(templates)
        if not new:
            return
        enrollment = self._enrollments.begin()
        try:
            self._write(new, enrollment)
        except GalleryError:  # given up: what was written after that is not hidden any more
            self._remove_enrollment(enrollment.enrollment_id)
            raise
        self._enrollments.forget_old()

    def _write(self, new: Sequence[Template], enrollment: Enrollment) -> None:
        people, made = self._people_of({(each.person, each.person_id) for each in new})
        by_model: dict[ModelKey, list[dict[str, Any]]] = {}
        for template in new:
            person = people[template.person, template.person_id]
            by_model.setdefault(template.model, []).append(row_of(template, person, enrollment.enrollment_id))
        files = [row for each in new for row in file_rows(each, people[each.person, each.person_id])]
        for start in range(0, len(files), _AT_ONCE):
            enrollment.go_on()
            self._client.upsert(self._files, files[start : start + _AT_ONCE])
        for key, rows in by_model.items():  # at once, so that a search sees them together
            enrollment.go_on()
            self._client.upsert(self._collection(key) or self._make_collection(key), rows)
        if made:
            self._client.upsert(self._people, made)
        enrollment.finish()

    def _new(self, templates: Sequence[Template]) -> list[Template]:
        """Those that are not there yet; what an enrollment that is under way, or was left behind, wrote is not."""
        there, pending = set[str](), self._enrollments.look().pending
        for key in {template.model for template in templates}:
            if collection := self._collection(key):
                ids = [template.template_id for template in templates if template.model == key]
                found = self._by_id(collection, ids, ["id", "enrollment"])
                there |= {row["id"] for row in found if row["enrollment"] not in pending}
        return [template for template in templates if template.template_id not in there]

    def _people_of(self, who: set[tuple[str, str]]) -> tuple[dict[tuple[str, str], str], list[dict[str, Any]]]:
        """Ids of people by the id that is brought along, else by name; and the rows of those who are not there yet."""
        keys = sorted({key_of_name(name) for name, _ in who})
        named = {row["name"]: row["person_id"] for row in self._by_id(self._people, keys, ["name", "person_id"])}
        # Two clients that enroll a new name at once make one person.
        wanted = {(name, given): given or uuid.uuid5(_NAMES, f"{self._prefix} {name}").hex for name, given in who}
        taken = self._names(set(wanted.values()))
        people, made = {}, []
        for name, given in sorted(who):
            chosen = given if given in taken else named.get(name) or wanted[name, given]
            if name not in named and chosen in taken and not given:  # somebody who was renamed
                chosen = uuid.uuid4().hex
            if name not in named and chosen not in taken:
                made.append(plain_row(id=key_of_name(name), person_id=chosen, name=name))
                named[name] = chosen
            people[name, given] = chosen
        return people, made

    def _make_collection(self, key: ModelKey) -> str:
        collection = f"{self._prefix}_templates_{key.digest}"
        make_template_collection(self._client, collection, key)
        shape = f"{key.parts} {key.size}"
        labels = {"name": key.name, "weights_hash": key.weights_hash, "distance": key.distance, "shape": shape}
        self._client.upsert(self._models, [plain_row(id=key.digest, **labels)])
        self._keys[key] = collection
        return collection

    def _read_models(self) -> dict[ModelKey, str]:
        for row in self._all(self._models, "", ["id", "name", "weights_hash", "distance", "shape"]):
            key = ModelKey(row["name"], row["weights_hash"], row["distance"], *map(int, row["shape"].split()))
            self._keys[key] = f"{self._prefix}_templates_{row['id']}"
        return self._keys

    def _collection(self, key: ModelKey) -> str | None:
        with self._errors():
            return self._keys.get(key) or self._read_models().get(key)

    def _person(self, name: str) -> dict[str, Any]:
        rows = self._client.get(self._people, ids=[key_of_name(name)], output_fields=["person_id", "name"])
        if not rows:
            raise self.nobody(name)
        return dict(rows[0])

    def _names(self, person_ids: set[str]) -> dict[str, str]:
        names, ids = dict[str, str](), sorted(person_ids)
        for start in range(0, len(ids), _AT_ONCE):
            wanted = f"person_id in {json.dumps(ids[start : start + _AT_ONCE])}"
            names |= {row["person_id"]: row["name"] for row in self._all(self._people, wanted, ["person_id", "name"])}
        return names

    def _whole_rows(
        self, wanted: str, fields: list[str], key: ModelKey | None = None
    ) -> list[tuple[ModelKey, dict[str, Any]]]:
        """Rows of templates, of all models or of one, and of each enrollment all that are wanted or none."""
        seen = self._enrollments.look()
        collections = {each: name for each, name in self._read_models().items() if key in (None, each)}
        wanted, fields = _without_pending(wanted, seen), sorted({*fields, "enrollment"})
        read = {each: self._all(name, wanted, fields) for each, name in collections.items()}
        began = self._enrollments.began_since(seen)
        return [(each, row) for each, rows in read.items() for row in rows if row["enrollment"] not in began]

    def _clear_left_behind(self) -> None:
        for enrollment_id in self._enrollments.left_behind():
            self._remove_enrollment(enrollment_id)
            self._enrollments.forget(enrollment_id)

    def _remove_enrollment(self, enrollment_id: str) -> None:
        for collection in self._read_models().values():
            of_enrollment = f'enrollment == "{enrollment_id}"'
            for template in self._all(collection, of_enrollment, ["id"]):
                self._client.delete(self._files, filter=f'template_id == "{template["id"]}"')
            self._client.delete(collection, filter=of_enrollment)

    def _by_id(self, collection: str, ids: Sequence[str], fields: list[str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for start in range(0, len(ids), _AT_ONCE):
            rows += self._client.get(collection, ids=list(ids[start : start + _AT_ONCE]), output_fields=fields)
        return rows

    def _count(self, collection: str, wanted: str) -> int:
        return int(self._client.query(collection, filter=wanted, output_fields=["count(*)"])[0]["count(*)"])

    def _all(self, collection: str, wanted: str, fields: list[str]) -> list[dict[str, Any]]:
        return all_rows(self._client, collection, wanted, fields)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except milvus_exception() as error:
            text = " ".join(str(getattr(error, "message", error)).split())
            raise GalleryError(f"{self.location}: {text}") from error


def _without_pending(wanted: str, seen: Seen) -> str:
    """An expression for what is wanted, less what was being enrolled."""
    hidden = f"enrollment not in {json.dumps(seen.pending)}" if seen.pending else ""
    return " and ".join(part for part in (wanted, hidden) if part)
