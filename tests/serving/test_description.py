"""The API against its own OpenAPI description: complete, and nothing that it allows makes the service stumble."""

from collections.abc import Iterator

import pytest
from tests.serving.conftest import Running, enroll
from tests.serving.pretending import video

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis (gaitprint[dev])")

from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from schemathesis import checks  # noqa: E402

CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
GENERATION = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory) -> Iterator[Running]:
    running = Running(
        tmp_path_factory.mktemp("fuzzed"), requests_per_minute=100_000, videos_per_minute=100_000, waiting_jobs=10_000
    )
    yield running
    running.service.close()


# Schemathesis' own plugin lags behind pytest; its generator and its checks do not need it.
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_whatever_is_sent_the_answer_is_one_that_is_described(fuzzed, mode):
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", fuzzed.app)
    headers = {"Authorization": f"Bearer {fuzzed.token()}"}
    person_id = enroll(fuzzed.client(), "Anna", video("anna")).json()["enrolled"]["person_id"]
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 14
    for operation in operations:
        described = fuzzed.app.openapi()["paths"][operation.path][operation.method.lower()]
        if mode.is_negative and not {"parameters", "requestBody"} & set(described):
            continue  # nothing to do wrong

        @GENERATION
        @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
        def send(case, known):
            if known and mode.is_positive and "person_id" in (case.path_parameters or {}):
                case.path_parameters["person_id"] = person_id
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=CHECKS)

        send()
    assert running_still(fuzzed)


def running_still(running: Running) -> bool:
    return running.transport.get("/api/health").status_code == 200


def test_every_operation_says_what_it_may_answer(fuzzed):
    description = fuzzed.app.openapi()
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert "413" in operation["responses"], where
            if path != "/api/health":
                assert operation["security"] == [{"token": []}], where
                assert {"401", "403", "422", "429"} <= set(operation["responses"]), where
            for status, response in operation["responses"].items():
                if status.startswith(("4", "5")):
                    assert list(response["content"]) == ["application/problem+json"], where


def test_other_methods_are_refused_by_name(fuzzed):
    answer = fuzzed.transport.options(f"/api/v1/people/{'0' * 32}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, PATCH")
    assert fuzzed.transport.put("/api/v1/people").headers["allow"] == "GET, POST"
    assert fuzzed.transport.post("/").headers["allow"] == "GET"
