import json

import numpy as np
import pytest

from gaitprint.core.embeddings import EmbeddingSet
from gaitprint.core.errors import InvalidSequenceError, UnreadableFileError
from gaitprint.core.files import atomic_path, write_json


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "deep" / "file.json"
    write_json(path, {"a": 1})
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert json.loads(path.read_text()) == {"a": 1}
    assert [entry.name for entry in path.parent.iterdir()] == ["file.json"]


def test_json_refuses_nan_before_it_touches_the_file(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    assert not list(tmp_path.iterdir())


def embedding_set(count=4):
    values = np.random.default_rng(0).normal(size=(count, 2, 3)).astype(np.float32)
    names = np.array([f"{i:03}" for i in range(count)])
    return EmbeddingSet(values, names, np.array(["nm-01"] * count), np.array(["090"] * count))


def test_embeddings_round_trip_and_select(tmp_path):
    original = embedding_set()
    original.save(tmp_path / "e.npz")
    loaded = EmbeddingSet.load(tmp_path / "e.npz")
    np.testing.assert_array_equal(loaded.embeddings, original.embeddings)
    assert loaded.ids == original.ids
    assert loaded.select(loaded.subjects == "002").ids == ["002/nm-01/090"]


def test_embedding_files_that_hold_something_else_are_refused(tmp_path):
    np.savez(tmp_path / "pickled.npz", embeddings=np.array([{}], dtype=object))
    np.savez(tmp_path / "other.npz", walks=np.zeros(3))
    (tmp_path / "text.npz").write_text("text")
    with (tmp_path / "array.npz").open("wb") as stream:
        np.save(stream, np.zeros(3))
    for name in ("pickled.npz", "other.npz", "text.npz", "array.npz", "missing.npz"):
        with pytest.raises(UnreadableFileError, match=f"{name}: not an embedding file"):
            EmbeddingSet.load(tmp_path / name)


def test_embeddings_must_be_finite_and_labelled():
    good = embedding_set()
    with pytest.raises(InvalidSequenceError, match="NaN"):
        EmbeddingSet(good.embeddings * np.nan, good.subjects, good.conditions, good.views)
    with pytest.raises(InvalidSequenceError, match="subjects"):
        EmbeddingSet(good.embeddings, good.subjects[:2], good.conditions, good.views)
    with pytest.raises(InvalidSequenceError, match=r"need \[N, P, D\]"):
        EmbeddingSet(good.embeddings[:, 0], good.subjects, good.conditions, good.views)
