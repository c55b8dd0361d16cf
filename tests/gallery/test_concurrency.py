"""Several processes and threads with one gallery: in every engine, and what is particular to the folder."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gaitprint.gallery.engine import GalleryError, open_engine
from gaitprint.gallery.gallery import Gallery
from gaitprint.gallery.template import Template

from .conftest import Lookup, people_walks
from .enrolling import KEY, enroll_some, templates_of


def test_concurrent_writers_and_readers(location) -> None:
    """Three processes enroll, all of them also into one person, while this one searches."""
    context = multiprocessing.get_context("spawn")
    with open_engine(location) as engine:
        workers = [context.Process(target=enroll_some, args=(location, worker, 4)) for worker in range(3)]
        for worker in workers:
            worker.start()
        probes = np.stack([templates_of("x", (worker, 3))[1].vector for worker in range(3)])
        seen = 0
        while any(worker.is_alive() for worker in workers):
            counts = engine.counts(KEY)
            assert sum(counts.values()) >= seen
            assert all(count % 2 == 0 for count in counts.values())  # never half an enrollment
            seen = sum(counts.values())
            assert all(len(found) <= 1 for found in engine.search(KEY, probes, 1))
        assert [worker.exitcode for worker in workers] == [0, 0, 0]
        assert len(engine.people()) == 13
        assert engine.models() == {KEY: 2 * 2 * 3 * 4}
        for worker, found in enumerate(engine.search(KEY, probes, 2)):
            assert {template.person for _, template in found} == {"everybody", f"w{worker}-3"}


def test_threads_share_a_gallery_and_copy_both_ways(new_location) -> None:
    walks = people_walks(6)
    with Gallery(new_location("sqlite"), Lookup()) as one, Gallery(new_location("sqlite"), Lookup()) as other:

        def work(number: int) -> list[str]:
            here, there = (one, other) if number % 2 else (other, one)
            here.enroll(f"n{number}", walks[number])
            here.copy_to(there)
            return [found.subject for found in there.identify(walks[number][0], top_k=1).candidates]

        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(work, range(6), timeout=60))
        assert found == [[f"n{number}"] for number in range(6)]
        assert len(one.people()) == len(other.people()) == 6


def test_a_person_who_is_removed_at_that_moment_is_a_clear_error(tmp_path, monkeypatch) -> None:
    walks = people_walks(1)[0]
    with Gallery(tmp_path, Lookup()) as gallery, Gallery(tmp_path, Lookup()) as other:
        add = gallery.engine.add

        def add_and_lose(templates: list[Template]) -> None:
            add(templates)
            other.delete("Anna")

        monkeypatch.setattr(gallery.engine, "add", add_and_lose)
        with pytest.raises(GalleryError, match="'Anna' was removed or renamed by somebody else meanwhile"):
            gallery.enroll("Anna", walks)
