"""`gaitprint synth` with RGB frames, joints in their pixels, and a choice of walks, views and frames."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from gaitprint.cli.main import run
from gaitprint.cli.rendering import write_views
from gaitprint.core.sequence import GaitSequence
from gaitprint.data import export
from gaitprint.data.store import Store

FRAMES = ["--frames", "--joints", "mpii-16", "--joint-axes", "2", "--quiet"]


def test_frames_with_joints_in_their_pixels(tmp_path: Path) -> None:
    chosen = ["--conditions", "nm-01", "cl-01", "--views", "090", "200", "--every", "5"]
    assert run(["synth", "--subjects", "1", "--out", str(tmp_path / "s"), *chosen, *FRAMES]) == 0
    store = Store.open(tmp_path / "s")
    assert list(store) == [f"001/{walk}/{view}" for walk in ("cl-01", "nm-01") for view in ("090", "200")]
    walk = store.read("001/nm-01/200")
    assert walk.frame_rate_hz == 5.0
    assert walk.view_deg == 200
    assert walk.frames is not None
    assert walk.joints is not None
    assert 8 <= walk.num_frames <= 15
    assert walk.joints.shape == (walk.num_frames, 16, 2)
    # Joints lie on the person, who moves against the background that the scene gives.
    assert (walk.joints > 0).all()
    assert (walk.joints < np.array(walk.frames.shape[2:0:-1])).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--every", "0"], "--every is 0, must be at least 1"),
        (["--joint-axes", "2"], "needs --joints and --frames"),
        (["--conditions", "xx-01"], "unknown condition 'xx'"),
        (["--views", "front"], "view 'front' is no angle"),
        (["--joints", "mpii-17"], "unknown skeleton 'mpii-17' (did you mean 'mpii-16'?)"),
    ],
)
def test_refuses_in_one_line(tmp_path: Path, wrong: list[str], message: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["synth", "--subjects", "1", "--out", str(tmp_path / "s"), *wrong]) in (1, 2)
    error = capfd.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_a_store_holds_walks_of_one_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "s"
    first = ["synth", "--out", str(out), "--conditions", "nm-01", "--views", "090", "--every", "9", *FRAMES]
    assert run([*first, "--subjects", "1"]) == 0
    before = Store.open(out).content_hash()
    second = ["synth", "--out", str(out), "--conditions", "nm-01", "--views", "090", "--every", "9", "--subjects", "1"]
    for option, changed in (
        ("--size", [*FRAMES, "--size", "64x44"]),
        ("--joints", ["--frames"]),
        ("--joints", [*FRAMES, "--joints", "coco-17"]),
        ("--joint-axes", ["--frames", "--joints", "mpii-16"]),
        ("--frames", ["--joints", "mpii-16", "--joint-axes", "3"]),
    ):
        assert run([*second, *changed]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert f"{out}: holds walks that were made with another --" in error
        assert f"another {option};" in error or option == "--frames"
    assert Store.open(out).content_hash() == before


def test_a_walk_whose_pictures_were_interrupted_is_not_taken_for_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class _OneWalk:
        ids: ClassVar = ["001/nm-01/090"]

        def render(self) -> list[GaitSequence]:
            images = np.full((3, 8, 8), 255, np.uint8)
            return [GaitSequence("001", "nm-01", "090", 25.0, silhouettes=images)]

    def interrupted(folder: Path, silhouettes: np.ndarray) -> None:
        folder.mkdir(parents=True)
        (folder / "0000.png").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(export, "write_frames", interrupted)
        write_views(tmp_path, _OneWalk())
    assert not (tmp_path / "001/nm-01/090").exists()
    assert write_views(tmp_path, _OneWalk()) == 1
    assert [path.name for path in (tmp_path / "001/nm-01").iterdir()] == ["090"]
    assert len(list((tmp_path / "001/nm-01/090").iterdir())) == 3
