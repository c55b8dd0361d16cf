import itertools
import shutil
from pathlib import Path

import pytest

from gaitprint.core.folders import atomic_folder, surviving_folder


def _write(path: Path, version: str) -> None:
    with atomic_folder(path) as folder:
        (folder / "a").write_text(version)
        (folder / "inner").mkdir()
        (folder / "inner" / "b").write_text(version)


def _names(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir()]


def _version(path: Path) -> str:
    folder = surviving_folder(path)
    assert folder is not None
    versions = {(folder / "a").read_text(), (folder / "inner" / "b").read_text()}
    assert len(versions) == 1
    return versions.pop()


def test_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    assert surviving_folder(tmp_path / "last") is None
    for version in ("1", "2", "3"):
        _write(tmp_path / "last", version)
        assert _version(tmp_path / "last") == version
        assert _names(tmp_path) == ["last"]


def test_an_error_keeps_the_old_folder(tmp_path: Path) -> None:
    _write(tmp_path / "last", "1")
    with pytest.raises(ValueError, match="stop"), atomic_folder(tmp_path / "last") as folder:
        (folder / "a").write_text("2")
        raise ValueError("stop")
    assert _version(tmp_path / "last") == "1"
    assert _names(tmp_path) == ["last"]


def test_what_others_are_writing_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".last.json.0123abcd.tmp").write_text("half a file of another name")
    (tmp_path / ".last.b.0123abcd.tmp").mkdir()
    (tmp_path / ".last.0123abcd.tmp").mkdir()
    _write(tmp_path / "last", "1")
    assert sorted(_names(tmp_path)) == [".last.b.0123abcd.tmp", ".last.json.0123abcd.tmp", "last"]


class _Killed(BaseException):
    pass


def test_a_kill_before_any_step_on_disk_leaves_a_complete_folder(tmp_path: Path, monkeypatch) -> None:
    # Every call that changes the file system is, in turn, the one that is never made; nor is any after it.
    for killed_at in itertools.count():
        target = tmp_path / str(killed_at) / "last"
        _write(target, "old")
        calls = 0

        def dying(real, killed_at=killed_at):
            def call(*args, **kwargs):
                nonlocal calls
                if calls >= killed_at:
                    raise _Killed
                calls += 1
                return real(*args, **kwargs)

            return call

        with monkeypatch.context() as patch:
            patch.setattr(Path, "mkdir", dying(Path.mkdir))
            patch.setattr(Path, "rename", dying(Path.rename))
            patch.setattr(Path, "write_text", dying(Path.write_text))
            patch.setattr(shutil, "rmtree", dying(shutil.rmtree))
            try:
                _write(target, "new")
                killed = False
            except _Killed:
                killed = True
        assert _version(target) in ("old", "new")
        _write(target, "newer")
        assert _version(target) == "newer"
        assert _names(target.parent) == ["last"]
        if not killed:
            break
    assert killed_at > 6
