"""The OpenAPI 3.1 description of the API, built from the same tables the routes use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from usage_report import __version__
from usage_report.core.events import BY_TYPE
from usage_report.core.metrics import ALL, PERIOD
from usage_report.core.periods import Grain

_DATE = {"type": "string", "format": "date", "pattern": r"^2[01]\d\d-\d\d-\d\d$"}
_INSTANT = {"type": "string", "format": "date-time"}
_FIGURE = {"type": ["number", "null"]}
_figures = {m.key: _FIGURE | {"description": m.definition} for m in ALL}


def _parameter(name: str, schema: dict, text: str, required: bool = False) -> dict:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "schema": schema,
        "description": text,
    }


def _object(properties: dict[str, Any], required: list[str] | None = None) -> dict:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
    }


_ERROR = _object(
    {
        "error": _object(
            {"what": {"type": "string"}, "why": {"type": "string"}, "todo": {"type": "string"}},
            ["what"],
        ),
        "request_id": {"type": "string"},
    }
)


def _response(text: str, schema: dict) -> dict:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _errors(*statuses: int) -> dict[str, dict]:
    texts = {
        400: "Something in the request cannot be used; the error says what.",
        401: "No token, or not a good one.",
        403: "The token is for something else.",
        404: "There is no such thing.",
        413: "The body is too large.",
        415: "The body is packed in a way that is not read.",
        429: "Too much is waiting; come back after Retry-After seconds.",
        503: "The database cannot be used at the moment.",
    }
    found = {str(s): _response(texts[s], {"$ref": "#/components/schemas/Error"}) for s in statuses}
    if "429" in found:
        found["429"]["headers"] = {
            "Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}
        }
    return found


_AS_OF = _parameter(
    "as_of", _INSTANT, "Instant at which to look; later events have not happened. Default: now."
)
_METRICS = _parameter("metrics", {"type": "string"}, "Keys, separated by commas. Default: all.")


_ETAG = {
    "headers": {
        "ETag": {
            "description": "Of the question and the team's data: send it back as If-None-Match.",
            "schema": {"type": "string"},
        }
    }
}


def _get(summary: str, parameters: list[dict], schema: dict, *more: int) -> dict:
    return {
        "get": {
            "summary": summary,
            "security": [{"token": []}],
            "parameters": parameters,
            "responses": {
                "200": _response("The figures.", schema) | _ETAG,
                "304": {"description": "As before (If-None-Match)."} | _ETAG,
            }
            | _errors(400, 401, 403, 404, 503, *more),
        }
    }


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
_RESULT = {
    "type": "object",
    "required": ["accepted", "duplicate", "conflict", "quarantined", "results"],
    "properties": {
        **{
            k: {"type": "integer", "minimum": 0}
            for k in ("accepted", "duplicate", "conflict", "quarantined")
        },
        "results": {
            "type": "array",
            "description": "What became of each, in the order sent.",
            "items": {
                "oneOf": [
                    _object(
                        {
                            "id": {"type": "string"},
                            "status": {"enum": ["accepted", "duplicate", "conflict"]},
                        }
                    ),
                    _object(
                        {
                            "position": {
                                "type": "integer",
                                "minimum": 1,
                                "description": "Which in the request, counted from 1.",
                            },
                            "status": {"const": "quarantined"},
                            "reason": {"type": "string"},
                            "why": {"type": "string"},
                        }
                    ),
                ]
            },
        },
    },
}
_READY = _object(
    {
        "ready": {"type": "boolean"},
        "faults": {"type": "array", "items": {"type": "string"}},
        "warnings": {"type": "array", "items": {"type": "string"}},
    }
)


def _plain(summary: str, responses: dict) -> dict:
    """A route that asks for no token."""
    return {"get": {"summary": summary, "security": [], "responses": responses}}


def document(statistics_fields: Iterable[str], platforms: Iterable[str]) -> dict:
    """The whole description; ``statistics_fields``: names that ``/api/v1/statistics`` answers, ``platforms``: those with webhooks."""
    row = _object({"start": _INSTANT} | _figures, ["start"])
    report = _object(
        {
            "team": {"type": "string"},
            "zone": {"type": "string"},
            "from": _DATE,
            "to": _DATE,
            "grain": {"enum": [g.value for g in Grain]},
            "as_of": _INSTANT,
            "rows": {"type": "array", "items": row},
            "total": _object(_figures, []),
        }
    )
    card = _object({"value": _FIGURE, "limit": _FIGURE, "percent": _FIGURE})
    period = _object(
        {
            "start": _INSTANT,
            "end": _INSTANT,
            "zone": {"type": "string"},
            "metrics": _object({m.key: card for m in PERIOD}),
        }
    )
    count = {"type": "integer", "minimum": 0}
    live = _object(
        {
            "as_of": _INSTANT,
            "live_participants": count,
            "live_sessions": count,
            "active_recordings": {"type": ["integer", "null"], "minimum": 0},
        }
    )
    statistics = _object(
        {f: {"type": ["integer", "null"]} for f in statistics_fields}
        | {"date_start": _DATE, "date_end": _DATE},
        ["date_start", "date_end"],
    )
    dates = [
        _parameter("from", _DATE, "First day.", True),
        _parameter("to", _DATE, "Last day, included.", True),
    ]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "usage-report",
            "version": __version__,
            "description": "Usage of video rooms: events in, exact figures out.",
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/api/v1/events": {
                "post": {
                    "summary": "Send one event, a CloudEvents batch, or JSON Lines; gzip is taken",
                    "security": [{"token": []}],
                    "requestBody": {
                        "required": True,
                        "content": {
                            "application/json": {
                                "schema": {"oneOf": [_EVENT, {"type": "array", "items": _EVENT}]}
                            },
                            "application/cloudevents+json": {"schema": _EVENT},
                            "application/cloudevents-batch+json": {
                                "schema": {"type": "array", "items": _EVENT}
                            },
                            "application/x-ndjson": {"schema": {"type": "string"}},
                        },
                    },
                    "responses": {"200": _response("Durable. What became of each event.", _RESULT)}
                    | _errors(400, 401, 403, 413, 415, 429, 503),
                }
            },
            "/api/v1/hooks/{platform}/{team}": {
                "post": {
                    "summary": "What a platform sends, in its own words and with its own signature",
                    "security": [],
                    "parameters": [
                        {
                            "name": "platform",
                            "in": "path",
                            "required": True,
                            "schema": {"enum": list(platforms)},
                        },
                        {
                            "name": "team",
                            "in": "path",
                            "required": True,
                            "schema": {"type": "string"},
                        },
                    ],
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {}, "*/*": {}},
                    },
                    "responses": {
                        "200": _response(
                            "Durable, and what became of it; or the answer to the platform's challenge.",
                            {"type": "object"},
                        )
                    }
                    | _errors(400, 401, 403, 404, 413, 415, 429, 503),
                }
            },
            "/api/v1/report": _get(
                "Every metric by bucket and in total",
                [
                    *dates,
                    _parameter("grain", {"enum": [g.value for g in Grain]}, "Default: day."),
                    _parameter("zone", {"type": "string"}, "IANA zone. Default: the team's."),
                    _METRICS,
                    _AS_OF,
                ],
                report,
            ),
            "/api/v1/period": _get("The billing period against its limits", [_AS_OF], period),
            "/api/v1/live": _get("What is happening now", [_AS_OF], live),
            "/api/v1/statistics": _get(
                "One range under Digital Samba's field names",
                [
                    _parameter(
                        "date_start", _DATE, "First day. Default: the current billing period."
                    ),
                    _parameter("date_end", _DATE, "Last day, included."),
                    _parameter(
                        "metrics",
                        {"type": "string"},
                        "Field names, separated by commas. Default: all.",
                    ),
                ],
                statistics,
            ),
            "/healthz": _plain(
                "Is the process up?",
                {
                    "200": _response(
                        "It is.",
                        _object({"status": {"const": "ok"}, "version": {"type": "string"}}),
                    )
                },
            ),
            "/readyz": _plain(
                "Can requests be served?",
                {
                    "200": _response("They can.", _READY),
                    "503": _response("They cannot; faults say why.", _READY),
                },
            ),
            "/metrics": _plain(
                "Numbers of this process and its database",
                {
                    "200": {
                        "description": "Prometheus text.",
                        "content": {"text/plain": {"schema": {"type": "string"}}},
                    }
                },
            ),
        },
        "components": {
            "schemas": {"Error": _ERROR},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "usage-report token create --team TEAM --scope ingest|read",
                }
            },
        },
    }
