"""A service behind a real port, for a real browser, and what everybody does on its page."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

# Nothing takes so long, except on a machine that is very busy, ms.
WAIT = 60_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def find_browser() -> str | None:
    """The first browser of Chromium's kind that is installed."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """Serve an application; yields its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", access_log=False, backlog=2048)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://localhost:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def sign_in(page, token: str) -> None:
    """Give a token to the page, and wait until it shows what it allows."""
    page.fill("#token", token)
    page.press("#token", "Enter")
    page.wait_for_selector("#app:not([hidden])")


def chosen(name: str, data: bytes) -> dict[str, object]:
    """A video as a file chooser takes it."""
    return {"name": name, "mimeType": "video/x-msvideo", "buffer": data}


def verdicts(page) -> list[str]:
    """What the page says of everybody in a video, once it does."""
    page.wait_for_selector(".verdict")
    return page.locator(".outcome:visible .verdict h2").all_inner_texts()
