from pathlib import Path

import numpy as np
import pytest
import torch

from gaitprint.core.sequence import GaitSequence
from gaitprint.data import loader
from gaitprint.data.inputs import build_input
from gaitprint.data.loader import BatchStream
from gaitprint.data.sampling import build_sampler
from gaitprint.data.store import Store

LABELS = np.repeat(np.arange(4), 3)
POSITIONS = np.arange(12)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    path: Path = tmp_path_factory.mktemp("walks")
    rng = np.random.default_rng(0)
    writable = Store.create(path)
    writable.add(
        GaitSequence(
            *(f"{s:03d}", f"nm-{c:02d}", "090", 25.0),
            silhouettes=((rng.random((10 + s + c, 64, 64)) > 0.5) * 255).astype(np.uint8),
        )
        for s in range(4)
        for c in range(3)
    )
    return Store(path)


def _stream(store: Store, choice: dict, process: int = 0, processes: int = 1) -> BatchStream:
    sampler = build_sampler({"name": "plain", "batch_size": 4}, LABELS, 3)
    return BatchStream(store, POSITIONS, LABELS, build_input(choice), sampler, 3, process, processes)


CHOICES = [{"representation": "gei"}, {"representation": "silhouettes", "frames": 5, "sampling": "clip"}]


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice["representation"])
def test_processes_share_the_batch_of_one(store: Store, choice: dict) -> None:
    whole = _stream(store, choice)
    halves = [_stream(store, choice, process, 2) for process in range(2)]
    for step in range(7):
        arrays, labels = whole[step]
        shares = [half[step] for half in halves]
        assert torch.equal(arrays, torch.cat([share[0] for share in shares]))
        assert torch.equal(labels, torch.cat([share[1] for share in shares]))


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice["representation"])
def test_batches_are_those_of_the_steps_also_from_the_middle_and_from_workers(store: Store, choice: dict) -> None:
    stream = _stream(store, choice)
    expected = [stream[step] for step in range(2, 6)]
    for workers in (0, 2):
        got = list(stream.batches(2, 6, workers))
        assert len(got) == 4
        for (arrays, labels), (wanted, wanted_labels) in zip(got, expected, strict=True):
            assert torch.equal(arrays, wanted)
            assert torch.equal(labels, wanted_labels)


def test_walks_go_with_their_labels_whether_cached_or_not(store: Store, monkeypatch) -> None:
    choice = {"representation": "gei"}
    model_input = build_input(choice)
    images = {model_input.read(store, p, None).tobytes(): LABELS[p] for p in range(12)}
    cached = _stream(store, choice)
    monkeypatch.setattr(loader, "CACHE_LIMIT_BYTES", 100)
    uncached = _stream(store, choice)
    for step in range(3):
        arrays, labels = cached[step]
        assert torch.equal(arrays, uncached[step][0])
        assert [images[image.numpy().tobytes()] for image in arrays] == labels.tolist()
