"""Do what is slow the first time before the first visitor arrives."""

from __future__ import annotations

import importlib
import logging

from usage_report.core.errors import UsageReportError
from usage_report.core.settings import Settings
from usage_report.render.charts import drawing
from usage_report.ui import cache

log = logging.getLogger(__name__)
#: Imported late by Streamlit or by us, together over a second.
HEAVY = (
    "altair",
    "pandas",
    "pyarrow",
    "sqlalchemy",
    "usage_report.ui.date_range",
    "usage_report.ui.docs",
    "usage_report.ui.real_time",
    "usage_report.ui.reconcile",
    "usage_report.ui.sources",
    "usage_report.ui.this_period",
)

#: Teams whose opening page is computed beforehand.
TEAMS = 20


def warm() -> Settings | None:
    """Import modules, prepare charts and the landing page of the first teams.

    Return the settings, or ``None`` if they are invalid. Faults are logged, not raised: the pages
    show them.
    """
    for name in HEAVY:
        importlib.import_module(name)
    drawing.prepare()
    try:
        settings = cache.settings()
    except UsageReportError as error:
        log.error("%s", error)  # noqa: TRY400 - a sentence for the operator, not a defect
        return None
    try:
        for key in cache.teams()[:TEAMS]:
            cache.period(cache.team(key), cache.now())
    except UsageReportError as error:
        log.error("%s", error)  # noqa: TRY400 - as above
    except Exception:
        log.exception("The caches could not be warmed")
    return settings
