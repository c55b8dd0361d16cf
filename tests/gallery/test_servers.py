"""What is particular to the engines behind a URL."""

from dataclasses import replace

import numpy as np
import pytest

from gaitprint.core.errors import UsageError
from gaitprint.gallery import milvus_collections, milvus_enrollments, milvus_search, postgres
from gaitprint.gallery.engine import GalleryError, default_location, open_engine, without_password
from gaitprint.gallery.milvus_enrollments import Enrollment
from gaitprint.gallery.milvus_search import MilvusScores
from gaitprint.gallery.template import Template

from .enrolling import KEY, templates_of


def test_a_lost_connection_is_opened_again(new_location) -> None:
    location = new_location("postgresql")
    import psycopg

    with open_engine(location) as engine, psycopg.connect(location, autocommit=True) as other:
        engine.add(templates_of("Anna", 1))
        for _ in range(2):
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            engine.add(templates_of("Ben", 2))
        assert engine.models() == {KEY: 6}
        assert [person.name for person in engine.people()] == ["Anna", "Ben"]


def test_the_graph_finds_whom_the_exact_search_finds(new_location, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 1, 2, 30)) + 0.5 * rng.normal(size=(200, 3, 2, 30))
    templates = [
        Template(f"p{person}", KEY, "joints", vector, f"{person}", "c", "v")
        for person, walks in enumerate(vectors)
        for vector in walks
    ]
    probes = (vectors[:20, 0] + 0.3 * rng.normal(size=(20, 2, 30))).astype(np.float32)
    with open_engine(new_location("sqlite")) as exact, open_engine(new_location("postgresql")) as server:
        exact.add(templates)
        expected = exact.search(KEY, probes, 3)
        monkeypatch.setattr(postgres, "EXACT_UP_TO", 100)
        server.add(templates)
        assert server._rows("SELECT to_regclass('gaitprint.graph_1') IS NOT NULL") == [(True,)]
        found = server.search(KEY, probes, 3)
        same = [
            a[1].walk == b[1].walk
            for one, other in zip(found, expected, strict=True)
            for a, b in zip(one, other, strict=True)
        ]
        assert np.mean(same) >= 0.99
        server.delete("p0")
        assert all(template.person != "p0" for _, template in server.search(KEY, probes[:1], 3)[0])


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_a_search_that_needs_more_hits_than_milvus_returns_is_as_exact(new_location, monkeypatch, distance) -> None:
    """One person has more templates near the probe than that; and Euclidean bounds of parts leave most in doubt."""
    monkeypatch.setattr(milvus_search, "_MOST_FOUND", 64)
    monkeypatch.setattr(milvus_search, "PAGE", 100)
    rng, key = np.random.default_rng(0), replace(KEY, distance=distance)
    probe = rng.normal(size=(1, 2, 30)).astype(np.float32)
    vectors = np.concatenate([probe + 0.1 * rng.normal(size=(300, 2, 30)), rng.normal(size=(100, 2, 30))])
    names = ["Anna"] * 300 + [f"p{number}" for number in range(100)]
    templates = [
        Template(
            name, key, "joints", vector.astype(np.float32), f"{place}", "c", "v", person_id=f"{names.index(name):032x}"
        )
        for place, (name, vector) in enumerate(zip(names, vectors, strict=True))
    ]
    found = []
    for engine_name in ("sqlite", "milvus"):
        with open_engine(new_location(engine_name)) as engine:
            engine.add(templates)
            (entries,) = engine.search(key, probe, 40)
            found.append([(template.person, template.walk, entry.distance) for entry, template in entries])
    assert len(found[0]) == 40
    assert found[1] == found[0]


def test_who_is_removed_during_a_search_is_not_found(new_location, monkeypatch) -> None:
    location = new_location("milvus")
    with open_engine(location) as engine, open_engine(location) as other:
        engine.add([*templates_of("Anna", 1), *templates_of("Ben", 2)])
        hits, calls = MilvusScores._hits, []

        def remove_then(self, count: int) -> list:
            found = hits(self, count)
            if not calls:
                other.delete("Anna")
            calls.append(count)
            return found

        monkeypatch.setattr(MilvusScores, "_hits", remove_then)
        probe = templates_of("Anna", 1)[0].vector[None]
        (found,) = engine.search(KEY, probe, 2)
        assert [template.person for _, template in found] == ["Ben"]


def test_an_enrollment_between_the_pages_of_a_reader_is_not_seen_in_part(new_location, monkeypatch) -> None:
    """The reader is at the second of three templates when two come, one of them on a page that it has read."""
    monkeypatch.setattr(milvus_collections, "PAGE", 1)
    location = new_location("milvus")
    another = replace(KEY, name="another")
    with open_engine(location) as engine, open_engine(location) as other:
        for number, key in (("5", KEY), ("6", KEY), ("7", another)):
            engine.add([replace(templates_of("Anna", 1)[0], model=key, template_id=number * 32)])
        (anna,) = engine.people()
        pages = type(engine._client.query_iterator(f"{engine._prefix}_people", filter='id != ""'))
        next_page, added = pages.next, []

        def add_then(self) -> list:
            page = next_page(self)
            if page and page[0]["id"] == "5" * 32 and not added:
                added.append(True)
                for name, ids, key in (("Anna", "0f", KEY), ("Ben", "0f", another)):
                    both = [replace(one, model=key) for one in templates_of(name, 2)]
                    ends = [number * 16 + str(len(name)) * 16 for number in ids]
                    other.add([replace(one, template_id=end) for one, end in zip(both, ends, strict=True)])
            return page

        for read in (
            lambda: sum(engine.counts(KEY).values()),
            lambda: sum(engine.people("Anna")[0].templates.values()) - 1,
            lambda: len(list(engine.templates("Anna"))) - 1,
            lambda: len(engine.of_people(KEY, [anna.person_id])),
        ):
            added.clear()
            with monkeypatch.context() as patched:
                patched.setattr(pages, "next", add_then)
                assert read() == 2
            assert added
            assert read() == 4
            assert sum(engine.people("Ben")[0].templates.values()) == 2
            engine.delete("Ben")
            engine.replace("Anna", ["0" * 16 + "4" * 16, "f" * 16 + "4" * 16], [])


def test_an_enrollment_of_a_client_that_died_can_be_repeated(new_location, monkeypatch) -> None:
    location, templates = new_location("milvus"), templates_of("Anna", 1)
    with open_engine(location) as engine:
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Enrollment, "finish", interrupt)
            engine.add(templates)
        assert engine.counts(KEY) == {}
        engine.add(templates)
        assert list(engine.counts(KEY).values()) == [2]
    monkeypatch.setattr(milvus_enrollments, "LEFT_BEHIND_S", -1.0)
    with open_engine(location) as engine:  # removes what the first one left, and nothing else
        assert engine._enrollments.look().pending == ()
        assert {template.picture for template in engine.templates("Anna")} == {templates[0].picture}
        assert list(engine.counts(KEY).values()) == [2]


def test_a_write_that_the_server_drops_is_repeated(new_location, monkeypatch) -> None:
    say, dropped = Enrollment._say, []

    def drop_once(self, state: str) -> None:
        if state and not dropped:
            dropped.append(state)
        else:
            say(self, state)

    monkeypatch.setattr(Enrollment, "_say", drop_once)
    with open_engine(new_location("milvus")) as engine:
        engine.add(templates_of("Anna", 1))
        assert dropped
        assert list(engine.counts(KEY).values()) == [2]


def interrupt(self) -> None:
    raise KeyboardInterrupt


def test_an_enrollment_that_stood_still_for_too_long_is_given_up_whole(new_location, monkeypatch) -> None:
    location, templates = new_location("milvus"), templates_of("Anna", 1)
    finish = Enrollment.finish

    def late(self) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(milvus_enrollments, "LEFT_BEHIND_S", -1.0)
            open_engine(location).close()
        finish(self)

    with open_engine(location) as engine:
        with monkeypatch.context() as patched, pytest.raises(GalleryError, match="repeat it"):
            patched.setattr(Enrollment, "finish", late)
            engine.add(templates)
        assert engine.counts(KEY) == {}
        engine.add(templates)
        assert list(engine.counts(KEY).values()) == [2]


def test_passwords_are_not_shown(new_location) -> None:
    assert without_password("milvus+https://me:secret@host:1/db?token=secret") == "milvus+https://me:***@host:1/db"
    new_location("postgresql")
    with pytest.raises(GalleryError) as refused:
        open_engine("postgresql://me:secret@127.0.0.1:1/none")
    assert "secret" not in str(refused.value)
    assert "127.0.0.1" in str(refused.value)


def test_places_that_cannot_be(new_location, tmp_path) -> None:
    location = new_location("milvus")
    for wrong, fault in (
        (f"milvus://{tmp_path}/gallery", r"ends in \.db"),
        (f"{location.partition('?')[0]}?collections=a-b", "letters, digits"),
        (location, "no gallery here"),
    ):
        with pytest.raises(UsageError, match=fault):
            open_engine(wrong, create=False)
    with pytest.raises(UsageError, match="no gallery here"):
        open_engine(new_location("postgresql"), create=False)


def test_the_default_place(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("GAITPRINT_GALLERY", "postgresql://host/db")
    assert default_location() == "postgresql://host/db"
    monkeypatch.delenv("GAITPRINT_GALLERY")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_location().endswith("gallery")
