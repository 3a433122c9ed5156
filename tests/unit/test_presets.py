"""Named ranges: what each shipped one means on a given day, and how the file is checked."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_report.core import presets
from usage_report.core.errors import SettingsError
from usage_report.core.periods import Period

SHIPPED = presets.load()
MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("id", "first", "last"),
    [
        ("today", "2026-11-23", "2026-11-23"),
        ("yesterday", "2026-11-22", "2026-11-22"),
        ("last-7", "2026-11-17", "2026-11-23"),
        ("last-30", "2026-10-25", "2026-11-23"),
        ("last-90", "2026-08-26", "2026-11-23"),
        ("this-week", "2026-11-23", "2026-11-23"),
        ("last-week", "2026-11-16", "2026-11-22"),
        ("this-month", "2026-11-01", "2026-11-23"),
        ("last-month", "2026-10-01", "2026-10-31"),
        ("this-billing-period", "2026-11-15", "2026-11-23"),
        ("last-billing-period", "2026-10-15", "2026-11-14"),
        ("this-year", "2026-01-01", "2026-11-23"),
        ("last-12-months", "2025-12-01", "2026-11-23"),
    ],
)
def test_shipped_presets(id, first, last):
    period = presets.resolve(SHIPPED[id], MONDAY, 15)
    assert (period.start.isoformat(), period.last.isoformat()) == (first, last)


def test_every_shipped_preset_is_tested_above():
    assert len(SHIPPED.items) == 13
    assert SHIPPED.default == "last-30"


def test_month_arithmetic_across_years_and_short_months():
    assert presets.resolve(SHIPPED["last-month"], date(2026, 1, 31), 1) == Period(
        date(2025, 12, 1), date(2026, 1, 1)
    )
    assert presets.resolve(SHIPPED["last-month"], date(2024, 3, 31), 1) == Period(
        date(2024, 2, 1), date(2024, 3, 1)
    )
    assert presets.resolve(SHIPPED["last-billing-period"], date(2026, 3, 30), 31) == Period(
        date(2026, 1, 31), date(2026, 2, 28)
    )


def write(tmp_path, text):
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    return file


def one(rule, id="x", label="X"):
    return f'[[preset]]\nid = "{id}"\nlabel = "{label}"\n{rule}\n'


def test_complete_units_leave_the_running_one_out(tmp_path):
    got = presets.load(
        write(
            tmp_path,
            one('unit = "day"\nlast = 7\ncomplete = true') + one('unit = "quarter"\nlast = 2', "q"),
        )
    )
    assert presets.resolve(got["x"], MONDAY, 1) == Period(date(2026, 11, 16), MONDAY)
    assert presets.resolve(got["q"], MONDAY, 1) == Period(date(2026, 7, 1), date(2026, 11, 24))
    assert got.default == "x"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no preset in it"),
        ("preset = 3", "no preset in it"),
        ("[[presets]]", "Did you mean 'preset'?"),
        ("[[preset]\n", "cannot be read"),
        ("[[preset]]\n", "preset number 1, key 'id': it is missing"),
        (one("unit = 7\nlast = 1"), "must be a text in quotes, not 7"),
        (one('unit = "mounth"\nlast = 1'), "'mounth' is not a unit. Did you mean 'month'?"),
        (
            one('unit = "day"\nlats = 1'),
            "preset 'x', key 'lats': a preset has no such key. Did you mean 'last'?",
        ),
        (one('unit = "day"'), "exactly one of 'offset' and 'last'"),
        (one('unit = "day"\nlast = 1\noffset = 0'), "exactly one of 'offset' and 'last'"),
        (one('unit = "day"\nlast = 0'), "from 1 to 3660, not 0"),
        (one('unit = "day"\nlast = true'), "not True"),
        (one('unit = "day"\nlast = 1.5'), "not 1.5"),
        (one('unit = "day"\noffset = 1'), "from -3660 to 0, not 1"),
        (one('unit = "year"\noffset = -11'), "from -10 to 0"),
        (one('unit = "day"\noffset = 0\ncomplete = true'), "goes with 'last' only"),
        (one('unit = "day"\nlast = 1\ncomplete = 1'), "true or false, not 1"),
        (one('unit = "day"\nlast = 1', id="Last 7"), "is not an id"),
        (one('unit = "day"\nlast = 1', id="a" * 41), "is not an id"),
        (one('unit = "day"\nlast = 1', label="  "), "1 to 60 printable"),
        (one('unit = "day"\nlast = 1') * 2, "used twice"),
        ('default = "y"\n' + one('unit = "day"\nlast = 1'), "there is no preset 'y'"),
    ],
)
def test_faults_are_named(tmp_path, text, says):
    with pytest.raises(SettingsError) as error:
        presets.load(write(tmp_path, text))
    assert says in str(error.value)
    assert "mine.toml" in str(error.value)


def test_unreadable_files(tmp_path):
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\0\1")
    (tmp_path / "huge.toml").write_text("#" * 200_000)
    for path, says in [
        (tmp_path / "none.toml", "No such file"),
        (tmp_path, "cannot be read"),
        (tmp_path / "binary.toml", "cannot be read"),
        (tmp_path / "huge.toml", "over 100,000 bytes"),
    ]:
        with pytest.raises(SettingsError, match=says):
            presets.load(path)


@given(
    st.dates(date(2012, 1, 1), date(2100, 1, 1)), st.integers(1, 31), st.sampled_from(SHIPPED.items)
)
def test_a_preset_always_has_days_and_never_the_future(today, billing_day, preset):
    period = presets.resolve(preset, today, billing_day)
    assert period.days >= 1
    assert period.last <= today


@given(
    st.dates(date(2012, 1, 1), date(2100, 1, 1)),
    st.integers(1, 31),
    st.sampled_from(sorted(presets.UNITS)),
    st.integers(1, 10),
)
def test_units_in_a_row_meet(today, billing_day, unit, back):
    """The last n complete units are exactly the n units at offsets -n to -1, end to end."""
    units = [
        presets.resolve(presets.Preset("x", "X", unit, offset=-i), today, billing_day)
        for i in range(back, 0, -1)
    ]
    assert all(a.end == b.start for a, b in pairwise(units))
    row = presets.resolve(
        presets.Preset("x", "X", unit, last=back, complete=True), today, billing_day
    )
    assert row == Period(units[0].start, units[-1].end)
