"""The Starlette app and its routes; every request gets an id, a log line and a measurement."""

from __future__ import annotations

import itertools
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread
from sqlalchemy.engine import Engine
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usage_report import storage
from usage_report.api import problems
from usage_report.api.http import HttpError, SafeHeaders, error_response, to_http_error
from usage_report.api.operations import OperationsEndpoints, alive, readiness
from usage_report.api.read import ReportEndpoints
from usage_report.api.receive import Receiver
from usage_report.api.signature_failures import SignatureFailures
from usage_report.api.tokens import Tokens
from usage_report.core import clock, telemetry
from usage_report.core.errors import UsageReportError
from usage_report.core.settings import Settings, load
from usage_report.ingest.write_queue import WriteQueue
from usage_report.reporting.reader import Reader

log = logging.getLogger("usage_report.api")
#: A request id is the id of this process and a number.
_PROCESS_ID = secrets.token_hex(4)
_request_numbers = itertools.count(1)


def _request_id(scope: Scope) -> str:
    """Return the request's own ``X-Request-ID`` if it is short printable ASCII, else a new id."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    text: str = given.decode("latin-1")
    if 0 < len(text) <= 80 and text.isascii() and text.isprintable():
        return text
    return f"{_PROCESS_ID}-{next(_request_numbers)}"


class RequestTracing:
    """Middleware: an id for every request, 500 for unexpected errors, a log line, a measurement."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["request_id"] = _request_id(scope)
        began, status, has_started = clock.perf_counter(), 500, False

        async def send_with_id(message: Message) -> None:
            nonlocal status, has_started
            if message["type"] == "http.response.start":
                status, has_started = message["status"], True
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                ]
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            log.exception("Unexpected error", extra={"request_id": request_id})
            if has_started:
                raise  # an answer that has begun can only be cut off
            error = HttpError(
                500,
                "Something went wrong here",
                "it is a defect of usage-report",
                "The log has the traceback under this request_id.",
            )
            await error_response(Request(scope), error)(scope, receive, send_with_id)
        finally:
            _record(scope, status, clock.perf_counter() - began)


def _record(scope: Scope, status: int, seconds: float) -> None:
    """Measure and log an answered request. Successes are logged at level ``debug`` only."""
    route = getattr(scope.get("endpoint"), "__name__", "none")
    telemetry.observe_request(route, status, seconds)
    level = logging.DEBUG if status < 400 else logging.INFO if status < 500 else logging.WARNING
    if not log.isEnabledFor(level):
        return
    fields = {
        "request_id": scope["request_id"],
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "ms": round(seconds * 1000, 1),
    }
    if "fault" in scope:
        fields["fault"] = scope["fault"]
    log.log(level, "request", extra=fields)


async def _answer_error(request: Request, error: Exception) -> Response:
    """Answer with an error that a route or Starlette raised."""
    match error:
        case HttpError():
            return error_response(request, error)
        case UsageReportError():
            response = error_response(request, to_http_error(error))
            request.scope["fault"] = str(error)  # the log may contain more than the answer
            return response
        case HTTPException():
            what = {
                404: "There is nothing at this address",
                405: f"{request.method} is not possible here",
            }.get(error.status_code, error.detail)
            headers = dict(error.headers or {})
            return error_response(request, HttpError(error.status_code, what, headers=headers))
        case ClientDisconnect():  # an answer for the log only
            return error_response(
                request, HttpError(400, "The connection ended before the body did")
            )
        case _:
            raise error


_ERROR_HANDLERS = dict.fromkeys(
    (ClientDisconnect, HttpError, UsageReportError, HTTPException), _answer_error
)


_MIDDLEWARE = (Middleware(SafeHeaders), Middleware(RequestTracing))


class Service:
    """What all routes share: the database, the write queue and the endpoints.

    Opening a service connects lazily, so that the process starts even if the database is broken.
    """

    def __init__(self, settings: Settings) -> None:
        self.engine: Engine = storage.connect(settings.database_url)
        self.write_queue = WriteQueue(self.engine, keep_raw=settings.raw_days > 0)
        self.tokens = Tokens(self.engine)
        self.receiver = Receiver(self.engine, self.write_queue, self.tokens, settings.public_url)
        self.operations = OperationsEndpoints(
            self.engine, self.write_queue, settings.operations_token
        )
        self.reader = Reader(self.engine, settings.stale_after)
        self.reports = ReportEndpoints(self.reader, self.tokens)
        self.signature_failures = SignatureFailures(self.engine)

    def close(self) -> None:
        """Write what is queued, and release the database."""
        self.write_queue.close()
        self.signature_failures.close()
        self.tokens.close()
        self.engine.dispose()


#: Liveness checks of load balancers use every method.
_ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
#: Addresses of the API where it shares a port with the pages.
PREFIXES = ("/api", "/healthz", "/readyz", "/metrics")


def _liveness_routes() -> list[Route]:
    return [Route(path, alive, methods=_ALL_METHODS) for path in ("/healthz", "/healthz/")]


def _create_unavailable(error: UsageReportError) -> Starlette:
    """Return the app that answers until the settings are valid: alive, not ready, and why."""

    async def ready(request: Request) -> Response:
        return readiness(request, [str(error)])

    async def unavailable(request: Request) -> Response:
        return error_response(request, HttpError(503, error.what, error.why, error.todo))

    routes = [
        *_liveness_routes(),
        Route("/readyz", ready),
        Route("/{path:path}", unavailable, methods=_ALL_METHODS),
    ]
    return Starlette(
        routes=routes,
        exception_handlers=_ERROR_HANDLERS,
        middleware=_MIDDLEWARE,
    )


def create(settings: Settings, service: Service | None = None) -> Starlette:
    """Return the API as ``usage-report serve`` runs it. Its shutdown closes the service."""
    opened = service or Service(settings)
    hook = opened.signature_failures.watch(opened.receiver.hook)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await anyio.to_thread.run_sync(opened.close)

    hook_path = "/api/v1/hooks/{platform}/{team}"
    app = Starlette(
        routes=[
            Route("/api/v1/events", opened.receiver.events, methods=["POST"]),
            Route(hook_path, hook, methods=["POST"]),
            # Some platforms append the name of the event to the address that they were given, such
            # as /events/room/created (Jitsi).
            Route(hook_path + "/{below:path}", hook, methods=["POST"]),
            *opened.reports.routes(),
            Route(problems.PATH, problems.explain),
            *_liveness_routes(),
            Route("/readyz", opened.operations.ready),
            Route("/metrics", opened.operations.numbers),
        ],
        exception_handlers=_ERROR_HANDLERS,
        middleware=_MIDDLEWARE,
        lifespan=lifespan,
    )
    # An address with a slash at the end is unknown. Few senders follow a redirect, and those that
    # do may drop the body.
    app.router.redirect_slashes = False
    return app


class LazyApi:
    """The API next to the pages, opened by its first request.

    Wrong settings therefore never keep the pages from starting. Once they are right, the next
    request opens the API.
    """

    def __init__(self) -> None:
        self._app: Starlette | None = None
        self._service: Service | None = None
        self._opening = anyio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request at its full address, whatever a ``Mount`` has removed from it."""
        app = self._app or await self._open()
        await app(dict(scope, root_path=""), receive, send)

    async def _open(self) -> Starlette:
        async with self._opening:
            if self._app is None:
                try:
                    self._app = await anyio.to_thread.run_sync(self._create)
                except UsageReportError as error:
                    return _create_unavailable(error)
            return self._app

    def _create(self) -> Starlette:
        settings = load()
        self._service = Service(settings)
        return create(settings, self._service)

    def routes(self) -> list[BaseRoute]:
        """Return routes for an app that also serves pages.

        Unknown paths and wrong methods below them never reach the pages.
        """
        return [route for path in PREFIXES for route in (Route(path, self), Mount(path, app=self))]

    def close(self) -> None:
        """Close the service if it was opened."""
        if self._service is not None:
            self._service.close()
