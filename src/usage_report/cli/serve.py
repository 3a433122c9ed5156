"""``usage-report serve``: the API without the pages."""

from __future__ import annotations

import gc
from contextlib import nullcontext

import click

from usage_report import storage
from usage_report.cli import listening
from usage_report.cli.parameters import listening_options
from usage_report.core import logging, settings


@click.command()
@listening_options(port=8502)
@click.option(
    "--worker/--no-worker",
    default=True,
    show_default=True,
    help="Run a worker process that counts received events.",
)
def serve(*, host: str, port: int, worker: bool) -> None:
    """Serve the API without the pages.

    Receives events and webhooks, and answers with figures in JSON.
    """
    import uvicorn  # noqa: PLC0415 - other commands start faster without the web server

    from usage_report import api  # noqa: PLC0415 - as above
    from usage_report.ingest.worker import worker_process  # noqa: PLC0415 - as above

    configured = settings.load()
    logging.configure(configured.log_format, configured.log_level)
    # A broken database is reported now, not at the first request.
    storage.open_database(configured.database_url).dispose()
    # Requests leave hardly any reference cycles: looking for them less often saves a sixth of the
    # time of a request.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    listening.warn_if_reachable(host, port, has_pages=False)
    with worker_process() if worker else nullcontext():
        uvicorn.run(
            api.create(configured),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
        )
