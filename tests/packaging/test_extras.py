"""Whoever lacks an extra reads one line that says what installs it."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from gaitprint.cli.main import run
from gaitprint.core.errors import MissingExtraError
from gaitprint.core.extras import EXTRAS, needs_extra

# extra, the module that is hidden, and the command that needs it.
NEEDED = [
    *(
        ("video", module, ["extract", "walk.mp4", option, "mediapipe", "--out", "{folder}/walks"])
        for module in ("ai_edge_litert", "mediapipe")
        for option in ("--front-end", "--pose")
    ),
    *(
        ("serve", module, ["serve", "--gallery", "{folder}/gallery", "--folder", "{folder}/service"])
        for module in ("fastapi", "limits", "python_multipart", "uvicorn")
    ),
    *(
        ("export", module, ["export", "anthropometry", "--to", "onnx", "--out", "{folder}/model.onnx"])
        for module in ("onnxruntime", "onnxscript")
    ),
    *(
        ("postgres", "psycopg", [*words, "--gallery", "postgresql://localhost/gait"])
        for words in (
            ["gallery", "list"],
            ["identify", "walk.npz"],
            ["verify", "Anna", "walk.npz"],
            ["serve", "--folder", "{folder}/service"],
        )
    ),
    ("milvus", "pymilvus", ["gallery", "list", "--gallery", "milvus://localhost"]),
    ("milvus", "milvus_lite", ["gallery", "list", "--gallery", "milvus:///{folder}/gallery.db"]),
    ("tensorflow", "tensorflow", ["convert", "tensorflow", "{folder}/m.ckpt", "--out", "{folder}/m.safetensors"]),
]


@pytest.mark.parametrize(
    ("extra", "module", "words"), NEEDED, ids=[f"{words[0]}-without-{module}" for _, module, words in NEEDED]
)
def test_a_command_without_its_extra_fails_with_one_line(
    extra: str,
    module: str,
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Whatever was imported of it before is hidden, too.
    for name in [module, *(name for name in sys.modules if name.startswith(f"{module}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "m.ckpt").touch()  # empty: what is missing is told before it is read
    assert run([word.format(folder=tmp_path) for word in words]) == 1
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 1, printed.err
    assert printed.err.rstrip().endswith(EXTRAS[extra].install)
    assert printed.out == ""


def test_every_extra_is_needed_by_a_command() -> None:
    assert {extra for extra, _, _ in NEEDED} == EXTRAS.keys()


def test_a_package_that_does_not_load_is_told_with_the_reason() -> None:
    says = r'does not load \(no pq wrapper\): pip install "gaitprint\[postgres\]"'
    with pytest.raises(MissingExtraError, match=says), needs_extra("postgres", "a gallery in PostgreSQL"):
        raise ImportError("no pq\nwrapper")


def test_the_table_says_what_pip_installs() -> None:
    declared: dict[str, set[str]] = {}
    for line in importlib.metadata.requires("gaitprint") or ():
        found = re.search(r"extra == ['\"](.+?)['\"]", line)
        if found is not None:
            declared.setdefault(found[1], set()).add(Requirement(line).name)
    listed = {name: set(extra.distributions) for name, extra in EXTRAS.items()}
    listed["video"] -= {"mediapipe"}  # by a command of its own
    assert listed == {name: declared[name] for name in listed}
    assert declared.keys() - listed.keys() <= {"dev", "docs"}
