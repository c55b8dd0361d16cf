"""Preparing stores: three ways in give one result, and neither kills nor dead workers lose anything."""

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from gaitprint.core.errors import IncompatibleError, UnreadableFileError, UsageError
from gaitprint.core.sequence import GaitSequence
from gaitprint.data.datasets.reader import RawWalk, WalkItem
from gaitprint.data.datasets.tree import TreeReader
from gaitprint.data.export import export_tree
from gaitprint.data.prepare import prepare
from gaitprint.data.silhouettes import align_silhouettes
from gaitprint.data.store import Store


def raw_walk(seed: int, frames: int = 6) -> np.ndarray:
    """A grey-edged figure that crosses the picture, uint8 [T, 60, 80]."""
    random = np.random.default_rng(seed)
    raw = np.zeros((frames, 60, 80), np.uint8)
    for number, frame in enumerate(raw):
        centre = (15 + 5 * number + int(random.integers(0, 4)), 30)
        cv2.ellipse(frame, centre, (int(random.integers(4, 9)), 25), 0, 0, 360, 255, -1)
        frame[:] = cv2.GaussianBlur(frame, (3, 3), 0)
    return raw


def write_tree(root: Path, walks: dict[str, np.ndarray]) -> None:
    for walk_id, raw in walks.items():
        (root / walk_id).mkdir(parents=True)
        for number, frame in enumerate(raw):
            cv2.imwrite(str(root / walk_id / f"{number:03d}.png"), frame)


WALKS = {
    f"{subject:03d}/{condition}/{view}": raw_walk(subject * 100 + int(view) + len(condition))
    for subject in (1, 74, 75)
    for condition in ("nm-01", "bg-01")
    for view in ("000", "090")
}


@pytest.mark.parametrize("encoding", ["grey", "bits"])
def test_tree_pickles_and_arrays_give_the_same_store(tmp_path: Path, encoding: str) -> None:
    write_tree(tmp_path / "png", WALKS)
    arrays = Store.create(tmp_path / "arrays", encoding=encoding)
    for walk_id, raw in WALKS.items():
        aligned, kept = align_silhouettes(raw)
        assert kept.all()
        subject, condition, view = walk_id.split("/")
        arrays.add([GaitSequence(subject, condition, view, 25.0, silhouettes=aligned, view_deg=float(view))])
        (tmp_path / "pkl" / walk_id).mkdir(parents=True)
        with (tmp_path / "pkl" / walk_id / f"{view}.pkl").open("wb") as stream:
            pickle.dump(aligned, stream)
    for reader, source in (("casia-b", "png"), ("tree", "png"), ("opengait", "pkl")):
        out = tmp_path / f"{reader}.store"
        summary = prepare(reader, tmp_path / source, out, workers=2, encoding=encoding)
        assert (summary.stored, summary.present, summary.rejects) == (12, 0, [])
        store = Store(out)
        assert store.content_hash() == arrays.content_hash()
        for walk_id in arrays:
            np.testing.assert_array_equal(store.read(walk_id).silhouettes, arrays.read(walk_id).silhouettes)
        assert store.splits == ({"train": ("001", "074"), "test": ("075",)} if reader == "casia-b" else {})
    if encoding == "grey":  # grey edges are there to be kept
        silhouettes = arrays.read_silhouettes(0)
        assert ((silhouettes > 0) & (silhouettes < 255)).any()


def test_export_gives_the_tree_back(tmp_path: Path) -> None:
    write_tree(tmp_path / "png", WALKS)
    prepare("tree", tmp_path / "png", tmp_path / "store", workers=1, encoding="grey", size=(64, 44))
    store = Store(tmp_path / "store")
    assert export_tree(store, tmp_path / "back") == (12, 72)
    for walk_id in store:
        files = sorted((tmp_path / "back" / walk_id).iterdir())
        frames = np.stack([cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in files])
        np.testing.assert_array_equal(frames, store.read(walk_id).silhouettes)


def test_a_second_run_does_only_what_is_missing(tmp_path: Path) -> None:
    write_tree(tmp_path / "png", dict(list(WALKS.items())[:5]))
    assert prepare("tree", tmp_path / "png", tmp_path / "store", workers=1).stored == 5
    again = prepare("tree", tmp_path / "png", tmp_path / "store", workers=1)
    assert (again.stored, again.present) == (0, 5)
    write_tree(tmp_path / "png", dict(list(WALKS.items())[5:7]))
    summary = prepare("tree", tmp_path / "png", tmp_path / "store", workers=1)
    assert (summary.stored, summary.present) == (2, 5)
    with pytest.raises(IncompatibleError, match="prepared with size"):
        prepare("tree", tmp_path / "png", tmp_path / "store", size=(64, 44))
    with pytest.raises(IncompatibleError, match="keeps silhouettes as bits"):
        prepare("tree", tmp_path / "png", tmp_path / "store", encoding="grey")
    Store.create(tmp_path / "mine").add([GaitSequence("1", "a", "b", 25.0, silhouettes=np.zeros((2, 4, 4), np.uint8))])
    with pytest.raises(IncompatibleError, match="holds 1 walks that were not prepared"):
        prepare("tree", tmp_path / "png", tmp_path / "mine")


def test_what_is_dropped_is_counted_and_kept_in_the_manifest(tmp_path: Path) -> None:
    walk = raw_walk(1, 10)
    walk[2:5] = 0
    write_tree(tmp_path / "png", {"1/a/b": walk, "2/a/b": walk[2:5]})
    (tmp_path / "png" / "1" / "a" / "b" / "007.png").write_text("no picture")
    for _ in range(2):
        prepare("tree", tmp_path / "png", tmp_path / "store", workers=1)
        manifest = Store(tmp_path / "store").manifest
        assert manifest == json.loads((tmp_path / "store" / "manifest.json").read_text())
        folder = str(tmp_path / "png" / "1" / "a" / "b")
        assert manifest["dropped_frames"] == {
            "1/a/b": [
                {"path": f"{folder}/007.png", "reason": "not a PNG"},
                {"path": folder, "reason": "3 of 9 frames show nobody and are left out"},
            ]
        }
        other = str(tmp_path / "png" / "2" / "a" / "b")
        assert manifest["rejects"] == [{"path": other, "reason": "none of 3 frames shows anybody"}]
        assert (manifest["counts"]["frames"], manifest["complete"], manifest["reader"]) == (6, True, "tree")


def test_partition(tmp_path: Path) -> None:
    write_tree(tmp_path / "png", WALKS)
    partition = tmp_path / "partition.json"
    partition.write_text(
        json.dumps({"TRAIN_SET": ["001", "500"], "TEST_SET": ["074", "075"], "PROBE_SET": ["074-nm-01-090", "9-9-9"]})
    )
    prepare("tree", tmp_path / "png", tmp_path / "store", workers=1, partition=partition)
    expected = {"train": ("001",), "test": ("074", "075"), "probe": ("074/nm-01/090",)}
    assert Store(tmp_path / "store").splits == expected
    for text, reason in (
        ("{", "not JSON"),
        ("[]", "TRAIN_SET must be a list of names"),
        ('{"TRAIN_SET": ["1"], "TEST_SET": [2]}', "TEST_SET must be a list of names"),
        ('{"TRAIN_SET": ["001"], "TEST_SET": ["001"]}', "subject '001' is in TRAIN_SET and in TEST_SET"),
        ('{"TRAIN_SET": ["x"], "TEST_SET": ["y"]}', "none of which is in the data"),
    ):
        partition.write_text(text)
        with pytest.raises(UnreadableFileError, match=reason):
            prepare("tree", tmp_path / "png", tmp_path / "other", partition=partition)


def test_nothing_usable_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_tree(tmp_path / "black", {"1/a/b": np.zeros((3, 60, 80), np.uint8)})
    for source, reason in (
        ("nowhere", "no such folder"),
        ("empty", "holds no walks for the reader 'tree'"),
        ("black", "none of 1 walks can be used; .*: none of 3 frames shows anybody"),
    ):
        with pytest.raises(UnreadableFileError, match=reason):
            prepare("tree", tmp_path / source, tmp_path / "store", workers=1)
        assert not (tmp_path / "store").exists()
    with pytest.raises(UsageError, match="unknown reader 'casiab'"):
        prepare("casiab", tmp_path / "black", tmp_path / "store")
    with pytest.raises(UsageError, match="workers is 0"):
        prepare("tree", tmp_path / "black", tmp_path / "store", workers=0)


def test_a_worker_that_dies_costs_only_its_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(tmp_path / "png", WALKS)
    read_walk = TreeReader.read_walk

    def die_on_one(self: TreeReader, item: WalkItem) -> RawWalk:
        if item.id == "074/nm-01/000":
            os.kill(os.getpid(), signal.SIGKILL)
        return read_walk(self, item)

    monkeypatch.setattr(TreeReader, "read_walk", die_on_one)
    summary = prepare("tree", tmp_path / "png", tmp_path / "store", workers=2)
    assert summary.stored == 11
    assert summary.rejects == [(str(tmp_path / "png/074/nm-01/000"), "the process that read it died (out of memory?)")]


PREPARE_SLOWLY = """
import sys
from gaitprint.data import prepare as module
module._BATCH_WALKS = 4
module.prepare("tree", sys.argv[1], sys.argv[2], workers=2)
"""


def test_kill_9_and_resume(tmp_path: Path) -> None:
    walks = {f"{number:03d}/nm-01/000": raw_walk(number, 4) for number in range(250)}
    write_tree(tmp_path / "png", walks)
    process = subprocess.Popen([sys.executable, "-c", PREPARE_SLOWLY, tmp_path / "png", tmp_path / "store"])
    deadline = time.monotonic() + 60
    stored = 0
    while stored < 20 and process.poll() is None and time.monotonic() < deadline:
        if (tmp_path / "store" / "data.mdb").exists():
            with contextlib.suppress(UnreadableFileError):  # not begun
                stored = len(Store(tmp_path / "store"))
    process.kill()
    process.wait()
    interrupted = Store(tmp_path / "store")
    assert 20 <= len(interrupted) < 250
    assert interrupted.manifest["complete"] is False
    summary = prepare("tree", tmp_path / "png", tmp_path / "store", workers=2)
    assert summary.present == len(interrupted)
    assert summary.stored == 250 - len(interrupted)
    prepare("tree", tmp_path / "png", tmp_path / "whole", workers=2)
    assert Store(tmp_path / "store").content_hash() == Store(tmp_path / "whole").content_hash()
