"""A service around a real port: where it cannot listen, and how it ends."""

import queue
import socket
import threading
import time

import httpx
import pytest
from tests.serving.pretending import video

from gaitprint.core.errors import UsageError
from gaitprint.serving import running as serving
from gaitprint.serving.running import check_address, run_service
from gaitprint.serving.settings import ServiceSettings


def test_an_address_that_is_taken_is_told_and_the_service_closed(running, capfd) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen at 127.0.0.1:{port}"):
            run_service(running.service, "127.0.0.1", port, on_started=pytest.fail)
    assert running.extractor.closed
    assert "Traceback" not in capfd.readouterr().err


def test_a_service_that_ends_amid_a_video_leaves_nothing_of_it(running, monkeypatch) -> None:
    servers, addresses = [], queue.Queue()

    class Remembered(serving._Server):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)
            servers.append(self)

    monkeypatch.setattr(serving, "_Server", Remembered)
    bearer = {"Authorization": f"Bearer {running.token()}"}
    arguments = {"on_started": addresses.put}
    thread = threading.Thread(target=run_service, args=(running.service, "127.0.0.1", 0), kwargs=arguments)
    thread.start()
    url = addresses.get(timeout=60)
    try:
        for takes in (1.0, 60.0):  # one that is looked at, and one that waits
            files = {"video": ("walk.avi", video("anna", takes=takes))}
            assert httpx.post(f"{url}api/v1/identify", files=files, headers=bearer).status_code == 202
    finally:
        began = time.monotonic()
        servers[0].should_exit = True
        thread.join(timeout=60)
    assert not thread.is_alive()
    assert time.monotonic() - began < 30  # the one that waits was not begun
    assert running.extractor.closed
    assert not (running.folder / "temporary").exists()


def test_whoever_asks_for_no_token_listens_to_this_machine_alone(tmp_path) -> None:
    settings = ServiceSettings(tmp_path, require_token=False, hosts=("gait.local",))
    assert check_address("::1", settings).hosts == ("127.0.0.1", "::1", "localhost", "gait.local")
    with pytest.raises(UsageError, match=r"--host 192\.168\.0\.2 is not this machine alone"):
        check_address("192.168.0.2", settings)
