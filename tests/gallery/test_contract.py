"""What every engine must keep: one suite for all three."""

from dataclasses import replace

import numpy as np
import pytest

from gaitprint.core.errors import IncompatibleError, UnreadableFileError, UsageError
from gaitprint.gallery.engine import Engine, open_engine
from gaitprint.gallery.gallery import Gallery
from gaitprint.gallery.template import LONGEST_NAME

from .conftest import Lookup, people_walks, walk_of

HOSTILE = (
    "'; DROP TABLE people; --",
    '" OR ""="',
    "../../etc/passwd",
    "Zoë Çelik 李小龙 \N{WAVING HAND SIGN}",
    "%s {x} $1 \\",
    "NULL",
    "x" * LONGEST_NAME,
)


def everything(engine: Engine) -> list[tuple]:
    """All that an engine keeps, in an order of its own."""
    rows = []
    for template in engine.templates():
        fields = (template.person, template.person_id, template.model, template.modality, template.walk)
        fields += (template.condition, template.view, template.quality, template.enrolled_at)
        rows.append((template.template_id, *fields, template.vector.tobytes(), template.picture, template.walk_file))
    return sorted(rows)


def test_enrol_list_show_rename_update_delete(location) -> None:
    walks = people_walks(3)
    with Gallery(location, Lookup()) as gallery:
        assert gallery.people() == []
        first = gallery.enroll("Anna", walks[0], keep_walks=True, keep_pictures=True)
        assert len(first.templates) == 2
        assert (first.name, first.replaced) == ("Anna", 0)
        gallery.enroll("Ben", walks[1])
    with Gallery(location, Lookup(), create=False) as gallery:
        again = gallery.enroll("Anna", walks[0][:1])
        assert again.person_id == first.person_id
        anna, ben = gallery.people()
        assert (anna.name, ben.name) == ("Anna", "Ben")
        assert dict(anna.templates) == {"lookup (111111111111)": 3}
        assert anna.modalities == ("joints",)
        assert anna.person_id == first.person_id
        assert gallery.people("Anna") == [anna]
        for person in (anna, ben):
            assert gallery.person(person.person_id) == person
        for no_id in ("", "Anna", "' OR ''='", "f" * 32, anna.person_id.upper(), "\0", "\ud800"):
            assert gallery.person(no_id) is None
        _, templates = gallery.show("Anna")
        assert {template.template_id for template in templates} == {*first.templates, *again.templates}
        kept = next(template for template in templates if template.template_id == first.templates[0])
        assert kept.picture.startswith(b"\x89PNG")
        np.testing.assert_array_equal(kept.vector, Lookup().embed(walks[0][:1])[0])
        assert (kept.walk, kept.condition, kept.view, kept.quality) == ("p0/walk-0/front", "walk-0", "front", 1.0)
        assert kept.enrolled_at <= anna.last_enrolled_at

        gallery.rename("Anna", "Anna Maria")
        person, templates = gallery.show("Anna Maria")
        assert person.person_id == first.person_id
        assert len(templates) == 3
        with pytest.raises(UsageError, match=r"nobody is enrolled as 'Anna' .*did you mean 'Anna Maria'"):
            gallery.show("Anna")
        with pytest.raises(UsageError, match="somebody is enrolled as 'Ben' already"):
            gallery.rename("Anna Maria", "Ben")
        gallery.rename("Ben", "Ben")

        updated = gallery.enroll("Anna Maria", walks[2][:1], replace_older=True)
        assert updated.replaced == 3
        assert [template.template_id for template in gallery.show("Anna Maria")[1]] == list(updated.templates)
        assert gallery.identify(walks[2][0]).candidates[0].subject == "Anna Maria"

        assert gallery.delete("Anna Maria") == 1
        assert [person.name for person in gallery.people()] == ["Ben"]
        assert gallery.person(first.person_id) is None
        assert [found.subject for found in gallery.identify(walks[2][0]).candidates] == ["Ben"]
        for call in (gallery.delete, gallery.show):
            with pytest.raises(UsageError, match="nobody is enrolled as 'Anna Maria'"):
                call("Anna Maria")
        renewed = gallery.enroll("Anna Maria", walks[2])
        assert renewed.person_id != first.person_id


def test_names_are_data(location) -> None:
    first, second = people_walks(2)
    with Gallery(location, Lookup()) as gallery:
        gallery.enroll("other", second)
        for name in HOSTILE:
            gallery.enroll(name, first)
            assert {person.name for person in gallery.people()} == {name, "other"}
            assert gallery.identify(first[0]).candidates[0].subject == name
            gallery.rename(name, name[:-1] + "!")
            gallery.rename(name[:-1] + "!", name)
            assert gallery.delete(name) == 2
            assert [person.name for person in gallery.people()] == ["other"]


def test_the_same_name_in_two_spellings_of_unicode(location) -> None:
    walks = people_walks(1)[0]
    with Gallery(location, Lookup()) as gallery:
        gallery.enroll("Zoe\N{COMBINING DIAERESIS}", walks[:1])
        gallery.enroll("Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}", walks[1:])
        (person,) = gallery.people()
        assert sum(person.templates.values()) == 2


def test_export_import_and_copy_give_the_same(location, new_location, tmp_path) -> None:
    walks = people_walks(3)
    with Gallery(location, Lookup()) as gallery, Gallery(new_location("sqlite"), Lookup()) as other:
        gallery.enroll("Änne", walks[0], keep_walks=True, keep_pictures=True)
        gallery.enroll("Ben", walks[1])
        assert gallery.export_file(tmp_path / "all.jsonl") == 4
        assert gallery.copy_to(other) == 4
        assert gallery.copy_to(other) == 4  # again: nothing new
        assert everything(other.engine) == everything(gallery.engine)
        before = everything(gallery.engine)
        gallery.delete("Änne")
        gallery.delete("Ben")
        assert gallery.import_file(tmp_path / "all.jsonl") == 4
        assert everything(gallery.engine) == before
        other.delete("Ben")
        other.enroll("Carl", walks[2])
        gallery.delete("Änne")
        other.copy_to(gallery)
        assert {person.name for person in gallery.people()} == {"Änne", "Ben", "Carl"}
        data = (tmp_path / "all.jsonl").read_bytes()
        for damaged in (data[:-9], data.replace(b'"Ben"', b'"Bob"'), b"", b"{}\n", b"\xff\n"):
            (tmp_path / "damaged.jsonl").write_bytes(damaged)
            with pytest.raises(UnreadableFileError, match=r"damaged\.jsonl"):
                gallery.import_file(tmp_path / "damaged.jsonl")
        assert {person.name for person in gallery.people()} == {"Änne", "Ben", "Carl"}


def test_templates_go_to_the_person_of_their_id_whatever_the_names(location, new_location) -> None:
    """Between two copies Anna was renamed in the copy, and somebody else enrolled under her old name."""
    walks = people_walks(2)
    with Gallery(new_location("sqlite"), Lookup()) as source, Gallery(location, Lookup()) as target:
        anna = source.enroll("Anna", walks[0][:1])
        source.copy_to(target)
        target.rename("Anna", "Anna Maria")
        target.enroll("Anna", walks[1][:1])
        source.enroll("Anna", walks[0][1:])
        source.copy_to(target)
        counts = {person.name: sum(person.templates.values()) for person in target.people()}
        assert counts == {"Anna": 1, "Anna Maria": 2}
        assert target.people("Anna Maria")[0].person_id == anna.person_id


def test_other_weights_are_refused_or_embedded_again(location) -> None:
    walks = people_walks(3)
    older, newer = Lookup(), Lookup(weights="2" * 64)
    with Gallery(location, older) as gallery:
        gallery.enroll("Anna", walks[0], keep_walks=True)
        gallery.enroll("Ben", walks[1])
    with Gallery(location, newer) as gallery:
        for call in (
            lambda: gallery.identify(walks[0][0]),
            lambda: gallery.verify("Anna", walks[0][0]),
            lambda: gallery.enroll("Carl", walks[2]),
        ):
            with pytest.raises(IncompatibleError, match=r"lookup \(111111111111\).*lookup \(222222222222\)"):
                call()
        outcome = gallery.reembed()
        assert (outcome.templates, outcome.left) == (2, ("Ben",))
        assert gallery.enroll("Ben", walks[1], replace_older=True).replaced == 2
        assert gallery.identify(walks[0][0]).candidates[0].subject == "Anna"
        assert len(gallery.engine.models()) == 1
    refused = pytest.raises(IncompatibleError, match=r"lookup \(222222222222\) only, none of another")
    with Gallery(location, Lookup(name="another")) as gallery, refused:
        gallery.identify(walks[0][0])


def test_an_enrolment_is_whole_or_not_at_all(location) -> None:
    """A batch with one template that the engine cannot take leaves nothing behind."""
    model, walks = Lookup(), people_walks(2)
    with Gallery(location, model) as gallery:
        gallery.enroll("Anna", walks[0])
        before = everything(gallery.engine)
        bad = walk_of(None, "p", 1, shape=np.zeros(64))
        with pytest.raises(IncompatibleError, match="p/walk-1/front: has silhouettes; lookup needs 3-D joints"):
            gallery.enroll("Ben", [*walks[1], bad])
        with pytest.raises(UsageError, match="no walk to enroll"):
            gallery.enroll("Ben", [])
        for name in ("", " Ben", "Ben\n", "x" * 10_000):
            with pytest.raises(UsageError, match="name"):
                gallery.enroll(name, walks[1])
        assert everything(gallery.engine) == before
        template = next(gallery.engine.templates())
        gallery.engine.add([template, replace(template, person="Somebody")])  # the same ids: nothing happens
        assert everything(gallery.engine) == before


def test_nothing_is_made_where_nothing_is_asked_for(tmp_path) -> None:
    for location, fault in (
        (str(tmp_path), "no gallery here"),
        ("ftp://x", "unknown gallery engine"),
        (__file__, "a gallery is a folder"),
        ("milvus://anna:secret@host:port", "not the URL of a gallery"),
        ("postgresql://anna:sec/ret@[host", "not the URL of a gallery"),
    ):
        with pytest.raises(UsageError, match=fault) as refused:
            open_engine(location, create=location == __file__)
        assert "sec" not in str(refused.value)
    assert not (tmp_path / "none").exists()
