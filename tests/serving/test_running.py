"""A service around a real port: where it cannot listen, and how it ends."""

import socket
import time

import httpx
import pytest
from tests.serving.pretending import video

from gaitprint.core.errors import UsageError
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


def test_a_service_that_ends_amid_a_video_leaves_nothing_of_it(running, run) -> None:
    bearer = {"Authorization": f"Bearer {running.token()}"}
    with run() as url:
        for takes in (1.0, 60.0):  # one that is looked at, and one that waits
            files = {"video": ("walk.avi", video("anna", takes=takes))}
            assert httpx.post(f"{url}api/v1/identify", files=files, headers=bearer).status_code == 202
        began = time.monotonic()
    assert time.monotonic() - began < 30  # the one that waits was not begun
    assert running.extractor.closed
    assert not (running.folder / "temporary").exists()


def test_whoever_asks_for_no_token_listens_to_this_machine_alone(tmp_path) -> None:
    settings = ServiceSettings(tmp_path, require_token=False, hosts=("gait.local",))
    assert check_address("::1", settings).hosts == ("127.0.0.1", "::1", "localhost", "gait.local")
    with pytest.raises(UsageError, match=r"--host 192\.168\.0\.2 is not this machine alone"):
        check_address("192.168.0.2", settings)
