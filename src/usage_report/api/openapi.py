"""The OpenAPI 3.1 description of the API, built from the same tables that the routes use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from usage_report import __version__
from usage_report.api import problems
from usage_report.core.events import BY_TYPE
from usage_report.core.metrics import ALL, PERIOD
from usage_report.core.periods import Grain

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_DATE: Json = {"type": "string", "format": "date", "pattern": r"^2[01]\d\d-\d\d-\d\d$"}
_INSTANT: Json = {"type": "string", "format": "date-time"}
_COUNT: Json = {"type": "integer", "minimum": 0}
#: ``null``: not supplied, in the future, or no records.
_FIGURE: Json = {"type": ["number", "null"]}
#: Headers of every answer.
_HEADERS: Json = {
    "Cache-Control": {"description": "no-store, or how to ask again.", "schema": _TEXT},
    "X-Content-Type-Options": {"schema": {"const": "nosniff"}},
    "X-Request-ID": {"description": "Yours if you sent one.", "schema": _TEXT},
}
_GRAIN: Json = {"enum": [grain.value for grain in Grain]}


def _object(properties: Json, required: list[str] | None = None) -> Json:
    """Return an object schema; all properties are required unless ``required`` names some."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
    }


def _array(items: Json) -> Json:
    return {"type": "array", "items": items}


def _parameter(
    name: str, schema: Json, text: str = "", *, place: str = "query", required: bool = False
) -> Json:
    parameter = {"name": name, "in": place, "required": required, "schema": schema}
    return parameter | ({"description": text} if text else {})


def _response(text: str, schema: Json, kind: str = "application/json") -> Json:
    return {
        "description": text,
        "headers": _HEADERS,
        "content": {kind: {"schema": schema}},
    }


# -- schemas -------------------------------------------------------------------------------------

_PROBLEM: Json = {
    "type": {
        "type": "string",
        "format": "uri-reference",
        "description": f"Where the problem is explained, an anchor of {problems.PATH}.",
    },
    "title": _TEXT | {"description": "The same for every problem of a type."},
    "status": {"type": "integer"},
    "detail": _TEXT | {"description": "What happened, why, and what to do."},
    "instance": {
        "type": "string",
        "format": "uri-reference",
        "description": "Address of the request, and its id after #.",
    },
    "request_id": _TEXT,
}
_ERROR = _object(
    _PROBLEM
    | {
        "error": _object({"what": _TEXT, "why": _TEXT, "todo": _TEXT}, ["what"]),
    }
)
_EVENT = _object(
    {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "minLength": 1},
        "type": {"enum": list(BY_TYPE)},
        "time": _INSTANT,
        "data": {"type": "object"},
    }
)
_STORED = _object({"id": _TEXT, "status": {"enum": ["accepted", "duplicate", "conflict"]}})
_QUARANTINED = _object(
    {
        "position": {
            "type": "integer",
            "minimum": 1,
            "description": "Place of the event in the request, counted from 1.",
        },
        "status": {"const": "quarantined"},
        "reason": _TEXT,
        "why": _TEXT,
    }
)
_OUTCOMES = _object(
    {
        "accepted": _COUNT,
        "duplicate": _COUNT,
        "conflict": _COUNT,
        "quarantined": _COUNT,
        "results": _array({"oneOf": [_STORED, _QUARANTINED]})
        | {"description": "Outcome of each event, in the order sent."},
    }
)
_FIGURES: Json = {m.key: _FIGURE | {"description": m.definition} for m in ALL}
_REPORT = _object(
    {
        "team": _TEXT,
        "zone": _TEXT,
        "from": _DATE,
        "to": _DATE,
        "grain": _GRAIN,
        "as_of": _INSTANT,
        "rows": _array(_object({"start": _INSTANT} | _FIGURES, ["start"])),
        "total": _object(_FIGURES, []),
    }
)
_CARD = _object({"value": _FIGURE, "limit": _FIGURE, "percent": _FIGURE})
_PERIOD = _object(
    {
        "start": _INSTANT,
        "end": _INSTANT,
        "zone": _TEXT,
        "metrics": _object({m.key: _CARD for m in PERIOD}),
    }
)
_LIVE = _object(
    {
        "as_of": _INSTANT,
        "live_participants": _COUNT,
        "live_sessions": _COUNT,
        "active_recordings": {
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "Sessions that are being recorded; null if not supplied.",
        },
    }
)
_READY = _object({"ready": {"type": "boolean"}, "faults": _array(_TEXT), "warnings": _array(_TEXT)})
_NOT_READY = _object(_PROBLEM | _READY["properties"])
_PROBLEM_KIND = "application/problem+json"

# -- operations ----------------------------------------------------------------------------------

_ERROR_TEXTS = {
    400: "Something in the request cannot be used; the error names it.",
    401: "There is no token, or it is not valid or has expired.",
    403: "The token has another scope.",
    404: "The requested thing does not exist.",
    413: "The body is too large.",
    415: "The compression of the body is not supported.",
    429: "Too many events are waiting; send the request again after Retry-After seconds.",
    503: "The database cannot be used at the moment.",
}
_RETRY_AFTER: Json = {
    "headers": _HEADERS | {"Retry-After": {"description": "Seconds.", "schema": _TEXT}}
}
_ETAG: Json = {
    "headers": _HEADERS
    | {
        "ETag": {
            "description": "Tag of the question and the team's data, to be sent as If-None-Match.",
            "schema": _TEXT,
        }
    }
}


def _errors(*statuses: int) -> Json:
    schema = {"$ref": "#/components/schemas/Error"}
    return {
        str(status): _response(_ERROR_TEXTS[status], schema, _PROBLEM_KIND)
        | (_RETRY_AFTER if status == 429 else {})
        for status in statuses
    }


def _figures_route(summary: str, parameters: list[Json], schema: Json) -> Json:
    """Return a GET operation that answers with figures to a token of scope ``read``."""
    operation = {
        "summary": summary,
        "security": [{"token": []}],
        "parameters": parameters,
        "responses": {
            "200": _response("The figures.", schema) | _ETAG,
            "304": {"description": "Not modified (If-None-Match)."} | _ETAG,
        }
        | _errors(400, 401, 403, 404, 503),
    }
    return {"get": operation}


def _public_route(summary: str, responses: Json) -> Json:
    """Return a GET operation that needs no token."""
    return {"get": {"summary": summary, "security": [], "responses": responses}}


def _operations_route(summary: str, responses: Json) -> Json:
    """Return a GET operation that needs the token of the settings, if there is one."""
    operation = _public_route(summary, responses | _errors(401))
    operation["get"]["security"] = [{}, {"operations": []}]
    return operation


def _events_route() -> Json:
    batch = {"schema": _array(_EVENT)}
    content = {
        "application/json": {"schema": {"oneOf": [_EVENT, _array(_EVENT)]}},
        "application/cloudevents+json": {"schema": _EVENT},
        "application/cloudevents-batch+json": batch,
        "application/x-ndjson": {"schema": _TEXT},
    }
    operation = {
        "summary": "Send one event, a CloudEvents batch, or JSON Lines; the body may be gzip",
        "security": [{"token": []}],
        "requestBody": {"required": True, "content": content},
        "responses": {"200": _response("The events are durable. Their outcomes.", _OUTCOMES)}
        | _errors(400, 401, 403, 413, 415, 429, 503),
    }
    return {"post": operation}


def _hook_route(platforms: Iterable[str]) -> Json:
    success = _response(
        "The events are durable: their outcomes. Or the reply to the platform's challenge.",
        {"type": "object"},
    )
    operation = {
        "summary": "Send a platform's webhook, in its own format and with its own signature",
        "security": [],
        "parameters": [
            _parameter("platform", {"enum": list(platforms)}, place="path", required=True),
            _parameter("team", _TEXT, place="path", required=True),
        ],
        "requestBody": {"required": True, "content": {"application/json": {}, "*/*": {}}},
        "responses": {"200": success} | _errors(400, 401, 403, 404, 413, 415, 429, 503),
    }
    return {"post": operation}


def _figures_routes(statistics_fields: Iterable[str]) -> Json:
    as_of = _parameter(
        "as_of", _INSTANT, "Time of the question; later events are left out. Default: now."
    )
    dates = {"date_start": _DATE, "date_end": _DATE}
    fields = {field: {"type": ["integer", "null"]} for field in statistics_fields}
    report_parameters = [
        _parameter("from", _DATE, "First day.", required=True),
        _parameter("to", _DATE, "Last day, included.", required=True),
        _parameter("grain", _GRAIN, "Default: day."),
        _parameter("zone", _TEXT, "IANA time zone. Default: the team's."),
        _parameter("metrics", _TEXT, "Keys, separated by commas. Default: all."),
        as_of,
        _parameter("format", {"enum": ["json", "csv"]}, "Default: json."),
        _parameter(
            "bom",
            {"enum": ["false", "true"]},
            "Whether CSV begins with a byte order mark. Default: false.",
        ),
    ]
    statistics_parameters = [
        _parameter("date_start", _DATE, "First day. Default: the current billing period."),
        _parameter("date_end", _DATE, "Last day, included."),
        _parameter("metrics", _TEXT, "Field names, separated by commas. Default: all."),
    ]
    report = _figures_route("Every metric by time span and in total", report_parameters, _REPORT)
    report["get"]["responses"]["200"]["content"]["text/csv"] = {"schema": _TEXT}
    return {
        "/api/v1/report": report,
        "/api/v1/period": _figures_route("The billing period and its limits", [as_of], _PERIOD),
        "/api/v1/live": _figures_route(
            "Live participants, sessions and recordings", [as_of], _LIVE
        ),
        "/api/v1/statistics": _figures_route(
            "One range under Digital Samba's field names",
            statistics_parameters,
            _object(fields | dates, list(dates)),
        ),
    }


def _operations_routes() -> Json:
    alive = _object({"status": {"const": "ok"}, "version": _TEXT})
    metrics = {"description": "Prometheus text.", "content": {"text/plain": {"schema": _TEXT}}}
    ready = {
        "200": _response("Requests can be served.", _READY),
        "503": _response("Requests cannot be served; faults state why.", _NOT_READY, _PROBLEM_KIND),
    }
    page = {"description": "A page.", "content": {"text/html": {"schema": _TEXT}}}
    return {
        "/healthz": _public_route(
            "Whether the process is up", {"200": _response("The process is up.", alive)}
        ),
        "/readyz": _operations_route("Whether requests can be served", ready),
        "/metrics": _operations_route("Metrics of the process and its database", {"200": metrics}),
        problems.PATH: _public_route("What each type of problem means", {"200": page}),
    }


def document(statistics_fields: Iterable[str], platforms: Iterable[str]) -> Json:
    """Return the whole description.

    ``statistics_fields`` are the fields of ``/api/v1/statistics``, ``platforms`` the names of
    platforms that send webhooks.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "usage-report",
            "version": __version__,
            "description": "Usage of video rooms: events in, exact figures out.",
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/api/v1/events": _events_route(),
            "/api/v1/hooks/{platform}/{team}": _hook_route(platforms),
            **_figures_routes(statistics_fields),
            **_operations_routes(),
        },
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "usage-report token create --team TEAM --scope ingest|read "
                    "--expires 90d",
                },
                "operations": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The setting operations_token; without it, none is needed.",
                },
            },
        },
    }
