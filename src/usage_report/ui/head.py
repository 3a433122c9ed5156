"""Middleware that adds the app's style sheet and a script to the head of Streamlit's page.

A style that a script sends arrives after the first elements, which then move. The head also says
where the server is: otherwise Streamlit's frontend looks for it below the address of each page
first, and the browser reports two failed requests. A path that no page has gets another page:
Streamlit would answer it with the app.
"""

from __future__ import annotations

from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from usage_report.render.charts.theme import variables
from usage_report.ui import not_found

_HERE = Path(__file__)
#: No page has a slash in its own name, so the server is one step up from any page.
_SERVER = b"window.__streamlit={BACKEND_BASE_URL:new URL('.',location.href).href};"
ADDED = (
    b"<style>"
    + variables().encode()
    + _HERE.with_name("style.css").read_bytes()
    + b"</style><script>"
    + _SERVER
    + _HERE.with_name("head.js").read_bytes()
    + b"</script></head>"
)
#: Request headers with which Streamlit would answer: not modified, compressed, or in part.
_REMOVED = {b"if-none-match", b"if-modified-since", b"accept-encoding", b"range"}
_VALIDATORS = {b"etag", b"last-modified", b"content-length"}


class Head:
    """Adds them to every HTML answer. Other answers pass unchanged."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        accepted = dict(scope.get("headers", ())).get(b"accept", b"")
        if scope["type"] != "http" or b"text/html" not in accepted:
            await self.app(scope, receive, send)
            return
        is_app = not scope["path"].startswith("/api/")
        start: Message | None = None
        body = bytearray()

        async def styled(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                if dict(message["headers"]).get(b"content-type", b"").startswith(b"text/html"):
                    start = message
                    return
            elif start is not None:
                body.extend(message.get("body", b""))
                if message.get("more_body"):
                    return
                whole = bytes(body).replace(b"</head>", ADDED, 1)
                base = str(config.get_option("server.baseUrlPath"))
                if is_app and not not_found.is_page(scope["path"], base):
                    start, whole = {**start, "status": 404}, not_found.page(scope["path"], base)
                kept = [(k, v) for k, v in start["headers"] if k.lower() not in _VALIDATORS]
                await send(
                    {**start, "headers": [*kept, (b"content-length", str(len(whole)).encode())]}
                )
                message = {
                    "type": "http.response.body",
                    "body": whole if scope["method"] != "HEAD" else b"",
                }
            await send(message)

        headers = [(k, v) for k, v in scope["headers"] if k.lower() not in _REMOVED]
        await self.app({**scope, "headers": headers}, receive, styled)
