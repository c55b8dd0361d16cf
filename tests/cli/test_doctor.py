"""`gaitprint doctor`: what it finds, what it takes for broken, and what it lets pass."""

from __future__ import annotations

import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from gaitprint.cli import doctor as module
from gaitprint.cli.main import run
from gaitprint.core.extras import EXTRAS
from gaitprint.gallery.engine import open_engine


@pytest.fixture(autouse=True)
def _own_gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAITPRINT_GALLERY", str(tmp_path / "gallery"))


def examine(capsys: pytest.CaptureFixture[str], code: int = 0) -> dict[str, Any]:
    assert run(["doctor", "--json", "-"]) == code
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == (1 if code else 0), printed.err
    summary: dict[str, Any] = json.loads(printed.out)
    return summary


def test_what_is_installed_and_works(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    summary = examine(capsys)
    assert summary["problems"] == []
    assert summary["packages"]["torch"] == metadata.version("torch")
    assert summary["devices"]["cpu"]["cores"] >= summary["devices"]["cpu"]["usable"] >= 1
    assert summary["extras"].keys() == EXTRAS.keys()
    assert summary["front_ends"]["background"]
    assert {"light-pose-nn", "silhouettes", "skeleton"} <= set(summary["weights"])
    assert summary["folders"]["gallery"]["state"] == "none"
    assert summary["folders"]["working"]["free_bytes"] > 0
    assert not (tmp_path / "gallery").exists()  # looked at, and not made


def test_a_page_for_people(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    open_engine(tmp_path / "gallery").close()
    assert run(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert not printed.startswith("\n")
    for word in ("Versions", "Devices", "Extras", "Videos", "Folders", "opens, 0 people", "everything that is needed"):
        assert word in printed


def test_extras_that_are_missing_are_no_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {name for extra in EXTRAS.values() for name in extra.distributions}
    found = module._version
    monkeypatch.setattr(module, "_version", lambda name: None if name in wanted else found(name))
    monkeypatch.setattr("gaitprint.video.litert.model_file", lambda name: None)
    summary = examine(capsys)
    for name, extra in summary["extras"].items():
        assert not extra["installed"]
        assert extra["install"].startswith(f'pip install "gaitprint[{name}]"')
    assert not summary["front_ends"]["mediapipe"]


@pytest.mark.parametrize(
    ("version", "says"), [(None, "lmdb>=1.5 is not installed"), ("0.9", "lmdb is 0.9, needed is >=1.5")]
)
def test_a_needed_package_that_is_missing_or_too_old(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, version: str | None, says: str
) -> None:
    found = module._version
    monkeypatch.setattr(module, "_version", lambda name: version if name == "lmdb" else found(name))
    assert examine(capsys, code=1)["problems"] == [says]


def test_a_package_that_does_not_load(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert "cv2 cannot be imported" in examine(capsys, code=1)["problems"][0]


def test_two_flavours_of_opencv_are_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    found = module._version
    monkeypatch.setattr(module, "_version", lambda name: "4.11" if name == "opencv-contrib-python" else found(name))
    assert "opencv-python-headless and opencv-contrib-python share one folder" in examine(capsys)["warnings"][0]


def test_a_gallery_that_cannot_be_opened_is_broken(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    open_engine(tmp_path / "gallery").close()
    database = next(path for path in (tmp_path / "gallery").iterdir() if path.stat().st_size)
    database.write_bytes(b"something else altogether" * 100)
    summary = examine(capsys, code=1)
    assert summary["folders"]["gallery"]["state"] == "broken"


def test_a_server_is_shown_without_its_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAITPRINT_GALLERY", "postgresql://anna:secret@localhost:1/none?connect_timeout=1")
    assert run(["doctor", "--json", "-"]) == 1
    printed = capsys.readouterr()
    assert "secret" not in printed.out + printed.err
    assert "anna:***@localhost:1" in printed.out
