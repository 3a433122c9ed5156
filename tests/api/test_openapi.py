"""The OpenAPI description is true: schemathesis sends valid and invalid requests and checks the answers."""

from __future__ import annotations

import json

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from platforms import samples
from support.api_serving import Api, joined, serving
from usage_report.api import create as the_app

pytestmark = pytest.mark.slow

CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
#: Tested with generated requests. The others need a signature, or have no parameters.
OPERATIONS = [
    ("POST", "/api/v1/events"),
    *(("GET", f"/api/v1/{x}") for x in ("report", "period", "live", "statistics")),
]
BY_HAND = [
    ("POST", "/api/v1/hooks/{platform}/{team}"),
    *(("GET", f"/{x}") for x in ("healthz", "readyz", "metrics", "api/v1/problems")),
]


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    with serving(f"sqlite:///{tmp_path_factory.mktemp('described')}/usage.db") as running:
        running.post([joined("a"), joined("b", session="s-2")], running.sender())
        yield running


@pytest.fixture(scope="module")
def schema(api: Api):
    return schemathesis.openapi.from_url(f"{api.url}/api/v1/openapi.json")


def test_it_describes_every_route(api, schema):
    described = {
        (method.upper(), path)
        for path, item in api.http.get("/api/v1/openapi.json").json()["paths"].items()
        for method in item
    }
    assert described == {*OPERATIONS, *BY_HAND}
    served = {
        (method, route.path)
        for route in the_app(api.settings, api.service).routes
        for method in route.methods - {"HEAD"}
    }
    # Liveness accepts every method; the description does not describe itself.
    served = {(m, p) for m, p in served if not p.startswith("/healthz")} | {("GET", "/healthz")}
    assert served == described | {
        ("GET", "/api/v1/openapi.json"),
        ("POST", "/api/v1/hooks/{platform}/{team}/{below:path}"),
    }


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda m: m.value
)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_generated_requests_are_answered_as_described(api, schema, method, path, mode):
    operation = schema[path][method]
    headers = api.sender() if method == "POST" else api.reader()
    checks = [CHECKS.get_one(n) for n in CHECKED]
    seen: set[int] = set()

    @settings(
        max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        answer = case.call(base_url=api.url, headers=headers)
        seen.add(answer.status_code)
        case.validate_response(answer, checks=checks)

    check()
    assert not seen & {404, 500, 503}, seen
    if (
        mode is GenerationMode.POSITIVE and path != "/api/v1/report"
    ):  # generated ranges are often reversed, and generated zones rarely exist
        assert 200 in seen, seen


def test_figures_are_answered_as_described(api, schema):
    asked = {
        "report": {"from": "2026-03-01", "to": "2026-03-02"},
        "statistics": {"date_start": "2026-03-01", "date_end": "2026-03-02"},
    }
    for name in ("report", "period", "live", "statistics"):
        operation = schema[f"/api/v1/{name}"]["GET"]
        for headers in (api.reader(), api.sender(), {"Authorization": "Bearer no"}):
            case = operation.Case(query=asked.get(name, {}))
            case.validate_response(
                case.call(base_url=api.url, headers=headers),
                checks=[CHECKS.get_one(n) for n in CHECKED],
            )
    assert json.dumps(api.http.get("/api/v1/openapi.json").json())


def test_webhooks_and_operations_are_answered_as_described(api, schema):
    checks = [CHECKS.get_one(n) for n in CHECKED]
    sample = samples.of("digitalsamba")
    api.shell("hook", "set", "digitalsamba", "acme", input=sample.secret + "\n")
    operation = schema["/api/v1/hooks/{platform}/{team}"]["POST"]
    delivery = sample.deliveries()[0]
    for platform, body, headers, status in (
        ("digitalsamba", delivery.body, dict(delivery.headers), 200),
        ("digitalsamba", b"no event", dict(delivery.headers), 200),
        ("digitalsamba", delivery.body, {}, 401),
        ("bigbluebutton-webhooks", b"", {}, 403),
        ("none", b"", {}, 404),
    ):
        answer = api.http.post(f"/api/v1/hooks/{platform}/acme", content=body, headers=headers)
        assert answer.status_code == status
        case = operation.Case(
            path_parameters={"platform": platform, "team": "acme"},
            body=body,
            media_type="application/json",
        )
        case.validate_response(answer, checks=checks)
    for path in ("/healthz", "/readyz", "/metrics", "/api/v1/problems"):
        schema[path]["GET"].Case().validate_response(api.http.get(path), checks=checks)
