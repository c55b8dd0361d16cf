"""A service whose people are in PostgreSQL or in Milvus."""

import pytest
from tests.serving.conftest import ask, enroll
from tests.serving.pretending import video


@pytest.mark.parametrize("engine", ["postgresql", "milvus"])
def test_people_on_a_server_are_enrolled_known_renamed_and_deleted(start, new_location, engine) -> None:
    location = new_location(engine)
    client = start(location).client()
    anna = enroll(client, "Anna", video("anna"), video("anna", take=2)).json()["enrolled"]
    assert anna["templates"] == 2
    enroll(client, "Ben", video("ben"))
    known = ask(client, "identify", video("anna", take=3)).json()["identified"][0]
    assert (known["decision"], known["candidates"][0]["person_id"]) == ("known", anna["person_id"])
    assert ask(client, "identify", video("carol")).json()["identified"][0]["decision"] == "unknown"
    assert ask(client, "verify", video("anna", take=4), person_id=anna["person_id"]).json()["verified"]["accepted"]
    person = f"/api/v1/people/{anna['person_id']}"
    assert client.get(f"{person}/picture").content.startswith(b"\x89PNG")
    assert client.patch(person, json={"name": "Zoë"}).json()["name"] == "Zoë"

    # Another service knows them too, and what one removes is gone for both.
    other = start(location).client()
    assert [each["name"] for each in other.get("/api/v1/people").json()["people"]] == ["Ben", "Zoë"]
    deleted = client.delete(person).json()
    assert (deleted["templates"], deleted["complete"]) == (2, True)
    for each in (client, other):
        assert each.get(person).status_code == 404
        left = ask(each, "identify", video("anna", take=5)).json()["identified"][0]
        assert (left["decision"], [one["name"] for one in left["candidates"]]) == ("unknown", ["Ben"])


def test_a_server_that_is_gone_is_a_fault_without_its_address(start, new_location, monkeypatch, caplog) -> None:
    running = start(new_location("postgresql"))
    client = running.client()
    engine = running.service.recogniser._gallery.engine
    engine.close()
    monkeypatch.setattr(engine, "_url", "postgresql://me:secret@127.0.0.1:1/none")
    monkeypatch.setattr("time.sleep", lambda _: None)  # it is tried again six times
    answer = client.get("/api/v1/people")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "127.0.0.1" not in answer.text
    failed = ask(client, "identify", video("anna"))
    assert failed.status_code == 500
    assert failed.json()["detail"] == "the gallery cannot be used; the service's own log has more"
    assert "127.0.0.1" in caplog.text
    assert "secret" not in caplog.text
