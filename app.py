"""The app: pages and HTTP routes in one process.

Start it with ``streamlit run app.py``, ``python app.py`` or ``uvicorn app:app`` (one worker a process).
"""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

import anyio
import streamlit as st
from starlette.middleware import Middleware

from usage_report.api import LazyApi
from usage_report.core import logging
from usage_report.core.errors import UsageReportError
from usage_report.core.settings import Settings, load
from usage_report.ui.background import background
from usage_report.ui.errors import show_error
from usage_report.ui.head import Head
from usage_report.ui.streamlit_internals import block_external_ip_lookup
from usage_report.ui.warm import warm

ROOT = Path(__file__).resolve().parent

block_external_ip_lookup()
api = LazyApi()


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict]:
    try:
        configured = load()
    except UsageReportError:  # warm says what is wrong
        configured = Settings()
    logging.configure(configured.log_format, configured.log_level)
    settings = await anyio.to_thread.run_sync(warm)
    # What is alive now stays alive: kept out of every later collection, or each rerun would walk through all of it.
    gc.collect()
    gc.freeze()
    with background(settings) if settings else nullcontext():
        yield {"ready": True}
    await anyio.to_thread.run_sync(api.close)


app = st.App(
    ROOT / "src/usage_report/ui/main.py",
    routes=api.routes(),
    middleware=[Middleware(Head)],
    lifespan=lifespan,
    on_script_error=show_error,
)

if __name__ == "__main__":
    app.run()
