"""What strangers may try: every one gets a clear answer, and the service stays up."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest
from tests.serving.browsing import listening
from tests.serving.conftest import ask, enroll
from tests.serving.pretending import PretendedModel, video

GUARDED = [
    ("GET", "/api/v1/session"),
    ("GET", "/api/v1/people"),
    ("GET", f"/api/v1/people/{'0' * 32}"),
    ("GET", f"/api/v1/people/{'0' * 32}/picture"),
    ("PATCH", f"/api/v1/people/{'0' * 32}"),
    ("DELETE", f"/api/v1/people/{'0' * 32}"),
    ("POST", "/api/v1/people"),
    ("POST", "/api/v1/identify"),
    ("POST", "/api/v1/verify"),
    ("GET", f"/api/v1/jobs/{'0' * 32}"),
    ("GET", f"/api/v1/jobs/{'0' * 32}/pictures/1/1/sheet"),
    ("DELETE", f"/api/v1/jobs/{'0' * 32}"),
    ("GET", "/api/v1/audit"),
]
# What a token with every right but this one is refused.
NEEDS = [
    ("identify", "POST", "/api/v1/identify"),
    ("verify", "POST", "/api/v1/verify"),
    ("list", "GET", "/api/v1/people"),
    ("enroll", "POST", "/api/v1/people"),
    ("enroll", "PATCH", f"/api/v1/people/{'0' * 32}"),
    ("delete", "DELETE", f"/api/v1/people/{'0' * 32}"),
    ("audit", "GET", "/api/v1/audit"),
]
RIGHTS = {"identify", "verify", "list", "enroll", "delete", "audit"}


def is_problem(answer: httpx.Response, status: int) -> bool:
    body = answer.json()
    assert answer.status_code == status, body
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(body) == {"type", "title", "status", "detail"}
    assert body["status"] == status
    assert "\n" not in body["detail"]
    assert "Traceback" not in body["detail"]
    return True


def test_the_list_of_guarded_paths_is_complete(running):
    paths = running.app.openapi()["paths"]
    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert len(described) == len(GUARDED) + 1  # and health


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_no_token_and_wrong_tokens_are_refused(running, method, path):
    expired = running.token(expires=timedelta(seconds=-1))
    revoked = running.token()
    running.service.tokens.revoke(revoked.split("_")[1])
    good = running.token()
    wrong = [
        {},
        {"Authorization": f"Basic {good}"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {good[:-1]}"},
        {"Authorization": f"Bearer {good[:-1]}{'A' if good[-1] != 'A' else 'B'}"},
        {"Authorization": f"Bearer {good}{'x' * 5000}"},
        {"Authorization": f"Bearer {expired}"},
        {"Authorization": f"Bearer {revoked}"},
    ]
    body = {"json": {"name": "x"}} if method == "PATCH" else {}
    for headers in wrong:
        answer = running.transport.request(method, path, headers=headers, **body)
        assert is_problem(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("right", "method", "path"), NEEDS)
def test_another_tokens_right_is_refused(running, right, method, path):
    client = running.client(*(RIGHTS - {right}))
    body = {"json": {"name": "x"}} if method == "PATCH" else {}
    assert is_problem(client.request(method, path, **body), 403)


def test_tokens_are_kept_as_hashes(running):
    token = running.token()
    everything = b"".join(path.read_bytes() for path in running.folder.rglob("*") if path.is_file())
    assert token.split("_", 2)[2].encode() not in everything
    assert token.split("_")[1].encode() in everything
    assert (running.folder.stat().st_mode & 0o77, (running.folder / "service.db").stat().st_mode & 0o77) == (0, 0)


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/passwd",
        "..\\..\\windows",
        "/etc/shadow",
        "a\N{FULLWIDTH SOLIDUS}b",
        "'; DROP TABLE people; --",
        "<script>alert(1)</script>",
        "${jndi:ldap://x}",
        "%2e%2e%2f",
        "x" * 200,
    ],
)
def test_names_are_data(running, tmp_path, name):
    before = {path for path in tmp_path.rglob("*") if "temporary" not in path.parts}
    client = running.client()
    answer = enroll(client, name, video("anna"))
    assert answer.status_code == 200
    assert client.get("/api/v1/people").json()["people"][0]["name"] == name
    after = {path for path in tmp_path.rglob("*") if "temporary" not in path.parts}
    assert {path.name for path in after - before} <= {"gallery.db", "gallery.db-wal", "gallery.db-shm"}


@pytest.mark.parametrize("name", ["", " ", "a\x00b", "a\nb", "x" * 201, "\N{RIGHT-TO-LEFT OVERRIDE}x", " anna"])
def test_names_that_are_none_are_refused(running, name):
    assert is_problem(enroll(running.client(), name, video("anna")), 422)


def test_names_of_files_are_not_looked_at(running, tmp_path):
    files = {"video": ("../../../evil.avi", video("anna"), "video/mp4")}
    answer = running.client().post("/api/v1/identify", params={"wait": 10}, files=files)
    assert answer.status_code == 200
    assert not list(tmp_path.rglob("*evil*"))


OUTSIDE = ["/page/../app.py", "/page/%2e%2e/app.py", "/page/..%2fapp.py", "/page//etc/passwd", "/page/index.html/x"]


@pytest.mark.parametrize("path", [*OUTSIDE, "/api/v2"])
def test_nothing_but_the_page_is_served(running, path):
    assert is_problem(running.transport.get(path), 404)


def test_only_the_form_that_is_asked_for_is_taken(running):
    client = running.client()
    good = ("walk.avi", video("anna"))
    assert is_problem(client.post("/api/v1/identify"), 415)
    assert is_problem(client.post("/api/v1/identify", json={"video": "x"}), 415)
    assert is_problem(client.post("/api/v1/identify", data={"video": "text"}), 415)
    assert is_problem(client.post("/api/v1/identify", files={"other": good}), 422)
    assert is_problem(client.post("/api/v1/identify", files=[("video", good), ("video", good)]), 422)
    assert is_problem(client.post("/api/v1/identify", files={"video": good}, data={"x": "1"}), 422)
    assert is_problem(client.post("/api/v1/identify", params={"fpir": 2}, files={"video": good}), 422)
    assert is_problem(client.post("/api/v1/people", files={"video": good}, data={"name": "Anna"}), 422)
    assert is_problem(ask(client, "verify", video("anna"), person_id="../x"), 422)
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert is_problem(client.post("/api/v1/identify", content=b"--x\r\nno form", headers=headers), 400)
    assert is_problem(client.post("/api/v1/identify", content=b"", headers=headers), 400)
    assert running.service.jobs._free == 9
    assert not list((running.folder / "temporary").iterdir())


def test_a_part_may_not_have_headers_without_end(running):
    more = b"".join(b"a%d: x\r\n" % number for number in range(5000))
    body = (
        b'--x\r\nContent-Disposition: form-data; name="video"\r\n' + more + b"\r\n" + video("anna") + b"\r\n--x--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert is_problem(running.client().post("/api/v1/identify", content=body, headers=headers), 400)


def test_a_text_named_mp4_is_refused_at_once(running):
    files = {"video": ("walk.mp4", b"dear reader, this is no video", "video/mp4")}
    assert is_problem(running.client().post("/api/v1/identify", files=files), 415)


def test_too_large_a_body_is_refused_by_its_stated_length(running):
    with listening(running.app) as url:
        token = running.token()
        head = (
            f"POST /api/v1/identify HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 10000000000\r\n\r\n"
        )
        with socket.create_connection(("localhost", int(url.rpartition(":")[2])), timeout=10) as connection:
            connection.sendall(head.encode())
            answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 413")
        assert httpx.get(f"{url}/api/health").status_code == 200


def test_a_body_without_end_is_refused_while_it_comes(start):
    running = start(upload_bytes=3_000_000)
    sent = 0

    def endless():
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="video"; filename="a.avi"\r\n\r\n' + video("anna")
        while sent < 1_000_000_000:
            sent += 1 << 16
            yield bytes(1 << 16)

    with listening(running.app) as url:
        headers = {"Authorization": f"Bearer {running.token()}", "Content-Type": "multipart/form-data; boundary=x"}
        with httpx.Client() as client:
            try:
                answer = client.post(f"{url}/api/v1/identify", content=endless(), headers=headers)
            except httpx.TransportError:
                pass  # the service hung up while the client was still talking
            else:
                assert is_problem(answer, 413)
        assert sent < 100_000_000
        assert httpx.get(f"{url}/api/health").status_code == 200
    assert not list((running.folder / "temporary").glob("*/*"))


def test_a_small_request_may_not_be_large(running):
    answer = running.client().patch(f"/api/v1/people/{'0' * 32}", content=b" " * 100_000)
    assert is_problem(answer, 413)


def test_a_client_that_vanishes_leaves_nothing(running):
    with listening(running.app) as url:
        head = (
            f"POST /api/v1/identify HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {running.token()}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n\r\n"
            '--x\r\nContent-Disposition: form-data; name="video"; filename="a.avi"\r\n\r\n'
        )
        with socket.create_connection(("localhost", int(url.rpartition(":")[2])), timeout=10) as connection:
            connection.sendall(head.encode() + video("anna"))
            until = time.monotonic() + 10
            while not list((running.folder / "temporary").glob("*/upload-1")) and time.monotonic() < until:
                time.sleep(0.01)
        until = time.monotonic() + 10
        while list((running.folder / "temporary").iterdir()) and time.monotonic() < until:
            time.sleep(0.01)
        assert not list((running.folder / "temporary").iterdir())
        assert running.service.jobs._free == 9


def test_a_fault_shows_nothing_of_the_server(running):
    client = running.client()
    answer = ask(client, "identify", video("anna", crash=True))
    assert is_problem(answer, 500)
    assert "secret" not in answer.text
    assert ask(client, "identify", video("anna")).status_code == 200


def test_a_fault_of_the_service_is_a_problem_with_all_headers(running, monkeypatch):
    def stumble():
        raise RuntimeError("secret /path/of/the/server")

    monkeypatch.setattr(running.service.recogniser, "people", stumble)
    answer = running.client().get("/api/v1/people")
    assert is_problem(answer, 500)
    assert "secret" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_errors_of_the_gallery_do_not_name_its_place(running):
    client = running.client()
    enroll(client, "Anna", video("anna"))
    other = PretendedModel()
    other.name = "another"
    running.service.recogniser._gallery.use_models(other)
    answer = ask(client, "identify", video("anna", take=2))
    assert is_problem(answer, 422)
    assert str(running.gallery_folder) not in answer.text


def test_as_many_videos_wait_as_may(start):
    running = start(waiting_jobs=2)
    client = running.client()
    answers = [ask(client, "identify", video("anna", takes=1.0), wait=0) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 503, 503]
    assert is_problem(answers[3], 503)
    assert int(answers[3].headers["retry-after"]) > 0


def test_a_job_without_a_folder_keeps_no_place(running, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    client = running.client()
    with monkeypatch.context() as patched:
        patched.setattr(running.service.jobs, "_folder", tmp_path / "file")
        assert is_problem(ask(client, "identify", video("anna")), 500)
    assert running.service.jobs._free == 9
    assert ask(client, "identify", video("anna")).status_code == 200


def test_each_token_has_a_rate_of_its_own(start):
    running = start(requests_per_minute=5, videos_per_minute=2)
    first, second = running.client(), running.client()
    assert [first.get("/api/v1/session").status_code for _ in range(6)] == [200] * 5 + [429]
    limited = first.get("/api/v1/session")
    assert is_problem(limited, 429)
    assert 0 < int(limited.headers["retry-after"]) <= 60
    answers = [ask(second, "identify", video("anna"), wait=0).status_code for _ in range(3)]
    assert answers == [202, 202, 429]


def test_pages_of_other_sites_and_other_names_are_refused(start):
    running = start(require_token=False, hosts=("localhost",))
    client = running.transport
    assert client.get("/api/v1/people").status_code == 200
    assert is_problem(client.get("/api/v1/people", headers={"Sec-Fetch-Site": "cross-site"}), 403)
    assert is_problem(client.get("/api/v1/people", headers={"Host": "evil.example"}), 400)
    assert (
        "access-control-allow-origin"
        not in client.get("/api/health", headers={"Origin": "http://evil.example"}).headers
    )


def test_every_response_has_the_headers_that_keep_browsers_safe(running):
    for path in ("/", "/page/app.js", "/api/health", "/api/v1/people", "/nothing"):
        headers = running.transport.get(path).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert running.transport.get("/api/v1/people").headers["cache-control"] == "no-store"


def test_nothing_of_a_deleted_person_is_left_in_any_file(running):
    client = running.client()
    name = "Quetzalcoatl Ungewöhnlich"
    person_id = enroll(client, name, video("anna"), video("anna", take=2)).json()["enrolled"]["person_id"]
    enroll(client, "Ben", video("ben"))
    identified = ask(client, "identify", video("anna", take=3))
    gallery = running.service.recogniser._gallery
    templates = gallery.show(name)[1]
    traces = [name.encode(), name[13:].encode(), *(template.vector.tobytes()[:64] for template in templates)]
    traces += [template.picture[50:100] for template in templates]
    folders = (running.gallery_folder, running.folder)

    def everything() -> bytes:
        return b"".join(path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file())

    assert all(trace in everything() for trace in traces)
    assert client.delete(f"/api/v1/people/{person_id}").json()["complete"]
    assert not [trace for trace in traces if trace in everything()]
    # The result that named them is gone, too; the log's id leads nowhere.
    assert client.get(identified.headers["location"]).status_code == 404
    logged = [entry["person_id"] for entry in client.get("/api/v1/audit").json()["entries"]]
    assert person_id in logged
    assert client.get(f"/api/v1/people/{person_id}").status_code == 404


def test_what_an_interrupted_service_left_is_removed_at_the_next_start(start, tmp_path):
    temporary = tmp_path / "0" / "service" / "temporary"
    left, others = temporary / ("0f" * 16) / "upload-1", temporary / "thesis" / "chapter-1"
    for file in (left, others):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"somebody walks")
    running = start()
    assert [path.name for path in running.folder.glob("temporary/*")] == ["thesis"]
    running.service.close()
    assert others.read_bytes() == b"somebody walks"


def test_two_services_do_not_share_a_folder(running, tmp_path):
    from gaitprint.core.errors import UsageError
    from gaitprint.serving.service import Service

    with pytest.raises(UsageError, match="another service"):
        Service.start(running.service.settings, running.service.recogniser, [])


def test_many_requests_at_once_leave_the_service_up(running):
    """The load of benchmarks/service_load.py, smaller."""
    data = video("anna")
    headers = {"Authorization": f"Bearer {running.token()}"}
    with listening(running.app) as url, httpx.Client(limits=httpx.Limits(max_connections=100), timeout=60) as client:

        def one(number: int) -> int:
            if number % 3 == 0:
                return client.post(
                    f"{url}/api/v1/identify", files={"video": ("a.avi", data)}, headers=headers
                ).status_code
            if number % 3 == 1:
                return client.get(f"{url}/api/v1/people", headers=headers).status_code
            return client.get(f"{url}/api/v1/people").status_code

        with ThreadPoolExecutor(60) as pool:
            statuses = list(pool.map(one, range(240)))
        assert set(statuses[2::3]) == {401}
        assert set(statuses[1::3]) == {200}
        assert set(statuses[0::3]) <= {202, 429, 503}
        assert 202 in statuses
        assert client.get(f"{url}/api/health").status_code == 200
