"""``usage-report app``: pages and API in one process.

The only module that puts the pages and the API together. ``app.py`` at the top of the repository
builds the same application for ``streamlit run app.py``.
"""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from importlib import resources
from pathlib import Path
from typing import Any

import click

from usage_report.cli import listening
from usage_report.cli.parameters import listening_options
from usage_report.core import logging
from usage_report.core.errors import UsageReportError
from usage_report.core.settings import PREFIX, Settings, load


def options(*, is_served_by_streamlit: bool = False) -> dict[str, Any]:
    """Return the arguments of ``st.App``: main script, routes, middleware, lifespan.

    ``is_served_by_streamlit``: Streamlit's options say where to listen, so the warning about it is
    printed when the app starts.
    """
    # Imported here, so that other commands do not wait for Streamlit.
    import anyio  # noqa: PLC0415 - as above
    import streamlit as st  # noqa: PLC0415 - as above
    from starlette.middleware import Middleware  # noqa: PLC0415 - as above

    from usage_report.api import LazyApi, SafeHeaders  # noqa: PLC0415 - as above
    from usage_report.ui import (  # noqa: PLC0415 - as above
        assets,
        background,
        errors,
        head,
        streamlit_config,
        streamlit_internals,
        warm,
    )

    streamlit_internals.block_external_ip_lookup()
    streamlit_config.apply_defaults()
    api = LazyApi()

    @asynccontextmanager
    async def lifespan(_: st.App) -> AsyncIterator[dict[str, Any]]:
        try:
            configured = load()
        except UsageReportError:  # ``warm`` reports what is wrong
            configured = Settings()
        logging.configure(configured.log_format, configured.log_level)
        if is_served_by_streamlit:
            listening.warn_if_reachable(*streamlit_config.listens_on(), has_pages=True)
        settings = await anyio.to_thread.run_sync(warm.warm)
        # What is alive now stays alive. Frozen, it is left out of every later garbage collection,
        # of which Streamlit runs one after each run of a page.
        gc.collect()
        gc.freeze()
        with background.background(settings) if settings else nullcontext():
            yield {"ready": True}
        await anyio.to_thread.run_sync(api.close)

    main_script = Path(str(resources.files("usage_report.ui") / "main.py"))
    return {
        "script_path": main_script,
        "routes": [*api.routes(), *assets.routes()],
        "middleware": [Middleware(SafeHeaders), Middleware(head.Head)],
        "lifespan": lifespan,
        "on_script_error": errors.show_error,
    }


@click.command()
@listening_options(port=8501)
@click.option(
    "--database",
    metavar="URL",
    help="SQLAlchemy URL of the database. Default: USAGE_REPORT_DATABASE_URL.",
)
def app(host: str, port: int, database: str | None) -> None:
    """Serve the pages and the API in one process."""
    if database:
        os.environ[PREFIX + "DATABASE_URL"] = database
    import streamlit as st  # noqa: PLC0415 - other commands start faster without it
    import uvicorn  # noqa: PLC0415 - as above

    application = st.App(**options())
    listening.warn_if_reachable(host, port, has_pages=True)
    click.echo(f"Open {listening.url(host, port)}", err=True)
    uvicorn.run(
        application, host=host, port=port, log_config=None, access_log=False, server_header=False
    )
