"""`gaitprint synth` with RGB frames, joints in their pixels, and a choice of walks, views and frames."""

from pathlib import Path

import numpy as np
import pytest

from gaitprint.cli.main import run
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
    ],
)
def test_refuses_in_one_line(tmp_path: Path, wrong: list[str], message: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["synth", "--subjects", "1", "--out", str(tmp_path / "s"), *wrong]) in (1, 2)
    error = capfd.readouterr().err
    assert message in error
    assert "Traceback" not in error
