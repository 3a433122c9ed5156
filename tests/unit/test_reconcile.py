"""The comparison with a vendor: verdicts, bounds, reasons, totals, sentences and files."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_report.core.errors import InputError
from usage_report.core.metrics import ALL, Measure, metric
from usage_report.core.periods import Grain, edges, zone
from usage_report.render import reconcile as rendered
from usage_report.reporting.model import Query, Report
from usage_report.reporting.reconcile import (
    PAIRS,
    Reason,
    ReasonCode,
    Screen,
    Verdict,
    compare,
    verdict,
)
from usage_report.reporting.vendor_figures import Evidence

START = date(2026, 3, 2)
MINUTE = 60_000


def report(
    n=3, grain=Grain.DAY, tz="UTC", as_of=None, absent=(), estimated=0, records_from=0, **figures
) -> Report:
    """Figures by key, minutes as minutes; all others are 0."""
    last = START + timedelta(days=n - 1)
    cuts = edges(Query("acme", START, last, tz, 0).period, grain, zone(tz))
    as_of = int(cuts[-1]) + MINUTE if as_of is None else as_of
    raw = {}
    for m in ALL:
        values = figures.get(m.key, [0] * n)
        raw[m.key] = np.array([round(v * MINUTE) if m.unit else v for v in values], np.int64)
    totals = {
        m.key: int(
            raw[m.key].max()
            if m.measure in (Measure.PEAK, Measure.DISTINCT)
            else raw[m.key][-1]
            if m.measure is Measure.LEVEL
            else raw[m.key].sum()
        )
        for m in ALL
    }
    return Report(
        Query("acme", START, last, tz, as_of, grain),
        cuts,
        records_from,
        raw,
        totals,
        {},
        {},
        frozenset(absent),
        np.full(n, estimated * MINUTE, np.int64),
    )


def counts(n=3, connections=0, recordings=0, sessions=0, late=0) -> Evidence:
    """The same evidence on every day."""
    return Evidence(*(np.full(n, x, np.int64) for x in (connections, recordings, sessions, late)))


def vendor_figures(**fields) -> dict[str, dict[str, float]]:
    """The vendor's figures, a list per field with one entry per day; ``None`` leaves a gap."""
    n = len(next(iter(fields.values())))
    return {
        str(START + timedelta(days=i)): {
            k: float(v[i]) for k, v in fields.items() if v[i] is not None
        }
        for i in range(n)
    }


def fetched(n=3, after=True) -> dict[str, int]:
    """Each day pulled at its end, or at its start."""
    cuts = edges(
        Query("acme", START, START + timedelta(days=n - 1), "UTC", 0).period, Grain.DAY, zone("UTC")
    )
    return {str(START + timedelta(days=i)): int(cuts[i + 1 if after else i]) for i in range(n)}


def run(ours: Report, figures, evidence=None, screen=Screen.CONTAINED, when=None):
    return compare(
        ours,
        "digitalsamba",
        figures,
        fetched() if when is None else when,
        counts() if evidence is None else evidence,
        screen,
    )


def codes(line) -> list[str]:
    return [reason.code for reason in line.reasons]


def sentences(line) -> list[str]:
    return [rendered.sentence(line, reason).replace("\u202f", " ") for reason in line.reasons]


def test_every_metric_the_vendor_has_is_compared_once():
    keys = [p.key for p in PAIRS]
    assert len(set(keys)) == len(keys)
    for key in keys:
        metric(key)
    assert {m.key for m in ALL if not m.of} <= set(keys)


def test_the_worked_example_rounds_up_by_connection():
    """Three stays of 40, 40.5 and 30 minutes: 110.5; each rounded up 111; the sum floored 110."""
    ours = report(1, participation_minutes=[110.5])
    for theirs, expected in [
        (110.5, Verdict.EQUAL),
        (111, Verdict.ROUNDING),
        (110, Verdict.ROUNDING),
        (113.5, Verdict.ROUNDING),
        (113.6, Verdict.DIFFERS),
        (109.4, Verdict.DIFFERS),
    ]:
        found = run(ours, vendor_figures(participation_minutes=[theirs]), counts(1, connections=3))
        assert found.lines["participation_minutes"][0].verdict is expected, theirs


@given(st.lists(st.integers(0, 10_000_000), max_size=40))
def test_any_stays_rounded_up_or_floored_are_within_the_bounds(stays):
    """Stays in ms; the vendor rounds each up, or the sum down."""
    exact = sum(stays) / MINUTE
    up = sum(-(-s // MINUTE) for s in stays)
    for theirs in (up, int(exact), round(exact)):
        found = run(
            report(1, participation_minutes=[exact]),
            vendor_figures(participation_minutes=[theirs]),
            counts(1, connections=len(stays)),
        )
        line = found.lines["participation_minutes"][0]
        assert line.verdict in (Verdict.EQUAL, Verdict.ROUNDING)
        assert found.totals["participation_minutes"].verdict in (Verdict.EQUAL, Verdict.ROUNDING)


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.floats(-100, 0), st.floats(0, 100))
def test_verdicts_are_complete_and_equal_is_narrow(ours, theirs, low, high):
    found = verdict(ours, theirs, low, high)
    assert found is not Verdict.NONE
    if found is Verdict.EQUAL:
        assert abs(ours - theirs) <= 1e-6
    if found is Verdict.DIFFERS:
        assert not low <= theirs - ours <= high
    assert verdict(None, theirs, low, high) is verdict(ours, None, low, high) is Verdict.NONE


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 3000)), min_size=3, max_size=3))
def test_totals_are_the_sums_of_the_days_that_both_have(pairs):
    ours, theirs = zip(*pairs, strict=True)
    found = run(
        report(participation_minutes=ours, sessions=ours),
        vendor_figures(participation_minutes=theirs, sessions=theirs),
    )
    for key in ("participation_minutes", "sessions"):
        total = found.totals[key]
        assert total.ours == sum(ours)
        assert total.vendor == sum(theirs)
        assert total.difference == sum(line.difference for line in found.lines[key])
        assert total.days == 3


def test_a_day_the_vendor_lacks_is_left_out_on_both_sides():
    figures = vendor_figures(participation_minutes=[10, 20, 30])
    del figures[str(START + timedelta(days=1))]
    found = run(report(participation_minutes=[10, 500, 30]), figures)
    assert [line.verdict for line in found.lines["participation_minutes"]] == [
        Verdict.EQUAL,
        Verdict.NONE,
        Verdict.EQUAL,
    ]
    assert codes(found.lines["participation_minutes"][1]) == ["not-pulled"]
    total = found.totals["participation_minutes"]
    assert (total.ours, total.vendor, total.verdict, total.days) == (40, 40, Verdict.EQUAL, 2)
    assert codes(total) == ["missing-days"]


def test_no_figure_is_not_0():
    found = run(
        report(absent=["captions_minutes"]),
        vendor_figures(captions_minutes=[0, 5, 0], sessions=[0, None, 0]),
    )
    line = found.lines["captions_minutes"][0]
    assert (line.ours, line.vendor, line.verdict, line.difference, line.percent) == (
        None,
        0,
        Verdict.NONE,
        None,
        None,
    )
    assert codes(line) == ["not-supplied"]
    total = found.totals["captions_minutes"]
    assert (total.ours, total.vendor, total.verdict) == (None, 5, Verdict.NONE), (
        "what only the vendor reports is shown"
    )
    assert codes(found.lines["sessions"][1]) == ["not-in-answer"]
    assert found.lines["qa_posts"][0].vendor is None, "questions and answers are both needed"


def test_days_not_begun_have_no_figure():
    first = report()
    found = run(report(as_of=int(first.edges[1])), vendor_figures(sessions=[0, 0, 0]))
    assert codes(found.lines["sessions"][1]) == ["not-begun"]
    assert found.lines["sessions"][0].verdict is Verdict.EQUAL


def test_totals_of_peaks_levels_and_distinct_counts():
    found = run(
        report(
            max_concurrent_participants=[3, 9, 2],
            recording_storage_minutes=[5, 6, 7],
            active_participants=[2, 2, 2],
        ),
        vendor_figures(
            max_concurrent_participants=[8, 4, 1],
            stored_recorded_minutes=[5, 6, 7],
            active_participants=[2, 2, 2],
        ),
    )
    assert (
        found.totals["max_concurrent_participants"].ours,
        found.totals["max_concurrent_participants"].vendor,
    ) == (9, 8)
    assert (
        found.totals["recording_storage_minutes"].ours,
        found.totals["recording_storage_minutes"].verdict,
    ) == (7, Verdict.EQUAL)
    assert found.totals["active_participants"].verdict is Verdict.NONE
    assert codes(found.totals["active_participants"]) == ["not-a-sum"]


def test_counts_and_peaks_are_not_excused_by_rounding():
    found = run(
        report(sessions=[4, 4, 4], max_concurrent_participants=[3, 3, 3]),
        vendor_figures(sessions=[5, 4, 4], max_concurrent_participants=[3, 4, 3]),
        counts(connections=50),
    )
    assert found.lines["sessions"][0].verdict is Verdict.DIFFERS
    assert found.lines["max_concurrent_participants"][1].verdict is Verdict.DIFFERS


def test_an_empty_day_has_nothing_to_round():
    found = run(
        report(recorded_minutes=[10.5, 0, 0]),
        vendor_figures(recorded_minutes=[11, 0, 1]),
        Evidence(*[np.array([1, 0, 0])] * 4),
    )
    assert [line.verdict for line in found.lines["recorded_minutes"]] == [
        Verdict.ROUNDING,
        Verdict.EQUAL,
        Verdict.DIFFERS,
    ]
    total = found.totals["recorded_minutes"]
    assert (total.low, total.high, total.verdict) == (-1, 1, Verdict.DIFFERS)


def test_usage_moved_across_midnight_suggests_another_zone():
    found = run(
        report(participation_minutes=[100, 100, 100]),
        vendor_figures(participation_minutes=[160, 40, 100]),
    )
    first, second, third = found.lines["participation_minutes"]
    assert codes(first)[0] == codes(second)[0] == "zone"
    assert first.reasons[0] == Reason(ReasonCode.ZONE, 60, difference=60)
    assert sentences(first)[0] == (
        "A neighbouring day differs the other way by 60.0: if the vendor's days begin at another"
        " time, usage around midnight falls on different days."
    )
    assert third.reasons == ()
    total = found.totals["participation_minutes"]
    assert total.verdict is Verdict.EQUAL
    assert sentences(total) == [
        "2 days differ by more than rounding, although the total does not. See the days."
    ]


def test_a_total_is_not_explained_by_days_that_offset_each_other():
    found = run(
        report(participation_minutes=[100, 100, 100]),
        vendor_figures(participation_minutes=[160, 40, 300]),
    )
    assert "zone" in codes(found.lines["participation_minutes"][0])
    assert codes(found.totals["participation_minutes"]) == ["unknown"]
    assert found.totals["participation_minutes"].verdict is Verdict.DIFFERS


def test_another_zone_of_ours_is_named():
    found = run(
        report(tz="Asia/Tokyo", participation_minutes=[100, 100, 100]),
        vendor_figures(participation_minutes=[160, 160, 160]),
    )
    assert sentences(found.lines["participation_minutes"][0])[0] == (
        "Our days are cut in Asia/Tokyo, the vendor's probably in UTC:"
        " usage around midnight falls on different days."
    )


def test_figures_pulled_too_early_and_late_events():
    found = run(
        report(sessions=[4, 4, 4]),
        vendor_figures(sessions=[3, 3, 3]),
        counts(late=2),
        when=fetched(after=False),
    )
    assert codes(found.lines["sessions"][0])[:2] == ["unfinished", "late"]
    assert sentences(found.lines["sessions"][0])[:2] == [
        "The vendor's figure was pulled before the day was over. Pull again.",
        (
            "2 join or leave events of this day were received after the vendor's figure was pulled."
            " Pull again."
        ),
    ]


def test_screenshare_contained_or_added():
    ours, theirs = (
        report(broadcast_minutes=[14, 0, 0]),
        vendor_figures(broadcasted_minutes=[10, 0, 0], screen_broadcasted_minutes=[4, 0, 0]),
    )
    contained = run(ours, theirs).lines["broadcast_minutes"][0]
    assert (contained.vendor, contained.verdict, codes(contained)[0]) == (
        10,
        Verdict.DIFFERS,
        "screen",
    )
    assert contained.reasons[0].bound == 4
    assert sentences(contained)[0] == (
        "With the other setting of Screenshare, the difference would be 0 min."
    )
    added = run(ours, theirs, screen=Screen.ADDED).lines["broadcast_minutes"][0]
    assert (added.vendor, added.verdict) == (14, Verdict.EQUAL)


@pytest.mark.parametrize(
    ("key", "field", "ours", "theirs", "code"),
    [
        ("captions_minutes", "captions_minutes", 10, 30, "grace"),
        ("participation_minutes", "participation_minutes", 10, 300, "grace"),
        ("max_concurrent_sessions", "max_concurrent_sessions", 1, 2, "grace"),
        ("active_participants", "active_participants", 10, 12, "persons"),
        ("chat_posts", "public_chat_posts", 10, 7, "private-chat"),
        ("sessions", "sessions", 10, 11, "sessions"),
        ("active_rooms", "rooms", 10, 11, "unknown"),
    ],
)
def test_likely_reasons(key, field, ours, theirs, code):
    found = run(
        report(**{key: [ours, 0, 0]}),
        vendor_figures(**{field: [theirs, 0, 0]}),
        counts(connections=2, sessions=2),
    )
    assert code in codes(found.lines[key][0])
    assert code in codes(found.totals[key]) or found.totals[key].verdict is Verdict.NONE


def test_what_the_reasons_do_not_cover_is_unexplained():
    """Four connections rounded up can be four minutes; the rest of ninety is not rounding."""
    found = run(
        report(broadcast_minutes=[10, 10, 10]),
        vendor_figures(broadcasted_minutes=[100, 12, 10], screen_broadcasted_minutes=[0, 0, 0]),
        counts(connections=4),
    )
    days = found.lines["broadcast_minutes"]
    assert [codes(line) for line in days] == [["rounding", "unknown"], ["rounding"], []]
    total = found.totals["broadcast_minutes"]
    assert codes(total) == ["rounding", "unknown"]
    assert sentences(total) == [
        (
            "The vendor reports whole minutes: 12 connections rounded up one by one can add up to"
            " 12 minutes."
        ),
        "These reasons do not explain all of it. Compare the sessions on both sides.",
    ]


def test_rounding_up_does_not_explain_a_lower_figure():
    found = run(
        report(recorded_minutes=[100, 0, 0]),
        vendor_figures(recorded_minutes=[40, 0, 0]),
        counts(recordings=80),
    )
    assert (
        codes(found.lines["recorded_minutes"][0])
        == codes(found.totals["recorded_minutes"])
        == ["unknown"]
    )
    assert sentences(found.totals["recorded_minutes"]) == [
        "No known reason fits. Compare the sessions on both sides."
    ]


def test_a_reason_of_the_total_covers_all_of_its_days():
    """3, 4 and 0 private posts: the total lacks 7, not the 4 of the worst day."""
    found = run(report(chat_posts=[10, 10, 10]), vendor_figures(public_chat_posts=[7, 6, 10]))
    (reason,) = found.totals["chat_posts"].reasons
    assert (reason.code, reason.bound) == ("private-chat", 7)
    assert found.totals["chat_posts"].difference == -7


def test_a_reason_of_one_day_names_it_in_the_total():
    late = counts(late=2)
    late.late[1] = 5
    found = run(report(sessions=[4, 4, 4]), vendor_figures(sessions=[3, 1, 4]), late)
    total = found.totals["sessions"]
    (reason,) = [reason for reason in total.reasons if reason.code is ReasonCode.LATE]
    assert rendered.sentence(total, reason) == (
        "Tue 3 Mar 2026 and 1 more day: 5 join or leave events of this day were received after"
        " the vendor's figure was pulled. Pull again."
    )


def test_an_estimate_of_ours_is_a_reason():
    found = run(
        report(consumed_minutes=[50, 0, 0], estimated=50),
        vendor_figures(subscribed_minutes=[90, 0, 0], screen_subscribed_minutes=[0, 0, 0]),
    )
    assert "estimated" in codes(found.lines["consumed_minutes"][0])


def test_every_reason_has_a_label_and_a_sentence():
    assert rendered.LABELS.keys() == set(ReasonCode)
    found = run(report(), vendor_figures(sessions=[0, 0, 0]))
    for pair in PAIRS:
        for code in ReasonCode:
            text = rendered.sentence(found.totals[pair.key], Reason(code, count=1))
            assert text[0].isupper() or text.startswith("1 ")
            assert text.endswith(".")


@pytest.mark.parametrize(
    ("ours", "theirs", "connections", "difference", "percent"),
    [
        (273, 304, 0, "+31.0", "+11.4 %"),
        (304, 273, 0, "−31.0", "−10.2 %"),
        (100, 100, 0, "0", "0 %"),
        (0, 5, 0, "+5.0", "–"),
        (100_000, 100_000.02, 1, "< 0.1", "< 0.1 %"),
        (5, None, 0, "–", "–"),
    ],
)
def test_differences_as_text(ours, theirs, connections, difference, percent):
    found = run(
        report(1, participation_minutes=[ours]),
        vendor_figures(participation_minutes=[theirs]),
        counts(1, connections=connections),
    )
    line = found.lines["participation_minutes"][0]
    assert rendered.difference_text(line) == difference
    assert rendered.percent_text(line).replace("\u202f", " ") == percent


def test_only_days_are_compared():
    with pytest.raises(InputError, match="day"):
        run(report(grain=Grain.WEEK), {})


# -- files ---------------------------------------------------------------------------------------------------------------


def test_the_csv_has_every_line_exactly():
    found = run(
        report(participation_minutes=[110.5, 1 / 3, 0], sessions=[1, 2, 3]),
        vendor_figures(participation_minutes=[111, 1, 0], sessions=[1, 2, 4]),
        counts(connections=3),
    )
    rows = list(csv.DictReader(io.StringIO(rendered.to_csv(found).decode())))
    assert len(rows) == len(PAIRS) * 4
    first = rows[0]
    assert (first["row"], first["day"], first["metric"], first["ours"], first["vendor_figure"]) == (
        "day",
        "2026-03-02",
        "participation_minutes",
        "110.5",
        "111",
    )
    assert (first["difference"], first["verdict"], first["reasons"], first["rounding_high"]) == (
        "0.5",
        "within rounding",
        "rounding",
        "3",
    )
    assert float(rows[1]["ours"]) == 20_000 / MINUTE
    total = next(r for r in rows if r["row"] == "total" and r["metric"] == "sessions")
    assert (total["day"], total["ours"], total["vendor_figure"], total["verdict"]) == (
        "",
        "6",
        "7",
        "differs",
    )
    captions = next(r for r in rows if r["metric"] == "captions_minutes")
    assert (captions["ours"], captions["vendor_figure"], captions["difference"]) == ("0", "", "")


def test_the_workbook():
    found = run(
        report(participation_minutes=[110.5, 0, 0]),
        vendor_figures(participation_minutes=[130, 0, 0]),
        counts(connections=3),
    )
    data = rendered.to_xlsx(found)
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["Total", "Days", "About"]
    assert [c.value for c in book["Total"][2]][1:7] == [
        "Participation minutes",
        110.5,
        130,
        19.5,
        pytest.approx(17.647, abs=0.001),
        "differs",
    ]
    assert book["Total"]["A2"].value == "range"
    assert book["Days"]["A2"].value == "2026-03-02"
    assert book["Days"].max_row == 1 + 3 * len(PAIRS)
    assert {row[0].value: row[1].value for row in book["About"].iter_rows()} == {
        "Team": "acme",
        "Vendor": "digitalsamba",
        "Days": "2–4 Mar 2026",
        "Our days are cut in": "UTC",
        "Vendor's days": "assumed to be cut in UTC; the vendor does not document it",
        "Screenshare": "contained in the vendor's broadcast and consumed minutes",
        "Difference": "the vendor's figure minus ours",
        "As of": "2026-03-05T00:01:00Z",
    }
    assert data == rendered.to_xlsx(found), "the same bytes every time"
    assert (
        rendered.filename(found, "csv")
        == "reconcile-digitalsamba-acme-2026-03-02-to-2026-03-04.csv"
    )


def test_days_before_our_records_are_not_compared():
    """Our records begin on the second day; the total compares the days from then on."""
    ours = report(
        participation_minutes=[0, 60, 60], records_from=int(report().edges[1]) + 12 * 60 * MINUTE
    )
    found = run(ours, vendor_figures(participation_minutes=[50, 60, 60]))
    first, *rest = found.lines["participation_minutes"]
    assert (first.ours, first.vendor, first.verdict) == (None, 50, Verdict.NONE)
    assert codes(first) == ["no-records"]
    assert sentences(first) == ["The day is before this team's first event."]
    assert [line.verdict for line in rest] == [Verdict.EQUAL] * 2
    total = found.totals["participation_minutes"]
    assert (total.ours, total.vendor, codes(total)) == (120, 120, ["missing-days"])
