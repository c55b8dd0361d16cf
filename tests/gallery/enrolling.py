"""What other processes do in the tests; imports no torch, so that they start fast."""

import sys

import numpy as np

from gaitprint.gallery.engine import open_engine
from gaitprint.gallery.template import ModelKey, Template

KEY = ModelKey("lookup", "1" * 64, "cosine", 2, 30)


def templates_of(name: str, seed: int | tuple[int, int]) -> list[Template]:
    """Two templates of a person."""
    vectors = np.random.default_rng(seed).normal(size=(2, 2, 30)).astype(np.float32)
    return [
        Template(name, KEY, "joints", vector, f"{name}/{place}", "c", "v", picture=b"\x89PNG" + bytes(3000))
        for place, vector in enumerate(vectors)
    ]


def enroll_some(location: str, worker: int, count: int) -> None:
    """Enroll people, all of whose templates also become those of one who is everybody."""
    with open_engine(location) as engine:
        for number in range(count):
            seed = (worker, number)
            engine.add(templates_of("everybody", seed))
            engine.add(templates_of(f"w{worker}-{number}", seed))


def enroll_until_killed(location: str, worker: int) -> None:
    """Enroll people without end, and say of each on standard output that it was acknowledged."""
    with open_engine(location) as engine:
        number = 0
        while True:
            engine.add(templates_of(f"w{worker}-{number}", (worker, number)))
            sys.stdout.write(f"w{worker}-{number}\n")
            sys.stdout.flush()
            number += 1


if __name__ == "__main__":
    enroll_until_killed(sys.argv[1], int(sys.argv[2]))
