"""The code on the pages about extending runs as it stands there, in the place of a file of the package."""

import importlib

import numpy as np
import pytest
import torch

import gaitprint
from gaitprint.core.errors import UnreadableFileError
from gaitprint.core.registry import Registry
from gaitprint.data.datasets import READERS
from gaitprint.losses import LOSSES
from gaitprint.models import MODELS
from gaitprint.models.weights import build_model
from gaitprint.synth.walkers import WalkSpec, render_walk

from .pages import DOCS, blocks


@pytest.fixture
def take_in(tmp_path, monkeypatch):
    """Write the file that a page shows, and enter it in a table as the page says."""

    def take(page: str, table: Registry) -> str:
        ((title, code),) = [(title, code) for title, code in blocks(DOCS / "extending" / page, "python") if title]
        (line,) = [code for title, code in blocks(DOCS / "extending" / page, "python") if not title]
        key, _, target = line.strip().rstrip(",").partition(": ")
        module = f"shown_{title.rpartition('/')[2].removesuffix('.py')}"
        (tmp_path / f"{module}.py").write_text(code, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        importlib.invalidate_caches()
        assert target.strip('"').partition(":")[0].replace(".", "/") + ".py" == title.removeprefix("src/")
        attribute = target.strip('"').partition(":")[2]
        monkeypatch.setitem(table._targets, key.strip('"'), f"{module}:{attribute}")
        return key.strip('"')

    return take


def _store(folder, subjects=("001", "002", "003")):
    walks = []
    for subject in subjects:
        for condition in ("nm-01", "nm-02"):
            walk = render_walk(WalkSpec(subject, condition), "090")
            aligned, _ = gaitprint.align_silhouettes(walk.silhouettes, (64, 64))
            walks.append(gaitprint.GaitSequence(subject, condition, "090", 25.0, silhouettes=aligned))
    gaitprint.Store.create(folder).add(walks)
    return folder


def test_the_model_trains_and_identifies(take_in, tmp_path):
    name = take_in("model.md", MODELS)
    model = build_model({"name": name}, 3)
    output = model(model.example_inputs(2))
    assert output.embedding.shape == (2, *model.embedding_shape)
    output.logits.sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    store = _store(tmp_path / "store")
    overrides = (f"model={name}", "training.epochs=1", "data.subjects=all", "sampler.batch_size=6")
    gaitprint.train("cnn-gei", overrides, data=store, out=tmp_path / "run", device="cpu")
    walk = gaitprint.Store.open(store).read("001/nm-01/090")
    assert gaitprint.load(tmp_path / "run").embed([walk]).shape == (1, 1, 64)


def test_the_loss_is_the_formula_and_trains(take_in, tmp_path):
    name = take_in("loss.md", LOSSES)
    loss = LOSSES[name].from_config(LOSSES[name].Config(radius=2.0), 3, (2, 4))
    embeddings = torch.randn(5, 2, 4)
    lengths = [float(embeddings[walk, part].norm()) for walk in range(5) for part in range(2)]
    by_hand = sum((length - 2.0) ** 2 for length in lengths) / len(lengths)
    assert loss(embeddings, torch.zeros(5, dtype=torch.int64)).item() == pytest.approx(by_hand, rel=1e-5)
    overrides = (
        f"loss=cross-entropy+{name}",
        "loss.1.weight=0.01",
        "training.epochs=1",
        "data.subjects=all",
        "sampler.batch_size=6",
    )
    gaitprint.train(
        "cnn-gei",
        (*overrides, "input.size=[64,44]"),
        data=_store(tmp_path / "store"),
        out=tmp_path / "run",
        device="cpu",
    )
    assert (tmp_path / "run" / "best").is_dir()


def test_the_reader_lists_reads_and_refuses(take_in, tmp_path):
    name = take_in("data-set.md", READERS)
    masks = np.zeros((9, 100, 60), np.uint8)
    masks[:, 10:90, 20:40] = 255
    (tmp_path / "arrays" / "anna").mkdir(parents=True)
    np.save(tmp_path / "arrays" / "anna" / "nm-01_090.npy", masks)
    (tmp_path / "arrays" / "anna" / "nm-02_090.npy").write_text("no array")
    (tmp_path / "arrays" / "anna" / "notes.txt").write_text("a note")
    summary = gaitprint.prepare(name, tmp_path / "arrays", out=tmp_path / "store", workers=1)
    assert (summary["stored"], len(summary["rejects"])) == (1, 2)
    assert gaitprint.Store.open(tmp_path / "store").read("anna/nm-01/090").silhouettes.shape == (9, 64, 64)
    reader = READERS[name]()
    (broken,) = [item for item in reader.list_walks(tmp_path / "arrays").items if item.condition == "nm-02"]
    with pytest.raises(UnreadableFileError, match="no NumPy file"):
        reader.read_walk(broken)
