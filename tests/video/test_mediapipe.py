"""MediaPipe's networks, where they are installed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.video.crowds import camera, passer, picture, write

from gaitprint.core.errors import MissingExtraError
from gaitprint.core.skeletons import BLAZEPOSE_33, convert_joints
from gaitprint.synth.landmarks import LANDMARKS
from gaitprint.video import litert
from gaitprint.video.detector import PersonDetector
from gaitprint.video.front_ends import choose_front_ends
from gaitprint.video.passage import PassageOptions
from gaitprint.video.pipeline import Extraction
from gaitprint.video.sources import open_source
from gaitprint.video.squares import place_mask

RATE_HZ = 20.0
installed = pytest.mark.skipif(not litert.mediapipe_is_installed(), reason=f"not installed: {litert.INSTALL}")


def test_without_the_models_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(litert, "model_file", lambda name: None)
    assert not litert.mediapipe_is_installed()
    assert choose_front_ends().name == "background"
    with pytest.raises(MissingExtraError, match=r"gaitprint\[video\].*--no-deps mediapipe==0\.10\.14"):
        choose_front_ends("mediapipe")


@installed
def test_mediapipe_itself_is_never_imported() -> None:
    choose_front_ends("mediapipe")
    assert "mediapipe" not in sys.modules


_START_NETWORKS = """
import os, sys, threading
from gaitprint.video import litert

done = threading.Event()
def talk():
    for number in range(10_000):
        os.write(2, f"said {number}\\n".encode())
        if done.wait(0.001):
            return
talking = threading.Thread(target=talk)
talking.start()
for name in ("detector", "segmentation"):
    litert.LiteNetwork(name)
os.write(2, b"start\\n")
try:
    litert._started = False
    with litert._quiet_start():
        os.write(2, b"a real error\\n")
        raise ValueError
except ValueError:
    pass
done.set()
talking.join()
os.write(2, b"end\\n")
"""


@installed
def test_only_the_interpreter_is_silenced_when_it_starts() -> None:
    done = subprocess.run([sys.executable, "-c", _START_NETWORKS], capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    said = [int(line.removeprefix("said ")) for line in lines if line.startswith("said ")]
    assert sorted(said) == list(range(len(said)))
    assert [line for line in lines if not line.startswith("said ")] == ["start", "a real error", "end"]


@installed
def test_silhouettes_and_joints_are_those_that_were_rendered(tmp_path: Path) -> None:
    crowd = picture([passer(1, 90, 10, 3.5, RATE_HZ)], camera(240, 320, 6.0))
    path = write(tmp_path / "one.avi", crowd.frames, RATE_HZ)
    options = PassageOptions(pose_every=3)
    extraction = Extraction(open_source(str(path)), choose_front_ends("mediapipe"), options)
    (passage,) = [passage for passage in extraction if passage.refused is None]
    assert passage.quality.person is not None
    assert passage.quality.person > 0.9
    overlaps = []
    for position, number in enumerate(passage.numbers.tolist()):
        found = place_mask(passage.masks[position], passage.squares[position], 240, 320) > 127
        truth = crowd.silhouettes[0, number] > 127
        overlaps.append((found & truth).sum() / (found | truth).sum())
    assert np.mean(overlaps) > 0.75
    truth, _ = convert_joints(crowd.joints[0, passage.numbers], LANDMARKS, BLAZEPOSE_33)
    # Seen from the side, which limb is the left one is a guess: the nearer of both counts.
    mirrored = truth[:, BLAZEPOSE_33.mirror_indices]
    assert passage.joints is not None
    errors = [np.linalg.norm(passage.joints - places, axis=2) for places in (truth, mirrored)]
    error = np.minimum(*errors) / passage.quality.height_px
    body = [BLAZEPOSE_33.index(f"{side}_{name}") for side in ("left", "right") for name in ("shoulder", "hip", "knee")]
    assert np.median(error[:, body]) < 0.05


@installed
def test_the_detector_finds_a_body() -> None:
    crowd = picture([passer(1, 3, 0, 1.0, RATE_HZ, 45)], camera(240, 240, 3.5))
    boxes = PersonDetector().find(crowd.frames[1])
    rows, columns = np.nonzero(crowd.silhouettes[0, 1])
    assert len(boxes) == 1
    x, y, width, height = boxes[0]
    assert x + width / 2 == pytest.approx(columns.mean(), abs=25)
    assert y + height / 2 == pytest.approx(rows.mean(), abs=25)
    assert height == pytest.approx(np.ptp(rows), rel=0.25)
