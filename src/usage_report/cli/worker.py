"""``usage-report worker``: counts events that other processes receive."""

from __future__ import annotations

import signal
import sys
import threading

import click

from usage_report import storage
from usage_report.core import logging, settings
from usage_report.ingest.worker import Worker


@click.command()
@click.option(
    "--until-input-ends",
    is_flag=True,
    help="Also stop at the end of standard input, so that the worker ends with the process that "
    "started it.",
)
def worker(*, until_input_ends: bool) -> None:
    """Count received events until stopped. Several workers may run on one database."""
    configured = settings.load()
    logging.configure(configured.log_format, configured.log_level)
    # A malformed address is reported now. The worker waits for a server that does not answer yet.
    storage.connect(configured.database_url).dispose()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if until_input_ends:
        threading.Thread(
            target=_stop_at_end_of_input, args=(stop,), name="end-of-input", daemon=True
        ).start()
    Worker(configured).run(stop)


def _stop_at_end_of_input(stop: threading.Event) -> None:
    sys.stdin.buffer.read()
    stop.set()
