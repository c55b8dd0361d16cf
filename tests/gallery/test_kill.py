"""Processes that enroll are killed with SIGKILL: what they said was done is there, and nothing is there in part."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from gaitprint.gallery.engine import open_engine

from .enrolling import KEY, templates_of

KILLS = 2


def test_nothing_acknowledged_is_lost(location, tmp_path) -> None:
    with open_engine(location):
        pass
    for kill in range(KILLS):
        outputs = [tmp_path / f"{kill}-{writer}" for writer in range(2)]
        workers = []
        for writer, output in enumerate(outputs):
            script = str(Path(__file__).with_name("enrolling.py"))
            command = [sys.executable, script, location, str(2 * kill + writer)]
            with output.open("wb") as stream:
                workers.append(subprocess.Popen(command, stdout=stream))
        until = time.monotonic() + 30
        while time.monotonic() < until and not all(output.stat().st_size for output in outputs):
            time.sleep(0.01)
        time.sleep(0.05 * kill)
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.wait()
        acknowledged = [line for output in outputs for line in output.read_text().split()]
        assert acknowledged
        with open_engine(location) as engine:
            there = {person.name: sum(person.templates.values()) for person in engine.people()}
            assert set(acknowledged) <= set(there)
            assert {count for count in there.values() if count} == {2}
            for name in acknowledged[-2:]:
                worker, number = map(int, name[1:].split("-"))
                probe = templates_of(name, (worker, number))[0].vector
                ((nearest, template), *_), *_ = engine.search(KEY, probe[None], 1)
                assert template.person == name
                assert nearest.distance == pytest.approx(0, abs=1e-5)
