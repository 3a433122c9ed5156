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

disable_created_metrics()  # a second series for each, which nobody asks for
REGISTRY = CollectorRegistry()
EVENTS = Counter(
    "usage_report_events",
    "Events received, by platform and result.",
    ["platform", "result"],
    registry=REGISTRY,
)
REFUSED = Counter(
    "usage_report_unauthorized",
    "Webhook requests refused for their signature.",
    ["platform"],
    registry=REGISTRY,
)
OVERLOADED = Counter(
    "usage_report_overloaded", "Requests told to come back later.", registry=REGISTRY
)
REQUESTS = Histogram(
    "usage_report_request_seconds",
    "Time to answer, by route and status.",
    ["route", "status"],
    registry=REGISTRY,
)
WAITING = Gauge(
    "usage_report_intake_waiting_events", "Events received and not yet written.", registry=REGISTRY
)
INBOX = Gauge(
    "usage_report_inbox_events",
    "Events accepted that the ledger does not hold yet.",
    registry=REGISTRY,
)
PENDING = Gauge(
    "usage_report_pending_sessions",
    "Sessions with news that the figures do not hold yet.",
    registry=REGISTRY,
)
LAG = Gauge(
    "usage_report_lag_seconds",
    "Age of the oldest event that the figures do not hold yet; 0 when they hold all.",
    registry=REGISTRY,
)
QUARANTINE = Gauge("usage_report_quarantine_events", "Originals in quarantine.", registry=REGISTRY)
REPORTS = Histogram(
    "usage_report_report_seconds",
    "Time to compute a report, by kind, for a page or the API.",
    ["kind"],
    registry=REGISTRY,
)


@lru_cache(maxsize=500)
def _request(route: str, status: int):
    return REQUESTS.labels(route, str(status))


@lru_cache(maxsize=500)
def _events(platform: str, result: str):
    return EVENTS.labels(platform, result)


def request(route: str, status: int, seconds: float) -> None:
    """A request has been answered."""
    _request(route, status).observe(seconds)


def events(platform: str, result: str, n: int) -> None:
    """Events have met their fate."""
    _events(platform, result).inc(n)
