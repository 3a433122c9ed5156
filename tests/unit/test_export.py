"""Downloads: exact figures, absent distinct from 0, a separate total, no formulas, stable bytes."""

import csv as standard_csv
import io
import time
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from support.reports import make_report
from usage_report.core.metrics import ALL
from usage_report.core.periods import Grain
from usage_report.render import cell_guard, csv, xlsx
from usage_report.reporting.model import Query

GOLDEN = Path(__file__).parents[1] / "golden" / "export_three_days.csv"
AS_OF = int(datetime(2026, 3, 30, 12, tzinfo=UTC).timestamp()) * 1000


def report(team="acme", grain=Grain.DAY, last="2026-03-31", **more):
    """Three days from the spring change of clocks in Berlin: final (23 hours), running, future."""
    q = Query(team, date(2026, 3, 29), date.fromisoformat(last), "Europe/Berlin", AS_OF, grain)
    return make_report(q, **({"not_supplied": ("captions_minutes",), "estimated": 0.25} | more))


def rows(data: bytes):
    return list(standard_csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_golden_csv():
    """After an intended change, write ``csv.to_csv(report())`` to the file."""
    assert csv.to_csv(report()) == GOLDEN.read_bytes()


def test_csv_is_exact_and_absent_is_empty():
    r = report()
    got = rows(csv.to_csv(r))
    assert [g["row"] for g in got] == ["bucket", "bucket", "bucket", "total"]
    assert [g["state"] for g in got] == ["final", "running", "not begun", "running"]
    assert (got[0]["start"], got[0]["end"]) == (
        "2026-03-29T00:00:00+01:00",
        "2026-03-30T00:00:00+02:00",
    )
    for m in ALL:
        for i, row in enumerate(got):
            value = r.total(m.key) if i == 3 else r.value(m.key, i)
            assert (float(row[m.key]) if row[m.key] else None) == value
    assert {g["captions_minutes"] for g in got} == {""}
    assert {g["not_supplied"] for g in got} == {"captions_minutes"}
    assert float(got[3]["consumed_minutes_estimated"]) == r.estimated_total_ms / 60_000 > 0
    assert {(g["zone"], g["as_of"], g["definitions"]) for g in got} == {
        ("Europe/Berlin", "2026-03-30T12:00:00Z", "2")
    }


def test_0_is_written_as_0():
    got = rows(csv.to_csv(report(empty=True, not_supplied=())))
    assert got[0]["captions_minutes"] == got[3]["captions_minutes"] == "0"
    assert got[2]["captions_minutes"] == ""


def test_a_byte_order_mark_is_written_on_request():
    assert csv.to_csv(report(), bom=True) == b"\xef\xbb\xbf" + csv.to_csv(report())


@pytest.mark.parametrize(
    ("team", "cell"),
    [
        *((x, f"'{x}") for x in ("=1+1", "+1", "-2", "@SUM(A1)", "  =HYPERLINK(1)", "＝1")),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ('=cmd|" /C calc"!A0', '\'=cmd|" /C calc"!A0'),
        ("acme;=1+1", "acme;'=1+1"),
        ('acme", "=1', 'acme", "\'=1'),
        ("two\n+lines", "two\n'+lines"),
    ],
)
def test_no_text_becomes_a_formula(team, cell):
    assert rows(csv.to_csv(report(team)))[0]["team"] == cell
    assert cell_guard.unguard(cell) == team
    book = load_workbook(io.BytesIO(xlsx.to_xlsx(report(team))))
    assert book["About"]["B1"].data_type == "s"
    assert book["About"]["B1"].value.replace("_x000D_", "\r") == cell
    for sheet in book:
        assert not [c.coordinate for line in sheet.iter_rows() for c in line if c.data_type == "f"]


def test_ordinary_names_are_left_alone():
    for team in ("acme", "Zoë & Co", "a=b", "مدرسة", "🎓 school", 'quote " comma ,'):
        assert rows(csv.to_csv(report(team)))[0]["team"] == team


def test_xlsx_figures_dates_and_notes():
    r = report()
    book = load_workbook(io.BytesIO(xlsx.to_xlsx(r)))
    sheet = book["Usage"]
    assert sheet["A1"].value == "Start (Europe/Berlin)"
    assert [sheet.cell(i, 1).value for i in (2, 3, 4)] == [
        datetime(2026, 3, 29),
        datetime(2026, 3, 30),
        datetime(2026, 3, 31),
    ]
    assert sheet["A2"].is_date
    for c, m in enumerate(ALL, 3):
        got = [sheet.cell(row, c).value for row in (2, 3, 4, 6)]
        if m.key == "captions_minutes":
            assert got == ["not supplied"] * 4
        else:
            for cell, value in zip(
                got, [*(r.value(m.key, i) for i in range(3)), r.total(m.key)], strict=True
            ):
                # A workbook keeps 16 digits: enough to give back every millisecond.
                assert (cell is None) if value is None else cell == pytest.approx(value, rel=1e-15)
    assert all(cell.value is None for cell in sheet[5]), "the total is separate from the rows"
    assert sheet["A6"].value == "Total of the range"
    assert sheet["A7"].value == (
        "Computed for the range: peaks and distinct counts are not sums of the rows."
    )
    assert sheet.auto_filter.ref == "A1:AA4", "the total is outside the filter"
    about = {row[0].value: row[1].value for row in book["About"].iter_rows()}
    assert about.pop("Consumed minutes").startswith("≈ 25\u202f% of consumed minutes (")
    assert about == {
        "Team": "acme",
        "From": "2026-03-29",
        "To (inclusive)": "2026-03-31",
        "Time zone": "Europe/Berlin",
        "Grain": "day",
        "As of": "2026-03-30T12:00:00Z (Mon 30 Mar 2026, 14:00 in Europe/Berlin)",
        "Definitions": "version 2",
        "Not supplied": "Captions minutes",
        "Empty cells": "The bucket is in the future as of the instant above, or before the team's"
        " first event (“no records”). “not supplied” means that the team's platform does not report"
        " the metric. None of these means 0.",
        "Figures": "Exact to the 16 digits a workbook stores. Cells show one decimal; the value"
        " behind them is not rounded.",
        "Notes": "Mon 30 Mar 2026 so far (until 14:00).",
    }
    assert book["Definitions"].max_row == len(ALL) + 1


def test_hours_are_clock_times():
    sheet = load_workbook(io.BytesIO(xlsx.to_xlsx(report(grain=Grain.HOUR, last="2026-03-29"))))[
        "Usage"
    ]
    assert [sheet.cell(row, 1).value.hour for row in range(2, 25)] == [0, 1, *range(3, 24)]


def test_hours_of_one_name_carry_their_offset():
    """Berlin, 27 October 2024: 02:00 in summer time and 02:00 an hour later. All others are times."""
    q = Query("acme", date(2024, 10, 27), date(2024, 10, 27), "Europe/Berlin", AS_OF, Grain.HOUR)
    sheet = load_workbook(io.BytesIO(xlsx.to_xlsx(make_report(q))))["Usage"]
    got = [sheet.cell(row, 1).value for row in range(2, 27)]
    assert got[2:4] == ["2024-10-27 02:00 (UTC+2)", "2024-10-27 02:00 (UTC+1)"]
    times = [datetime(2024, 10, 27, hour) for hour in (0, 1, *range(3, 24))]
    assert [x for x in got if isinstance(x, datetime)] == times


def test_buckets_without_records_are_empty():
    """The team's first event is on 30 March: the 29th is empty and says why."""
    first = int(datetime(2026, 3, 30, 6, tzinfo=UTC).timestamp()) * 1000
    made = report(records_from=first, not_supplied=())
    got = rows(csv.to_csv(made))
    assert [g["state"] for g in got] == ["no records", "running", "not begun", "running"]
    figures = [*made.query.keys, "consumed_minutes_estimated"]
    assert {got[0][key] for key in figures} == {""}
    assert "" not in {got[1][key] for key in figures} | {got[3][key] for key in figures}
    book = load_workbook(io.BytesIO(xlsx.to_xlsx(made)))
    sheet = book["Usage"]
    assert sheet["B2"].value == "no records"
    assert {sheet.cell(2, c).value for c in range(3, 3 + len(ALL))} == {None}
    assert None not in {sheet.cell(6, c).value for c in range(3, 3 + len(ALL))}
    about = {row[0].value: row[1].value for row in book["About"].iter_rows()}
    assert about["Notes"] == (
        "Records begin on 30 Mar 2026.\nMon 30 Mar 2026 so far (until 14:00)."
    )
    nothing = rows(csv.to_csv(report(records_from=None)))
    assert [g["state"] for g in nothing] == ["no records", "no records", "not begun", "no records"]
    assert {g[key] for g in nothing for key in figures} == {""}


def test_same_report_same_bytes(monkeypatch):
    first = csv.to_csv(report()), xlsx.to_xlsx(report())
    monkeypatch.setattr(time, "time", lambda: 2_000_000_000.0)
    time.sleep(1.1)  # the clock of a zip entry has a step of two seconds, of a document one
    assert (csv.to_csv(report()), xlsx.to_xlsx(report())) == first
    names = zipfile.ZipFile(io.BytesIO(first[1])).infolist()
    assert len({entry.date_time for entry in names}) == 1


def test_any_team_name_is_accepted():
    for team in (
        "\x01\x02",
        "\ud800".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
        "x" * 1000,
        "\u202eevil",
    ):
        assert rows(csv.to_csv(report(team)))[0]["team"] == team
        assert load_workbook(io.BytesIO(xlsx.to_xlsx(report(team))))["About"]["A1"].value == "Team"


def test_file_names_are_harmless():
    assert (
        csv.filename(report("../..\\A b/ü"), "csv") == "usage-a-b-2026-03-29-to-2026-03-31-day.csv"
    )
    assert csv.filename(report("🎓"), "xlsx") == "usage-2026-03-29-to-2026-03-31-day.xlsx"
