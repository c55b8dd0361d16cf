"""Checkpoints are found by any of their names, and read where TensorFlow is installed."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gaitprint.cli.main import run
from gaitprint.core.errors import MissingExtraError, UnreadableFileError, UsageError
from gaitprint.interop.tensorflow_checkpoint import find_checkpoint, read_checkpoint
from gaitprint.models.weights import load_weights

Variables = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def tensorflow() -> Any:
    return pytest.importorskip("tensorflow", reason="needs TensorFlow, which wants an environment of its own")


def _write(tensorflow: Any, path: Path, variables: Variables, version: int) -> None:
    """Save variables as a checkpoint, `version` 1 (one file) or 2 (index and data)."""
    v1 = tensorflow.compat.v1
    with tensorflow.Graph().as_default(), v1.Session() as session:
        placed = {}
        for number, (name, values) in enumerate(variables.items()):
            start = v1.placeholder(values.dtype, values.shape)
            placed[name] = v1.Variable(start, name=f"v{number}", use_resource=False)
            session.run(placed[name].initializer, {start: values})
        saver = v1.train.Saver(placed, write_version=(v1.train.SaverDef.V1, v1.train.SaverDef.V2)[version - 1])
        saver.save(session, str(path), write_meta_graph=False)


@pytest.mark.parametrize(
    ("files", "path", "name"),
    [
        (["m.ckpt.index", "m.ckpt.data-00000-of-00001"], "m.ckpt", "m.ckpt"),
        (["m.ckpt.index", "m.ckpt.data-00000-of-00001"], "m.ckpt.index", "m.ckpt"),
        (["m.ckpt.index", "m.ckpt.data-00000-of-00001"], "m.ckpt.data-00000-of-00001", "m.ckpt"),
        (["m.ckpt.index", "m.ckpt.meta"], "m.ckpt.meta", "m.ckpt"),
        (["m.ckpt", "m.ckpt.meta"], "m.ckpt", "m.ckpt"),
        (["m-7-00000-of-00002", "m-7-00001-of-00002"], "m-7", "m-7-?????-of-?????"),
        (["m-7-00000-of-00002", "m-7-00001-of-00002"], "m-7-00001-of-00002", "m-7-?????-of-?????"),
    ],
)
def test_a_checkpoint_is_found_by_any_of_its_names(tmp_path: Path, files: list[str], path: str, name: str) -> None:
    for file in files:
        (tmp_path / file).touch()
    assert find_checkpoint(tmp_path / path) == tmp_path / name


def test_a_folder_means_its_latest_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "new.ckpt.index").touch()
    state = tmp_path / "checkpoint"
    # Written where the folder was made, and read where it was moved to.
    for written in ("new.ckpt", "/gone/for/good/new.ckpt", str(tmp_path / "new.ckpt")):
        state.write_text(f'model_checkpoint_path: "{written}"\nall_model_checkpoint_paths: "old.ckpt"\n')
        assert find_checkpoint(tmp_path) == tmp_path / "new.ckpt"
    state.write_text('model_checkpoint_path: "lost.ckpt"\n')
    with pytest.raises(UsageError, match=r"lost\.ckpt: no checkpoint there"):
        find_checkpoint(tmp_path)
    state.write_text("nothing\n")
    with pytest.raises(UnreadableFileError, match="names no checkpoint"):
        find_checkpoint(tmp_path)
    state.write_text('model_checkpoint_path: "."\n')
    with pytest.raises(UnreadableFileError, match="names a folder"):
        find_checkpoint(tmp_path)
    state.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnreadableFileError, match="checkpoint"):
        find_checkpoint(tmp_path)
    state.unlink()
    with pytest.raises(UsageError, match="a folder without a file 'checkpoint'"):
        find_checkpoint(tmp_path)


def test_what_is_no_checkpoint_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"neither none\.index nor none"):
        find_checkpoint(tmp_path / "none")
    (tmp_path / "m.data-00000-of-00001").touch()
    with pytest.raises(UsageError, match=r"a part of a checkpoint whose m\.index is missing"):
        find_checkpoint(tmp_path / "m.data-00000-of-00001")


def test_without_tensorflow_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    (tmp_path / "m.ckpt").touch()
    with pytest.raises(MissingExtraError, match=r'needs tensorflow: pip install "gaitprint\[tensorflow\]"'):
        read_checkpoint(tmp_path / "m.ckpt")
    assert run(["convert", "tensorflow", str(tmp_path / "m.ckpt"), "--out", str(tmp_path / "x.safetensors")]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("version", [1, 2])
def test_reads_what_tensorflow_wrote(tensorflow: Any, tmp_path: Path, version: int) -> None:
    rng = np.random.default_rng(1)
    variables = {
        "GaitNN/a/weights": rng.normal(size=(1, 1, 2, 3)).astype(np.float32),
        "global_step": np.array(7, np.int64),
    }
    _write(tensorflow, tmp_path / "m.ckpt", variables, version)
    for path in (tmp_path / "m.ckpt", tmp_path):
        read = read_checkpoint(path)
        assert list(read) == list(variables)
        for name, values in variables.items():
            np.testing.assert_array_equal(read[name], values)


@pytest.mark.parametrize("version", [1, 2])
def test_damaged_files_are_one_line(tensorflow: Any, tmp_path: Path, version: int) -> None:
    _write(tensorflow, tmp_path / "m.ckpt", {"a": np.zeros(1000, np.float32)}, version)
    table = tmp_path / ("m.ckpt" if version == 1 else "m.ckpt.index")
    whole = table.read_bytes()
    flipped = whole[:20] + bytes([whole[20] ^ 0xFF]) + whole[21:]
    for damaged in (whole[:50], whole[:-60], flipped, b"", b"not a checkpoint at all" * 10, bytes(len(whole))):
        table.write_bytes(damaged)
        with pytest.raises(UnreadableFileError, match=r"m\.ckpt: not readable as a checkpoint") as caught:
            read_checkpoint(tmp_path / "m.ckpt")
        assert "\n" not in str(caught.value)
    table.write_bytes(whole)
    if version == 2:
        data = tmp_path / "m.ckpt.data-00000-of-00001"
        data.write_bytes(data.read_bytes()[:100])
        with pytest.raises(UnreadableFileError, match=r"m\.ckpt: not readable"):
            read_checkpoint(tmp_path / "m.ckpt")
        data.unlink()
        with pytest.raises(UnreadableFileError, match=r"m\.ckpt: not readable"):
            read_checkpoint(tmp_path / "m.ckpt")


@pytest.mark.parametrize(("version", "form"), [(1, "0.12"), (2, "1.2")])
def test_converts_what_tensorflow_wrote(
    tensorflow: Any,
    gait_variables: Callable[..., Variables],
    gait_vector: Callable[..., NDArray[np.float32]],
    tmp_path: Path,
    version: int,
    form: str,
) -> None:
    _write(tensorflow, tmp_path / "m.ckpt", gait_variables("GRU", 2, form), version)
    out = tmp_path / "m.safetensors"
    assert run(["convert", "tensorflow", str(tmp_path), "--out", str(out), "--pose", "human-pose-nn"]) == 0
    model, _ = load_weights(out)
    features = np.random.default_rng(1).normal(0, 60, (3, 17, 17, 32)).astype(np.float32)
    with torch.inference_mode():
        ours = model(torch.from_numpy(features).permute(0, 3, 1, 2)[None]).embedding[0, 0].numpy()
    truth = gait_vector(gait_variables("GRU", 2), features, "GRU", 2)
    assert np.abs(ours - truth).max() < 1e-4 * np.abs(truth).max()
