"""A vendor's figures for the sample company: what *Reconcile* has to show without a vendor."""

from __future__ import annotations

import math
from datetime import date, datetime

import pytest

from usage_report import demo
from usage_report.core.periods import zone
from usage_report.ingest import pipeline, sample, sample_vendor
from usage_report.reporting import reconcile, vendor_figures
from usage_report.reporting.model import Query
from usage_report.reporting.reader import Reader
from usage_report.storage import open_database

NOW = int(datetime(2026, 11, 25, 9, tzinfo=zone("UTC")).timestamp() * 1000)
DAY_MS = 86_400_000


def test_splitting_a_span_changes_no_figure():
    first, last = date(2026, 11, 12), date(2026, 11, 14)
    whole = sample_vendor.figures(first, last)
    assert list(whole) == [first, date(2026, 11, 13), last]
    assert whole == {day: sample_vendor.figures(day, day)[day] for day in whole}


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> reconcile.Reconciliation:
    """The sample's figures of 1 to 24 November, compared with the vendor's."""
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('sample')}/usage.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo.sample, "MONTHS", 1)
        sample.fill(engine, now=NOW)
    pipeline.process_pending(engine)
    query = Query("demo", date(2026, 11, 1), date(2026, 11, 24), "UTC", NOW)
    report = Reader(engine, DAY_MS).report(query)
    theirs = vendor_figures.figures(engine, "demo", "digitalsamba", query.start, query.last)
    days = [str(report.days(i).start) for i in range(len(report))]
    fetched = [theirs.fetched.get(day, -1) for day in days]
    counts = vendor_figures.evidence(engine, "demo", "digitalsamba", report.edges, fetched)
    result = reconcile.compare(report, "digitalsamba", theirs.values, theirs.fetched, counts)
    latest = {day: dict(values) for day, values in theirs.values.items()}
    sample.fill(engine, now=NOW + 60_000)
    again = vendor_figures.figures(engine, "demo", "digitalsamba", query.start, query.last)
    assert again.values == latest, "a day is pulled once"
    assert again.fetched == theirs.fetched
    share = report.estimated_total_ms / report.totals["consumed_minutes"]
    engine.dispose()
    assert 0.2 < share < 0.5, "less than half of the consumed minutes is estimated"
    return result


def codes(found: reconcile.Reconciliation, key: str, day: str) -> tuple[str, list[str]]:
    line = next(x for x in found.lines[key] if str(x.day) == day)
    return str(line.verdict), [str(reason.code) for reason in line.reasons]


def test_a_plain_day_is_within_rounding(found):
    (line,) = [x for x in found.lines["participation_minutes"] if str(x.day) == "2026-11-18"]
    assert line.vendor == math.ceil(line.ours)
    assert line.verdict is reconcile.Verdict.ROUNDING


def test_the_differences_are_those_that_occur_in_practice(found):
    assert codes(found, "participation_minutes", "2026-11-20") == ("differs", ["other-platform"])
    assert codes(found, "chat_posts", "2026-11-18") == ("differs", ["private-chat"])
    assert codes(found, "consumed_minutes", "2026-11-18") == ("differs", ["estimated"])
    verdict, reasons = codes(found, "participation_minutes", "2026-11-03")  # pulled too early
    assert (verdict, reasons[:2]) == ("differs", ["unfinished", "late"])
    assert codes(found, "participation_minutes", "2026-11-17") == ("no comparison", ["not-pulled"])
    assert codes(found, "recording_storage_minutes", "2026-11-18") == (
        "no comparison",
        ["not-in-answer"],
    )


def test_some_totals_are_equal_and_some_differ(found):
    verdicts = {line.verdict for line in found.totals.values()}
    assert verdicts == set(reconcile.Verdict)
