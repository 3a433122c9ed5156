"""Prometheus metrics of this process (https://prometheus.io/docs/concepts/metric_types/)."""

from __future__ import annotations

from functools import lru_cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

disable_created_metrics()  # type: ignore[no-untyped-call]  # drops a second series of each metric
REGISTRY = CollectorRegistry()
EVENTS = Counter(
    "usage_report_events",
    "Events received, by platform and result.",
    ["platform", "result"],
    registry=REGISTRY,
)
REFUSED = Counter(
    "usage_report_unauthorized",
    "Webhook requests with a wrong signature.",
    ["platform"],
    registry=REGISTRY,
)
OVERLOADED = Counter(
    "usage_report_overloaded",
    "Requests refused because too many events were waiting.",
    registry=REGISTRY,
)
REQUESTS = Histogram(
    "usage_report_request_seconds",
    "Time to answer, by route and status.",
    ["route", "status"],
    registry=REGISTRY,
)
WAITING = Gauge(
    "usage_report_intake_waiting_events",
    "Events received that are not written to the database yet.",
    registry=REGISTRY,
)
INBOX = Gauge(
    "usage_report_inbox_events",
    "Events accepted that are not in the event log yet.",
    registry=REGISTRY,
)
PENDING = Gauge(
    "usage_report_pending_sessions",
    "Sessions with events that are not in the figures yet.",
    registry=REGISTRY,
)
LAG = Gauge(
    "usage_report_lag_seconds",
    "Age of the oldest event that is not in the figures yet; 0 if there is none.",
    registry=REGISTRY,
)
QUARANTINE = Gauge("usage_report_quarantine_events", "Events in quarantine.", registry=REGISTRY)
REPORTS = Histogram(
    "usage_report_report_seconds",
    "Time to compute a report, by kind, for a page or the API.",
    ["kind"],
    registry=REGISTRY,
)


@lru_cache(maxsize=500)
def _request(route: str, status: int) -> Histogram:
    return REQUESTS.labels(route, str(status))


@lru_cache(maxsize=500)
def _events(platform: str, result: str) -> Counter:
    return EVENTS.labels(platform, result)


def observe_request(route: str, status: int, seconds: float) -> None:
    """Record how long a response took."""
    _request(route, status).observe(seconds)


def count_events(platform: str, result: str, n: int) -> None:
    """Count ``n`` events of a platform with one result."""
    _events(platform, result).inc(n)
