"""What the browser loads beside Streamlit's own files, and the routes that serve it.

``vega.js`` is Vega and Vega-Lite in one module, built by ``tools/vega``; its licences are beside
it. The address of a file changes with its content, so browsers keep it for good.
"""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_VEGA = Path(__file__).with_name("vega.js").read_bytes()
#: Relative to the address of the app.
VEGA = f"assets/vega-{hashlib.sha256(_VEGA).hexdigest()[:12]}.js"
_COMPRESSED = gzip.compress(_VEGA, 9, mtime=0)


def routes() -> list[Route]:
    """Return the routes of all files."""
    return [Route(f"/{VEGA}", _vega)]


async def _vega(request: Request) -> Response:
    headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}
    content = _VEGA
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers["content-encoding"] = _COMPRESSED, "gzip"
    return Response(content, media_type="text/javascript", headers=headers)
