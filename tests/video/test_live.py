"""Live sources: cameras that are made up, and a stream of JPEG pictures over HTTP on this machine."""

import itertools
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.video.crowds import camera, passer, picture

from gaitprint.cli import main
from gaitprint.core.errors import UnreadableFileError
from gaitprint.data.store import Store
from gaitprint.video import live, sources
from gaitprint.video.live import LiveSource
from gaitprint.video.sources import open_source

RATE_HZ = 20.0


class Camera:
    """Gives grey frames at a pace, and breaks after so many; counts how often it was opened."""

    def __init__(
        self, breaks: list[int], *, pace_hz: float | None = None, says_hz: float = 25.0, frames: float = 0.0
    ) -> None:
        self.breaks, self.pace_hz, self.says_hz, self.frames = breaks, pace_hz, says_hz, frames
        self.opened = 0

    def __call__(self) -> "Camera":
        self.left = self.breaks[self.opened] if self.opened < len(self.breaks) else 0
        self.opened += 1
        return self

    def isOpened(self) -> bool:  # noqa: N802
        return True

    def get(self, what: int) -> float:
        return {cv2.CAP_PROP_FPS: self.says_hz, cv2.CAP_PROP_FRAME_COUNT: self.frames}[what]

    def read(self) -> tuple[bool, NDArray[np.uint8]]:
        if self.pace_hz:
            time.sleep(1 / self.pace_hz)
        self.left -= 1
        return self.left >= 0, np.full((8, 8, 3), self.left % 256, np.uint8)

    def release(self) -> None:
        pass


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_MEASURED_SECONDS", 0.4)
    monkeypatch.setattr(live, "_RETRY_SECONDS", 0.05)
    monkeypatch.setattr(sources, "_ANSWER_SECONDS", 0.5)


def test_a_stream_that_breaks_is_opened_again() -> None:
    opened = Camera([10, 10])
    source = LiveSource("stream", opened)
    numbers = [frame.number for frame in source]
    assert len(numbers) == 20
    assert all(after > before for before, after in itertools.pairwise(numbers))
    assert source.warning.startswith("stream: broke off after")
    assert opened.opened == 2 + 5


def test_a_stream_whose_frames_are_no_pictures_ends() -> None:
    class Strange(Camera):
        def read(self) -> tuple[bool, NDArray[np.uint8]]:
            read, pixels = super().read()
            return read, pixels if self.opened == 1 else pixels[..., :2]  # two channels

    source = LiveSource("stream", Strange([5, 5]))
    assert len(list(source)) == 5
    assert "did not come back" in source.warning


def test_a_camera_that_is_slower_than_it_says_is_believed_its_clock() -> None:
    source = LiveSource("dark", Camera([1000], pace_hz=30, says_hz=60.0), seconds=1.0)
    # What it really gives depends on how busy the machine is.
    assert 15 < source.frame_rate_hz < 31
    numbers = [frame.number for frame in source]
    assert numbers[-1] == pytest.approx(source.frame_rate_hz, abs=2)
    assert len(numbers) > 0.7 * numbers[-1]
    assert "frames a second, not 60 as it says" in source.warning


def test_who_is_slower_than_the_camera_gets_the_latest_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_BUFFERED_SECONDS", 0.2)
    source = LiveSource("fast", Camera([60], pace_hz=100), reconnects=False)
    seen = 0
    for _ in source:
        seen += 1
        time.sleep(0.03)
    assert seen < 60
    assert f"{60 - seen} frames were let go" in source.warning


def test_a_recording_behind_an_address_is_read_once_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_BUFFERED_BYTES", 8 * 8 * 3 * 4)
    source = LiveSource("recording", Camera([50, 50], frames=50.0))
    numbers = []
    for frame in source:
        numbers.append(frame.number)
        time.sleep(0.001)
    assert numbers == list(range(50))
    assert source.warning == ""


@contextmanager
def stream(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """Serve an address on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/live.mjpg"
    finally:
        server.shutdown()
        server.server_close()


class Pictures:
    """Frames as a camera on the network sends them: one JPEG picture after the other, at their pace, to one client."""

    def __init__(self, frames: NDArray[np.uint8], rate_hz: float, *, stays: bool = False) -> None:
        self.pictures = [cv2.imencode(".jpg", frame[..., ::-1])[1].tobytes() for frame in frames]
        self.rate_hz, self.stays = rate_hz, stays
        self.clients = 0
        self.sent = threading.Event()

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        self.clients += 1
        if self.clients > 1:  # it is gone
            request.send_error(503)
            return
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        request.end_headers()
        try:
            for number, jpeg in enumerate(self.pictures):
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                request.wfile.write(head.encode() + jpeg + b"\r\n")
                request.wfile.flush()
                if number == 100:
                    self.sent.set()
                time.sleep(1 / self.rate_hz)
            if self.stays:
                time.sleep(30)
        except OSError:
            pass


@pytest.fixture(scope="module")
def walker() -> NDArray[np.uint8]:
    """Four seconds of somebody who walks through."""
    return picture([passer(1, 110, 15, 4.2, RATE_HZ)], camera()).frames


def test_what_a_stream_gave_until_it_broke_off_is_kept(walker: NDArray[np.uint8], tmp_path, capsys) -> None:
    with stream(Pictures(walker, 40.0)) as address:
        options = ["--out", str(tmp_path / "walks"), "--front-end", "background", "--seconds", "60"]
        assert main.run(["extract", address, *options]) == 0
    printed = capsys.readouterr()
    assert len(Store.open(tmp_path / "walks")) == 1
    (warning,) = [line for line in printed.err.splitlines() if "warning" in line]
    assert "broke off after" in warning
    assert "did not come back" in warning


def test_an_interrupt_keeps_what_was_found(walker: NDArray[np.uint8], tmp_path, capsys) -> None:
    server = Pictures(walker, 40.0, stays=True)

    def interrupt() -> None:
        server.sent.wait(20)
        time.sleep(0.4)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with stream(server) as address:
        threading.Thread(target=interrupt, daemon=True).start()
        options = ["--out", str(tmp_path / "walks"), "--front-end", "background"]
        assert main.run(["extract", address, *options]) == 0
    assert len(Store.open(tmp_path / "walks")) == 1
    assert "1 walk added" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is before


def test_an_address_that_does_not_answer_is_one_line_in_time(tmp_path, capfd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://user:secret@127.0.0.1:{silent.getsockname()[1]}/live"
        start = time.monotonic()
        assert main.run(["extract", address, "--out", str(tmp_path / "walks"), "--front-end", "background"]) == 1
        assert time.monotonic() - start < 20
    (line,) = capfd.readouterr().err.splitlines()
    assert "does not answer" in line
    assert "secret" not in line
    assert not (tmp_path / "walks").exists()


def test_nobody_listens_at_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(UnreadableFileError, match="cannot be opened"):
        open_source(f"rtsp://127.0.0.1:{port}/live")
