"""The app: pages and HTTP routes in one process.

Start it with ``streamlit run app.py``, ``python app.py`` or ``uvicorn app:app`` (one worker a process).
"""

from __future__ import annotations

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import anyio
import streamlit as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from streamlit import net_util

from usage_report import __version__
from usage_report.ui.background import background
from usage_report.ui.frame import show
from usage_report.ui.head import Head
from usage_report.ui.warm import warm

ROOT = Path(__file__).resolve().parent

# A browser that comes by any name but localhost makes Streamlit ask a service elsewhere for this machine's address.
# Nothing here may leave the machine; other names are allowed with server.corsAllowedOrigins.
net_util.get_external_ip = lambda: None

#: A route that lacks a method lets it fall through to the pages.
ANY = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


async def health(request: Request) -> JSONResponse:
    """Is the process up? Says nothing of the database: a restart does not mend one."""
    return JSONResponse({"status": "ok", "version": __version__})


async def nothing_here(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": "There is nothing at this address."}, status_code=404)


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict]:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = await anyio.to_thread.run_sync(warm)
    # What is alive now stays alive: kept out of every later collection, or each rerun would walk through all of it.
    gc.collect()
    gc.freeze()
    with background(settings) if settings else nullcontext():
        yield {"ready": True}


app = st.App(
    ROOT / "src/usage_report/ui/main.py",
    routes=[
        Route("/healthz", health, methods=ANY),
        # An unknown path below a Mount is a 404, where one beside plain routes falls through to the pages.
        Mount("/healthz", app=Starlette(routes=[Route("/", health, methods=ANY)], exception_handlers={404: nothing_here})),
    ],
    middleware=[Middleware(Head)],
    lifespan=lifespan,
    on_script_error=show,
)

if __name__ == "__main__":
    app.run()
