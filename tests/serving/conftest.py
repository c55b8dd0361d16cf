"""A service on a real gallery, with pretended videos, answering within the process."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs FastAPI (gaitprint[serve])")

from fastapi.testclient import TestClient
from tests.gallery.conftest import milvus_server, new_location, postgres_server
from tests.serving.browsing import WAIT, find_browser, listening
from tests.serving.pretending import PretendedExtractor, PretendedModel

from gaitprint.gallery.gallery import Gallery
from gaitprint.serving import running as serving
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


@pytest.fixture
def run(running, monkeypatch) -> Callable[..., AbstractContextManager[str]]:
    """Lets the service listen at a free port for the time of a `with`, which gets its address, as the command does."""
    servers: list[Any] = []

    class Remembered(serving._Server):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)
            servers.append(self)

    monkeypatch.setattr(serving, "_Server", Remembered)

    @contextmanager
    def while_it_runs(**files: Path) -> Iterator[str]:
        addresses: queue.Queue[str] = queue.Queue()
        options = {**files, "on_started": addresses.put}
        thread = threading.Thread(target=serving.run_service, args=(running.service, "127.0.0.1", 0), kwargs=options)
        thread.start()
        try:
            yield addresses.get(timeout=60)
        finally:
            for server in servers:
                server.should_exit = True
            thread.join(timeout=60)
        assert not thread.is_alive()

    return while_it_runs


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (gaitprint[dev])")
    path = find_browser()
    if path is None:
        pytest.skip("needs Chromium; on Debian: apt install chromium")
    with playwright.sync_playwright() as driver:
        arguments = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        launched = driver.chromium.launch(executable_path=path, args=arguments)
        yield launched
        launched.close()


@pytest.fixture
def page_of(browser) -> Iterator[Callable[..., Any]]:
    """Opens the page of a service; what goes wrong in it fails the test, and so does any address but the service's."""
    contexts, problems = [], []

    def open_page(url: str, **options: object) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 800}, **options})
        context.set_default_timeout(WAIT)
        contexts.append(context)
        page = context.new_page()
        # Only while somebody listens are file choosers left to the test, and that takes effect a while later.
        page.on("filechooser", lambda _: None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
        page.on(
            "request", lambda asked: problems.append(asked.url) if not asked.url.startswith((url, "blob:")) else None
        )
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems


@pytest.fixture
def service(start) -> Iterator[tuple[Running, str]]:
    """A service, and the address where it listens."""
    running = start()
    with listening(running.app) as url:
        yield running, url


def enroll(client: TestClient, name: str, *videos: bytes, wait: float = 10):
    files = [("video", ("walk.avi", data, "video/x-msvideo")) for data in videos]
    return client.post("/api/v1/people", params={"wait": wait}, data={"name": name, "consent": "yes"}, files=files)


def ask(client: TestClient, action: str, data: bytes, wait: float = 10, **fields: str):
    files = {"video": ("walk.avi", data, "video/x-msvideo")}
    return client.post(f"/api/v1/{action}", params={"wait": wait}, data=fields, files=files)
