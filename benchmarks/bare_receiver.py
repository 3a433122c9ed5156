"""The least a receiver can be: a Starlette route that parses the JSON and commits one row of it to SQLite per request.

``python benchmarks/bare_receiver.py DATABASE PORT``. It knows no tokens, checks nothing, finds no duplicates, counts nothing.
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

database, port = sys.argv[1], int(sys.argv[2])
connection = sqlite3.connect(database, isolation_level=None)
for pragma in ("journal_mode=wal", "synchronous=full"):
    connection.execute(f"PRAGMA {pragma}")
connection.execute("CREATE TABLE bodies (id INTEGER PRIMARY KEY, body BLOB)")


async def receive(request: Request) -> JSONResponse:
    body = await request.body()
    events = orjson.loads(body)
    connection.execute("INSERT INTO bodies (body) VALUES (?)", (body,))
    return JSONResponse({"accepted": len(events) if isinstance(events, list) else 1})


app = Starlette(routes=[Route("/api/v1/events", receive, methods=["POST"]), Route("/healthz", lambda r: JSONResponse({}))])
uvicorn.run(app, host="127.0.0.1", port=port, log_level="critical", access_log=False)
