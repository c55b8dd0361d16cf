"""`gaitprint serve` as a process of its own, and the tokens that its command makes."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

pytest.importorskip("fastapi", reason="needs FastAPI (gaitprint[serve])")

from gaitprint.cli import main


@pytest.fixture
def call(tmp_path, capsys):
    def run(*words: str, code: int = 0) -> tuple[dict, str]:
        summary = tmp_path / "summary.json"
        assert main.run(["serve", *words, "--folder", str(tmp_path / "service"), "--json", str(summary)]) == code
        printed = capsys.readouterr()
        return (json.loads(summary.read_text()) if code == 0 else {}), " ".join((printed.out + printed.err).split())

    return run


def test_tokens_are_made_listed_and_revoked(call) -> None:
    made, printed = call("token", "create", "front door", "--rights", "identify,list", "--expires", "30d")
    assert made["token"] in printed
    assert made["rights"] == ["identify", "list"]
    (listed,) = call("token", "list")[0]["tokens"]
    assert (listed["label"], listed["state"]) == ("front door", "valid")
    assert "token" not in listed
    call("token", "revoke", made["token_id"])
    assert call("token", "list")[0]["tokens"][0]["state"] == "revoked"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("token", "create", "x", "--rights", "fly"), "unknown right 'fly'"),
        (("token", "create", "x", "--expires", "soon"), "'soon' is no time span"),
        (("token", "revoke", "nobody"), "unknown token 'nobody'"),
        (("token", "make"), "serve token create LABEL"),
        (("token", "create", "x", "--rights", ""), "unknown right ''"),
        (("token", "list", "--rights", "identify"), "--rights and --expires are those of a new token"),
        (("--expires", "30d"), "--rights and --expires are those of a new token"),
        (("--no-auth", "--host", "0.0.0.0"), "--no-auth lets everybody in"),
        (("--fpir", "2"), "--fpir is 2"),
        (("--workers", "0"), "--workers is 0"),
        (("--job-seconds", "inf"), "--job-seconds is inf"),
        (("--upload-megabytes", "0"), "--upload-megabytes is 0"),
        (("--port", "70000"), "--port is 70000"),
        (("--key", "key.pem"), "--key is the key of a --certificate"),
        (("--gallery", "{folder}", "--model", "nonsense"), "nonsense"),
    ],
)
def test_wrong_words_are_told_in_one_line(call, tmp_path, words, says) -> None:
    assert says in call(*(word.format(folder=tmp_path / "gallery") for word in words), code=2)[1]


def test_nothing_is_made_for_words_that_are_none(call, tmp_path) -> None:
    for words in (("token",), ("tokens", "list"), ("token", "create"), ("token", "list", "more")):
        assert "serve token create LABEL" in call(*words, code=2)[1]
    assert not (tmp_path / "service").exists()


def test_a_missing_package_is_named_with_what_installs_it(call, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "limits", None)
    assert 'the service needs limits: pip install "gaitprint[serve]"' in call(code=1)[1]


@pytest.fixture
def served(tmp_path) -> Iterator[tuple[str, str, subprocess.Popen[str]]]:
    """Address, first token and process of a service."""
    options = "--port", "0", "--folder", str(tmp_path / "service"), "--gallery", str(tmp_path / "gallery")
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "gaitprint", "serve", *options],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    printed = ""
    while "Ctrl+C" not in printed:
        line = process.stdout.readline()
        assert line, printed
        printed += line
    yield re.search(r"http://\S+", printed)[0], re.search(r"gp_\S+", printed)[0], process
    process.kill()
    process.wait()


def children_of(pid: int) -> list[str]:
    files = Path(f"/proc/{pid}/task").glob("*/children")
    return [child for file in files for child in file.read_text().split()]


def test_the_first_token_is_shown_and_lets_its_bearer_in(served, tmp_path) -> None:
    url, token, process = served
    assert httpx.get(f"{url}api/health").json()["status"] == "ok"
    assert httpx.get(f"{url}api/v1/people").status_code == 401
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{url}api/v1/people", headers=bearer).json()["people"] == []
    files = {"video": ("walk.avi", b"RIFF\xff\xff\xff\xffAVI LIST" + bytes(1000))}
    assert httpx.post(f"{url}api/v1/identify", headers=bearer, files=files, timeout=60).status_code == 202
    lookers = children_of(process.pid)  # one looks at the video, where the system tells
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    assert not (tmp_path / "service" / "temporary").exists()
    assert not [pid for pid in lookers if Path(f"/proc/{pid}").exists()]
