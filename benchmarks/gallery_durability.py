"""Kill processes with SIGKILL while they enroll, again and again, and count what was lost.

    python -m benchmarks.gallery_durability --kills 100
    python -m benchmarks.gallery_durability --kills 100 --engine postgresql --url postgresql://host/empty-database

Three processes enroll people, each with two templates and a picture, and report every enrollment that was acknowledged;
a fourth searches. All of them are killed at a random moment. Then the gallery is opened: everybody who was acknowledged
must be there with both templates, the last of each process with their pictures, too, and nobody in part. Exits 1 where
that is not so. A loss of power cannot be made here; what it takes is that the log is flushed to the disk before an
enrollment is acknowledged (docs/gallery.md).
"""

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from multiprocessing.connection import Connection, wait
from pathlib import Path

import numpy as np
from benchmarks.gallery_search import default_location

from gaitprint.gallery.engine import open_engine
from gaitprint.gallery.template import ModelKey, Template

KEY = ModelKey("random", "0" * 64, "cosine", 1, 256)
PICTURE_BYTES = 4000
WRITERS = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--url", help="of an empty gallery; default: one in a temporary folder")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        location = arguments.url or default_location(arguments.engine, Path(folder))
        acknowledged, lost, partly = kill_again_and_again(location, arguments.kills, arguments.seed)
    print(f"{arguments.kills} kills: {acknowledged} enrollments acknowledged, {lost} lost, {partly} there in part")
    return 1 if lost or partly else 0


def kill_again_and_again(location: str, kills: int, seed: int) -> tuple[int, int, int]:
    """Returns how many enrollments were acknowledged, how many of them are lost, how many are there in part."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["numpy", "torch", "gaitprint.gallery.sqlite"])
    chance, lost, partly = random.Random(seed), set[str](), set[str]()
    acknowledged: list[str] = []
    with open_engine(location):
        pass
    for kill in range(kills):
        receivers, processes = [], []
        for writer in range(WRITERS):
            receiver, sender = context.Pipe(duplex=False)
            processes.append(context.Process(target=enrol_without_end, args=(location, f"{kill}-{writer}", sender)))
            receivers.append(receiver)
            processes[-1].start()
            sender.close()
        processes.append(context.Process(target=search_without_end, args=(location,)))
        processes[-1].start()
        wait(receivers)  # at least one enrollment
        time.sleep(chance.uniform(0, 0.5))
        for process in processes:
            process.kill()
        for process in processes:
            process.join()
        reported = [everything(receiver) for receiver in receivers]
        acknowledged += [name for names in reported for name in names]
        with open_engine(location) as engine:
            there = {person.name: sum(person.templates.values()) for person in engine.people()}
            lost |= set(acknowledged) - set(there)
            partly |= {name for name, count in there.items() if count != 2}
            for name in (name for names in reported for name in names[-3:]):
                pictures = [template.picture for template in engine.templates(name)]
                if pictures != [picture_of(name)] * 2:
                    partly.add(name)
        if kill % 10 == 9:
            print(
                f"{kill + 1} kills, {len(acknowledged)} acknowledged, {len(lost)} lost, {len(partly)} in part",
                flush=True,
            )
    return len(acknowledged), len(lost), len(partly)


def everything(receiver: Connection) -> list[str]:
    """All names that a process sent before it was killed; the last one may be cut."""
    names = []
    try:
        while True:
            names.append(str(receiver.recv()))
    except (EOFError, OSError):
        return names


def enrol_without_end(location: str, label: str, sender: Connection) -> None:
    with open_engine(location) as engine:
        number = 0
        while True:
            name = f"{label}-{number}"
            vectors = np.random.default_rng(abs(hash(name))).standard_normal((2, 1, KEY.size), np.float32)
            engine.add(
                [
                    Template(name, KEY, "joints", vector, f"{name}/{place}", "c", "v", picture=picture_of(name))
                    for place, vector in enumerate(vectors)
                ]
            )
            sender.send(name)
            number += 1


def search_without_end(location: str) -> None:
    rng = np.random.default_rng(0)
    with open_engine(location) as engine:
        while True:
            engine.search(KEY, rng.standard_normal((1, 1, KEY.size), np.float32), 3)


def picture_of(name: str) -> bytes:
    return (name.encode() * PICTURE_BYTES)[:PICTURE_BYTES]


if __name__ == "__main__":
    sys.exit(main())
