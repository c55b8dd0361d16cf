"""From an upload to a name by way of everything real: the process that looks, front-ends, network and gallery."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.serving.conftest import TestClient, ask, enroll
from tests.serving.pretending import PretendedModel
from tests.video.crowds import camera, passer, picture, write

from gaitprint.evaluation.calibration import Calibration
from gaitprint.gallery.gallery import Gallery
from gaitprint.serving.app import create_app
from gaitprint.serving.running import start_service
from gaitprint.serving.settings import ServiceSettings

RATE_HZ = 20.0


class Strict(PretendedModel):
    """Compares mean silhouettes; by its calibration, only copies of a walk are near."""

    calibration = Calibration(
        slope=-5.0, intercept=5.0, genuine=99, impostors=9999, fmr_thresholds=((0.001, 1.0), (0.01, 2.0), (0.1, 3.0))
    )


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("real")
    gallery = Gallery(folder / "gallery", Strict())
    service = start_service(ServiceSettings(folder / "service"), gallery)
    token, _ = service.tokens.create("test", ["admin"])
    yield TestClient(create_app(service), headers={"Authorization": f"Bearer {token}"})
    service.close()


def clip(path: Path, seed: int, heading_deg: float = 90.0) -> bytes:
    people = [passer(seed, 60, 5, 2.6, RATE_HZ, heading_deg)]
    return write(path, picture(people, camera()).frames, RATE_HZ).read_bytes()


def test_an_enrolled_walk_is_known_and_another_one_is_not(client, tmp_path):
    anna = clip(tmp_path / "anna.avi", 1)
    answer = enroll(client, "Anna", anna, wait=30)
    while answer.status_code == 202:
        answer = client.get(answer.headers["location"], params={"wait": 30})
    assert answer.json()["enrolled"]["name"] == "Anna", answer.text
    known = ask(client, "identify", anna, wait=30).json()
    assert known["identified"][0]["decision"] == "known", known
    assert known["identified"][0]["candidates"][0]["name"] == "Anna"
    passage = known["videos"][0]["people"][0]["passages"][0]
    assert passage["direction"] == "left"
    assert client.get(passage["animation"]).content.startswith(b"GIF89a")
    stranger = ask(client, "identify", clip(tmp_path / "ben.avi", 3, 270.0), wait=30).json()
    assert stranger["identified"][0]["decision"] == "unknown", stranger


def test_hostile_videos_are_refused_by_http(client, tmp_path):
    one = write(tmp_path / "one.avi", np.zeros((1, 64, 64, 3), np.uint8), 25.0).read_bytes()
    answer = ask(client, "identify", one, wait=30)
    assert (answer.status_code, answer.json()["detail"]) == (422, "a single frame, in which nobody walks")
    large = write(tmp_path / "large.avi", np.zeros((2, 3000, 5000, 3), np.uint8), 25.0).read_bytes()
    answer = ask(client, "identify", large, wait=30)
    assert answer.status_code == 422
    assert "5000 x 3000" in answer.json()["detail"]
    nobody = write(tmp_path / "nobody.avi", np.full((30, 64, 64, 3), 90, np.uint8), 25.0).read_bytes()
    answer = ask(client, "identify", nobody, wait=30)
    assert (answer.status_code, answer.json()["detail"]) == (422, "nobody walks in the video")
