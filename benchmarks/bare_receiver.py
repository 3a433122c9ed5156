"""The smallest possible receiver: a Starlette route that parses the JSON and commits one row to SQLite for each request.

``python benchmarks/bare_receiver.py DATABASE PORT plain|tuned``. It knows no tokens, checks nothing, finds no duplicates,
counts nothing. ``plain`` takes everything as it comes: the request's own JSON reader, SQLite's defaults. ``tuned`` is the
same with orjson and a write-ahead log. Both are on disk before they answer (``synchronous=full``).
"""

from __future__ import annotations

import sqlite3
import sys

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

database, port, tuned = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "tuned"
connection = sqlite3.connect(database)
connection.execute(
    "PRAGMA synchronous=full"
)  # SQLite's default; some systems build it with another
if tuned:
    connection.execute("PRAGMA journal_mode=wal")
connection.execute("CREATE TABLE bodies (id INTEGER PRIMARY KEY, body BLOB)")


async def receive(request: Request) -> JSONResponse:
    body = await request.body()
    events = orjson.loads(body) if tuned else await request.json()
    connection.execute("INSERT INTO bodies (body) VALUES (?)", (body,))
    connection.commit()
    return JSONResponse({"accepted": len(events) if isinstance(events, list) else 1})


app = Starlette(
    routes=[
        Route("/api/v1/events", receive, methods=["POST"]),
        Route("/healthz", lambda r: JSONResponse({})),
    ]
)
uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical", access_log=False)
