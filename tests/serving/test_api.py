"""The API, by way of a client: enroll, identify, verify, list, rename, delete, and jobs."""

import threading
import time

from tests.serving.conftest import ask, enroll
from tests.serving.pretending import video


def test_health_needs_no_token(running):
    answer = running.transport.get("/api/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_somebody_who_is_enrolled_is_known_and_a_stranger_is_not(running):
    client = running.client()
    enrolled = enroll(client, "Anna", video("anna"), video("anna", take=2))
    assert enrolled.status_code == 200, enrolled.text
    assert enrolled.json()["enrolled"]["templates"] == 2
    enroll(client, "Ben", video("ben"))
    known = ask(client, "identify", video("anna", take=3)).json()["identified"][0]
    assert known["decision"] == "known"
    assert [candidate["name"] for candidate in known["candidates"]] == ["Anna", "Ben"]
    assert known["candidates"][0]["probability"] > 0.9
    stranger = ask(client, "identify", video("carol")).json()["identified"][0]
    assert stranger["decision"] == "unknown"


def test_everybody_in_a_video_is_answered_for(running):
    client = running.client()
    enroll(client, "Anna", video("anna"))
    answer = ask(client, "identify", video("anna", "stranger", "small", take=2)).json()
    assert [one["decision"] for one in answer["identified"]] == ["known", "unknown"]
    people = answer["videos"][0]["people"]
    assert [person["passages"][0]["usable"] for person in people] == [True, True, False]
    assert "too small" in people[2]["passages"][0]["refused"]


def test_who_comes_back_is_one_person_where_that_is_said(running):
    client = running.client()
    enroll(client, "Anna", video("anna"))
    answer = ask(client, "identify", video("anna", "anna", take=2), one_person="yes").json()
    assert [(one["number"], one["decision"]) for one in answer["identified"]] == [(None, "known")]
    separate = ask(client, "identify", video("anna", "anna", take=3)).json()
    assert [one["number"] for one in separate["identified"]] == [1, 2]
    together = ask(client, "identify", video("anna", "ben", together=True), one_person="yes")
    assert together.status_code == 422


def test_a_rate_that_the_calibration_cannot_show_is_no_decision(running):
    client = running.client()
    enroll(client, "Anna", video("anna"))
    files = {"video": ("walk.avi", video("anna", take=2))}
    answer = client.post("/api/v1/identify", params={"wait": 10, "fpir": 1e-6}, files=files).json()["identified"][0]
    assert answer["decision"] is None
    assert answer["reason"]


def test_a_claim_is_checked(running):
    client = running.client()
    anna = enroll(client, "Anna", video("anna")).json()["enrolled"]["person_id"]
    accepted = ask(client, "verify", video("anna", take=2), person_id=anna).json()["verified"]
    rejected = ask(client, "verify", video("ben"), person_id=anna).json()["verified"]
    assert (accepted["accepted"], rejected["accepted"]) == (True, False)
    assert ask(client, "verify", video("anna"), person_id="0" * 32).status_code == 404


def test_people_are_listed_renamed_and_deleted_by_id(running):
    client = running.client()
    anna = enroll(client, "Anna", video("anna")).json()["enrolled"]["person_id"]
    enroll(client, "Ben", video("ben"))
    page = client.get("/api/v1/people", params={"limit": 1}).json()
    assert page["total"] == 2
    assert [person["name"] for person in page["people"]] == ["Anna"]
    found = client.get("/api/v1/people", params={"name": "EN"}).json()
    assert (found["total"], [person["name"] for person in found["people"]]) == (1, ["Ben"])
    assert client.get("/api/v1/people", params={"name": "%"}).json()["people"] == []
    assert client.get(f"/api/v1/people/{anna}/picture").content.startswith(b"\x89PNG")
    assert client.patch(f"/api/v1/people/{anna}", json={"name": "Ben"}).status_code == 409
    renamed = client.patch(f"/api/v1/people/{anna}", json={"name": "Zoë"})
    assert renamed.json()["name"] == "Zoë"
    assert client.get(f"/api/v1/people/{anna}").json()["name"] == "Zoë"
    deleted = client.delete(f"/api/v1/people/{anna}")
    assert deleted.json() == {"person_id": anna, "templates": 1, "complete": True, "warning": None}
    assert client.get(f"/api/v1/people/{anna}").status_code == 404
    assert client.delete(f"/api/v1/people/{anna}").status_code == 404


def test_a_job_can_be_watched_and_has_pictures(running):
    client = running.client()
    accepted = ask(client, "identify", video("anna", takes=0.4), wait=0)
    assert accepted.status_code == 202
    assert accepted.json()["state"] in ("queued", "running")
    place = accepted.headers["location"]
    job = client.get(place, params={"wait": 10}).json()
    assert job["state"] == "done"
    passage = job["videos"][0]["people"][0]["passages"][0]
    assert client.get(passage["animation"]).content.startswith(b"GIF89a")
    assert client.get(passage["sheet"]).content.startswith(b"\x89PNG")
    other = running.client("identify")
    assert other.get(place).status_code == 404
    assert other.get(passage["animation"]).status_code == 404
    assert client.delete(place).status_code == 204
    assert client.get(passage["animation"]).status_code == 404


def test_results_are_dropped_after_a_while(start):
    running = start(kept_seconds=0.2)
    client = running.client()
    job = ask(client, "identify", video("anna"))
    folder = running.folder / "temporary"
    until = time.monotonic() + 5
    while (
        list(folder.iterdir()) or client.get(job.headers["location"]).status_code != 404
    ) and time.monotonic() < until:
        time.sleep(0.05)
    assert not list(folder.iterdir())
    assert client.get(job.headers["location"]).status_code == 404


def test_videos_and_walks_are_removed_once_they_were_looked_at(running):
    client = running.client()
    ask(client, "identify", video("anna"))
    assert [job.seen[0].people[0].walks for job in running.service.jobs._jobs.values()] == [[]]
    ask(client, "identify", video("anna", crash=True))
    enroll(client, "Anna", video("anna"), video("anna", take=2))
    kept = [path.name for path in (running.folder / "temporary").rglob("*") if path.is_file()]
    assert kept
    assert {name.rpartition(".")[2] for name in kept} == {"gif", "png"}


def test_a_result_that_names_somebody_who_is_deleted_meanwhile_is_dropped(running, monkeypatch):
    client = running.client()
    anna = enroll(client, "Anna", video("anna")).json()["enrolled"]["person_id"]
    identify, found, deleted = running.service.recogniser.identify, threading.Event(), threading.Event()

    def slow(*asked):
        answer = identify(*asked)
        found.set()
        assert deleted.wait(20)
        return answer

    monkeypatch.setattr(running.service.recogniser, "identify", slow)
    place = ask(client, "identify", video("anna", take=2), wait=0).headers["location"]
    assert found.wait(20)
    assert client.delete(f"/api/v1/people/{anna}").status_code == 200
    deleted.set()
    job = client.get(place, params={"wait": 20})
    while job.status_code == 200 and job.json()["state"] == "running":
        job = client.get(place, params={"wait": 20})
    assert client.get(place).status_code == 404


def test_a_job_is_accepted_even_where_it_is_over_at_once(running, monkeypatch):
    jobs = running.service.jobs
    submit = jobs.submit

    def submit_and_end(job):
        submit(job)
        while not job.over:
            time.sleep(0.001)

    monkeypatch.setattr(jobs, "submit", submit_and_end)
    accepted = enroll(running.client(), "Anna", video("small"), wait=0)
    assert (accepted.status_code, accepted.json()["state"]) == (202, "failed")


def test_two_people_at_once_are_nobody_to_enrol(running):
    answer = enroll(running.client(), "Anna", video("anna", "ben", together=True))
    assert answer.status_code == 422
    assert "two people" in answer.json()["detail"]


def test_a_failed_job_still_shows_what_was_seen(running):
    client = running.client()
    accepted = enroll(client, "Anna", video("small"), wait=0)
    job = client.get(accepted.headers["location"], params={"wait": 10}).json()
    assert (job["state"], job["problem"]["status"]) == ("failed", 422)
    assert job["problem"]["detail"] == "no walk that will do: too small"
    assert job["videos"][0]["people"][0]["passages"][0]["refused"]
    assert client.get("/api/v1/people").json()["total"] == 0


def test_the_audit_log_tells_of_ids_that_nobody_has(running):
    client = running.client()
    nobody = "0" * 32
    client.get(f"/api/v1/people/{nobody}")
    client.patch(f"/api/v1/people/{nobody}", json={"name": "Anna"})
    client.delete(f"/api/v1/people/{nobody}")
    ask(client, "verify", video("anna"), person_id=nobody)
    entries = client.get("/api/v1/audit").json()["entries"][1:]
    assert [entry["action"] for entry in entries] == ["verify", "delete", "rename", "show"]
    assert {(entry["outcome"], entry["person_id"]) for entry in entries} == {("refused: no such person", nobody)}


def test_the_audit_log_tells_of_videos_that_failed(running):
    client = running.client()
    anna = enroll(client, "Anna", video("anna")).json()["enrolled"]["person_id"]
    ask(client, "identify", b"RIFF....AVI and then nothing that is a video")
    ask(client, "verify", video("anna", crash=True), person_id=anna)
    enroll(client, "Ben", video("small"))
    entries = client.get("/api/v1/audit").json()["entries"]
    told = [(entry["action"], entry["outcome"], entry["person_id"]) for entry in entries[1:4]]
    assert told == [("enroll", "failed", None), ("verify", "failed", anna), ("identify", "failed", None)]


def test_the_audit_log_tells_who_asked_what_by_ids_alone(running):
    client = running.client()
    anna = enroll(client, "Anna Very Secret", video("anna")).json()["enrolled"]["person_id"]
    ask(client, "identify", video("anna", take=2))
    client.delete(f"/api/v1/people/{anna}")
    entries = client.get("/api/v1/audit").json()["entries"]
    told = [(entry["action"], entry["outcome"], entry["person_id"]) for entry in entries]
    assert told == [
        ("audit", "read", None),
        ("delete", "deleted", anna),
        ("identify", "known", anna),
        ("enroll", "enrolled", anna),
    ]
    assert "Secret" not in str(entries)
