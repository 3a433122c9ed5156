"""The description is true: schemathesis asks what it allows, and what it does not, and holds every answer against it."""

from __future__ import annotations

import json

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from api_serving import Api, joined, serving

pytestmark = pytest.mark.slow

CHECKED = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance", "response_headers_conformance")
OPERATIONS = [("POST", "/api/v1/events"), *(("GET", f"/api/v1/{x}") for x in ("report", "period", "live", "statistics"))]


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with serving(f"sqlite:///{tmp_path_factory.mktemp('described')}/usage.db") as running:
        running.post([joined("a"), joined("b", session="s-2")], running.sender())
        yield running


@pytest.fixture(scope="module")
def schema(api: Api):
    return schemathesis.openapi.from_url(f"{api.url}/api/v1/openapi.json")


def test_it_describes_every_route(api, schema):
    described = {(method.upper(), path) for path, item in api.http.get("/api/v1/openapi.json").json()["paths"].items() for method in item}
    assert described == set(OPERATIONS)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda m: m.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_what_it_says_is_true(api, schema, method, path, mode):
    operation = schema[path][method]
    headers = api.sender() if method == "POST" else api.reader()
    checks = [CHECKS.get_one(n) for n in CHECKED]
    seen: set[int] = set()

    @settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        answer = case.call(base_url=api.url, headers=headers)
        seen.add(answer.status_code)
        case.validate_response(answer, checks=checks)

    ask()
    assert not seen & {404, 500, 503}, seen
    if mode is GenerationMode.POSITIVE and path != "/api/v1/report":  # the range may be the wrong way round, zones are rarely any
        assert 200 in seen, seen


def test_a_real_answer_of_each_kind_is_as_described(api, schema):
    asked = {"report": {"from": "2026-03-01", "to": "2026-03-02"}, "statistics": {"date_start": "2026-03-01", "date_end": "2026-03-02"}}
    for name in ("report", "period", "live", "statistics"):
        operation = schema[f"/api/v1/{name}"]["GET"]
        for headers in (api.reader(), api.sender(), {"Authorization": "Bearer no"}):
            case = operation.Case(query=asked.get(name, {}))
            case.validate_response(case.call(base_url=api.url, headers=headers), checks=[CHECKS.get_one(n) for n in CHECKED])
    assert json.dumps(api.http.get("/api/v1/openapi.json").json())
