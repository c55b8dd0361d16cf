"""After `delete`, no byte of the person is left in the embedded gallery's folder."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from gaitprint.core.errors import GaitprintError
from gaitprint.gallery import screens, sqlite
from gaitprint.gallery.engine import GalleryError
from gaitprint.gallery.gallery import Gallery
from gaitprint.gallery.sqlite import SqliteEngine
from gaitprint.gallery.template import ModelKey, Template

from .conftest import Lookup, people_walks, walk_of

NAME = "Hildegunde Ärmelkanal"


def traces(folder: Path, wanted: list[bytes]) -> list[str]:
    """Files that hold any of some byte strings."""
    return [
        path.name
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for each in wanted
        if each in path.read_bytes()
    ]


def secrets_of(gallery: Gallery, name: str) -> list[bytes]:
    """Pieces of everything that is kept of a person, short enough to be found wherever a page ends."""
    person, templates = gallery.show(name)
    found = [name.encode(), person.person_id.encode()]
    for template in templates:
        found += [template.template_id.encode(), template.walk.encode()]
        for data in (template.vector.tobytes(), template.picture, template.walk_file):
            pieces = [(data or b"")[start : start + 24] for start in range(48, len(data or b"") - 24, 53)]
            found += [piece for piece in pieces if len(set(piece)) > 12]  # such as nobody else's data have
    return found


def test_no_byte_is_left(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(screens, "_LEAST_TO_SAVE", 1)
    rng = np.random.default_rng(0)
    walks = people_walks(30, each=3)
    with Gallery(tmp_path, Lookup()) as gallery:
        for person in range(29):
            gallery.enroll(f"other {person}", walks[person], keep_pictures=True)
        mine = [walk_of(walk.joints, "secret-walk", number) for number, walk in enumerate(walks[29])]
        gallery.enroll("earlier name", mine, keep_walks=True, keep_pictures=True)
        gallery.enroll("earlier name", [walk_of(rng.normal(size=60))], replace_older=False)
        gallery.rename("earlier name", NAME)
        gallery.identify(mine[0])
        wanted = secrets_of(gallery, NAME)
        codes = gallery.engine._screens._known[next(iter(gallery.engine.models())).digest].screen.segments[0].codes
        wanted += [row.tobytes()[:24] for row in codes[-4:]]
        assert {name.partition("-")[0] for name in traces(tmp_path, wanted)} >= {"gallery.sqlite", "screen"}
        assert gallery.delete(NAME) == 4
        # Also while the gallery is still open.
        assert traces(tmp_path, [*wanted, b"earlier name"]) == []
        assert gallery.identify(mine[0]).templates == 87
        assert traces(tmp_path, wanted) == []
    assert traces(tmp_path, wanted) == []
    assert traces(tmp_path, [b"other 28"]) != []


def test_a_removal_that_was_interrupted_is_finished_by_the_next_one(tmp_path, monkeypatch) -> None:
    walks = people_walks(2)
    gallery = Gallery(tmp_path, Lookup())
    gallery.enroll(NAME, walks[0], keep_pictures=True)
    gallery.enroll("other", walks[1])
    wanted = secrets_of(gallery, NAME)
    with monkeypatch.context() as patched:
        patched.setattr(SqliteEngine, "_wipe", lambda self, wait_s: None)  # as if killed right after the removal
        gallery.delete(NAME)
    assert [person.name for person in gallery.people()] == ["other"]
    assert traces(tmp_path, wanted) != []
    gallery.close()
    with Gallery(tmp_path, Lookup()) as again:
        assert traces(tmp_path, wanted) == []
        assert [person.name for person in again.people()] == ["other"]


def test_a_reader_of_the_past_is_named_as_the_reason(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(sqlite, "_WAIT_S", 0.2)
    with Gallery(tmp_path, Lookup()) as gallery:
        gallery.enroll(NAME, people_walks(1)[0])
        reader = sqlite3.connect(tmp_path / "gallery.sqlite", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM templates").fetchone()
        with pytest.raises(GalleryError, match=r"another process still reads .* is removed, but not every trace"):
            gallery.delete(NAME)
        assert gallery.people() == []
        reader.close()
    with Gallery(tmp_path, Lookup()):
        assert traces(tmp_path, [NAME.encode()]) == []


def test_a_screen_of_before_the_removal_is_not_used(tmp_path, monkeypatch) -> None:
    """A file that a process wrote too late must not bring anybody back."""
    monkeypatch.setattr(screens, "_LEAST_TO_SAVE", 1)
    walks = people_walks(3)
    key = ModelKey("lookup", "1" * 64, "cosine", 2, 30)
    with Gallery(tmp_path, Lookup()) as gallery:
        for person, each in enumerate(walks):
            gallery.enroll(f"p{person}", each)
        gallery.identify(walks[0][0])
        (screen,) = tmp_path.glob("screen-*.bin")
        old = screen.read_bytes()
        gallery.delete("p0")
        screen.write_bytes(old)
    for damaged in (old, old[:-5], b"", b"gaitprint screen 1\n" + b"\xff" * 20):
        screen.write_bytes(damaged)
        with SqliteEngine(tmp_path) as engine:
            ((_, nearest), *_), *_ = engine.search(key, Lookup().embed(walks[0][:1]), 3)
            assert nearest.person in ("p1", "p2")


def test_other_databases_are_left_alone(tmp_path) -> None:
    path = tmp_path / "gallery.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE mine (x)")
    with pytest.raises(GalleryError, match="another program"):
        SqliteEngine(tmp_path)
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(GaitprintError, match="not a database"):
        SqliteEngine(tmp_path)


def test_the_folder_is_its_owners_alone(tmp_path) -> None:
    with SqliteEngine(tmp_path / "gallery") as engine:
        engine.add([Template("x", ModelKey("m", "", "cosine", 1, 2), "joints", np.ones((1, 2)), "w", "c", "v")])
        assert (tmp_path / "gallery").stat().st_mode & 0o77 == 0
        assert all(path.stat().st_mode & 0o77 == 0 for path in (tmp_path / "gallery").iterdir())


def test_a_transaction_that_cannot_be_finished_leaves_none_open(tmp_path) -> None:
    class FullDisk:
        """A connection whose next COMMIT fails, as on a disk without space."""

        def __init__(self, connection: sqlite3.Connection) -> None:
            self._connection, self._full = connection, True

        def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
            if statement == "COMMIT" and self._full:
                self._full = False
                raise sqlite3.OperationalError("database or disk is full")
            return self._connection.execute(statement, *values)

        def __getattr__(self, name: str) -> object:
            return getattr(self._connection, name)

    walks = people_walks(2)
    with Gallery(tmp_path, Lookup()) as gallery:
        gallery.enroll("Anna", walks[0])
        gallery.engine._connection = FullDisk(gallery.engine._connection)
        with pytest.raises(GalleryError, match="disk is full"):
            gallery.enroll("Ben", walks[1])
        assert [person.name for person in gallery.people()] == ["Anna"]
        gallery.enroll("Ben", walks[1])
        assert [person.name for person in gallery.people()] == ["Anna", "Ben"]
