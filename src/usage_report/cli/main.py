"""The command group ``usage-report``, and how errors become messages.

Exit status: 0 success, 1 some input was not accepted or something failed, 2 wrong usage.
"""

from __future__ import annotations

import logging
from typing import Any

import click

from usage_report import __version__
from usage_report.cli import (
    app,
    database,
    deliveries,
    demo,
    doctor,
    hook,
    ingest,
    pull,
    quarantine,
    report,
    serve,
    team,
    tokens,
    worker,
)
from usage_report.core.errors import UsageReportError


class _ErrorHandlingGroup(click.Group):
    """Prints errors as sentences on standard error, and exits with status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UsageReportError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(1)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            click.echo(
                f"Error: Unexpected {type(error).__name__}. This should not happen: run "
                "usage-report --debug … for the traceback, and report it.",
                err=True,
            )
            ctx.exit(1)


@click.group(
    cls=_ErrorHandlingGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="usage-report")
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
def main(*, debug: bool) -> None:  # noqa: ARG001 - read by the group's error handler
    """Exact usage statistics of video rooms, from the events of any platform.

    The database is USAGE_REPORT_DATABASE_URL (default sqlite:///var/usage.db): SQLite or
    PostgreSQL.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


for _command in (
    ingest.ingest,
    quarantine.quarantine,
    report.report,
    report.period,
    report.live,
    team.team,
    demo.demo,
    database.rebuild,
    database.migrate,
    doctor.doctor,
    app.app,
    serve.serve,
    worker.worker,
    tokens.token,
    hook.hook,
    deliveries.deliveries,
    pull.pull,
):
    main.add_command(_command)


if __name__ == "__main__":
    main()
