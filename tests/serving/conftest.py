"""A service on a real gallery, with pretended videos, answering within the process."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs FastAPI (gaitprint[serve])")

from fastapi.testclient import TestClient
from tests.gallery.conftest import milvus_server, new_location, postgres_server
from tests.serving.pretending import PretendedExtractor, PretendedModel

from gaitprint.gallery.gallery import Gallery
from gaitprint.serving.app import create_app
from gaitprint.serving.gallery_recogniser import GalleryRecogniser
from gaitprint.serving.service import Service
from gaitprint.serving.settings import ServiceSettings

__all__ = ["milvus_server", "new_location", "postgres_server"]


class Running:
    """A service, and clients of it by their rights."""

    def __init__(self, folder: Path, gallery: str | None = None, **settings: object) -> None:
        self.gallery_folder, self.folder = folder / "gallery", folder / "service"
        self.extractor = PretendedExtractor()
        recogniser = GalleryRecogniser(Gallery(gallery or self.gallery_folder, PretendedModel()))
        chosen = ServiceSettings(self.folder, **settings)
        self.service = Service.start(chosen, recogniser, [self.extractor])
        self.app = create_app(self.service)
        self.transport = TestClient(self.app, base_url="http://localhost")

    def token(self, *rights: str, expires: timedelta | None = None) -> str:
        return self.service.tokens.create("test", rights or ("admin",), expires)[0]

    def client(self, *rights: str) -> TestClient:
        headers = {"Authorization": f"Bearer {self.token(*rights)}"}
        return TestClient(self.app, base_url="http://localhost", headers=headers)


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Running]]:
    """Starts services, which are closed at the end."""
    started: list[Running] = []

    def make(gallery: str | None = None, **settings: object) -> Running:
        started.append(Running(tmp_path / str(len(started)), gallery, **settings))
        return started[-1]

    yield make
    for running in started:
        running.service.close()


@pytest.fixture
def running(start) -> Running:
    return start()


def enroll(client: TestClient, name: str, *videos: bytes, wait: float = 10):
    files = [("video", ("walk.avi", data, "video/x-msvideo")) for data in videos]
    return client.post("/api/v1/people", params={"wait": wait}, data={"name": name, "consent": "yes"}, files=files)


def ask(client: TestClient, action: str, data: bytes, wait: float = 10, **fields: str):
    files = {"video": ("walk.avi", data, "video/x-msvideo")}
    return client.post(f"/api/v1/{action}", params={"wait": wait}, data=fields, files=files)
