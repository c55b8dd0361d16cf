"""HTTPS, with a certificate that the test makes."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gaitprint.core.errors import UnreadableFileError
from gaitprint.serving.running import run_service


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> tuple[Path, Path]:
    """A certificate for this machine that signs itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl; on Debian: apt install openssl")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    made = "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"
    files = "-subj", "/CN=localhost", "-addext", names, "-out", certificate, "-keyout", key
    subprocess.run([openssl, *made, *files], check=True, capture_output=True)
    return certificate, key


@pytest.fixture
def served(run, certificate) -> Iterator[str]:
    """The address of a service behind the certificate."""
    with run(**dict(zip(("certificate", "key"), certificate, strict=True))) as url:
        yield url


def test_https_answers_and_whoever_speaks_something_else_harms_nobody(served, certificate, running) -> None:
    assert served.startswith("https://127.0.0.1:")
    trusting = ssl.create_default_context(cafile=certificate[0])
    with httpx.Client(verify=trusting, base_url=served) as client:
        answer = client.get("/api/health")
        assert answer.status_code == 200
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        bearer = {"Authorization": f"Bearer {running.token()}"}
        assert client.get("/api/v1/people", headers=bearer).json()["people"] == []

        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://{served.removeprefix('https://')}")
        with pytest.raises(httpx.ConnectError, match="certificate"):
            httpx.get(served)  # who does not know the certificate does not trust it
        place = "127.0.0.1", int(served.rstrip("/").rpartition(":")[2])
        for nonsense in (b"", b"\x16\x03\x01", bytes(5000)):
            with socket.create_connection(place, timeout=10) as connection:
                connection.sendall(nonsense)
        assert client.get("/api/health").status_code == 200
    assert httpx.get(f"{served}api/health", verify=trusting).status_code == 200


def test_a_certificate_that_is_none_is_told_in_one_line(running, certificate, tmp_path) -> None:
    (tmp_path / "text.pem").write_text("dear reader")
    for files in (
        (tmp_path / "text.pem", None),
        (tmp_path / "none.pem", None),
        (certificate[0], None),  # without its key
        (certificate[0], certificate[0]),
    ):
        with pytest.raises(UnreadableFileError, match="no certificate with its key in PEM") as refused:
            run_service(running.service, "127.0.0.1", 0, certificate=files[0], key=files[1], on_started=print)
        assert str(files[0]) in str(refused.value)
        assert "\n" not in str(refused.value)
