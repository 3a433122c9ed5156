"""Presets: the days that each of the built-in ones means, and how a file of presets is checked."""

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


def test_complete_units_leave_out_the_current_one(tmp_path):
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
    ("text", "message"),
    [
        ("", "key 'preset': there is no preset in it. Begin each with a line [[preset]]."),
        (
            "preset = 3",
            "key 'preset': there is no preset in it. Begin each with a line [[preset]].",
        ),
        ("[[presets]]", "key 'presets': there is no such key at the top. Did you mean 'preset'?"),
        (
            "[[preset]]\n",
            "preset number 1, key 'id': it is missing. Every preset has an id, a label and a unit.",
        ),
        (one("unit = 7\nlast = 1"), "preset 'x', key 'unit': it must be a text in quotes, not 7."),
        (
            one('unit = "mounth"\nlast = 1'),
            "preset 'x', key 'unit': 'mounth' is not a unit. Did you mean 'month'?",
        ),
        (
            one('unit = "day"\nlats = 1'),
            "preset 'x', key 'lats': a preset has no such key. Did you mean 'last'?",
        ),
        (
            one('unit = "day"'),
            "preset 'x', key 'offset': give exactly one of 'offset' and 'last'. offset = 0 is the current unit; last = 7 is the last seven units.",
        ),
        (
            one('unit = "day"\nlast = 1\noffset = 0'),
            "preset 'x', key 'offset': give exactly one of 'offset' and 'last'. offset = 0 is the current unit; last = 7 is the last seven units.",
        ),
        (
            one('unit = "day"\nlast = 0'),
            "preset 'x', key 'last': it must be a whole number from 1 to 3660, not 0.",
        ),
        (
            one('unit = "day"\nlast = true'),
            "preset 'x', key 'last': it must be a whole number from 1 to 3660, not True.",
        ),
        (
            one('unit = "day"\nlast = 1.5'),
            "preset 'x', key 'last': it must be a whole number from 1 to 3660, not 1.5.",
        ),
        (
            one('unit = "day"\noffset = 1'),
            "preset 'x', key 'offset': it must be a whole number from -3660 to 0, not 1.",
        ),
        (
            one('unit = "year"\noffset = -11'),
            "preset 'x', key 'offset': it must be a whole number from -10 to 0, not -11.",
        ),
        (
            one('unit = "day"\noffset = 0\ncomplete = true'),
            "preset 'x', key 'complete': it goes with 'last' only. Use offset = -1 for the last unit that is over.",
        ),
        (
            one('unit = "day"\nlast = 1\ncomplete = 1'),
            "preset 'x', key 'complete': it must be true or false, not 1.",
        ),
        (
            one('unit = "day"\nlast = 1', id="Last 7"),
            "preset 'Last 7', key 'id': 'Last 7' is not an id. Use up to 40 lower case letters and digits, with single '-' between.",
        ),
        (
            one('unit = "day"\nlast = 1', id="a" * 41),
            "preset 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', key 'id': 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' is not an id. Use up to 40 lower case letters and digits, with single '-' between.",
        ),
        (
            one('unit = "day"\nlast = 1', label="  "),
            "preset 'x', key 'label': it must have 1 to 60 printable characters.",
        ),
        (
            one('unit = "day"\nlast = 1') * 2,
            "preset 'x', key 'id': this id is used twice. Every preset needs an id of its own.",
        ),
        (
            'default = "y"\n' + one('unit = "day"\nlast = 1'),
            "key 'default': there is no preset 'y'. Known: x.",
        ),
    ],
)
def test_faults_are_named(tmp_path, text, message):
    file = write(tmp_path, text)
    with pytest.raises(SettingsError) as error:
        presets.load(file)
    assert str(error.value) == f"Presets file {file}, {message}"


def test_a_file_that_is_not_toml(tmp_path):
    file = write(tmp_path, "[[preset]\n")
    with pytest.raises(SettingsError) as error:
        presets.load(file)
    assert str(error.value) == (
        f"The presets file {file} cannot be read: Expected ']]' at the end of an array declaration "
        "(at line 1, column 9). Correct it, or unset USAGE_REPORT_PRESETS to use the presets that "
        "come with the package."
    )


def test_unreadable_files(tmp_path):
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\0\1")
    (tmp_path / "huge.toml").write_text("#" * 200_000)
    for path, why in [
        (tmp_path / "none.toml", "No such file"),
        (tmp_path, "cannot be read"),
        (tmp_path / "binary.toml", "cannot be read"),
        (tmp_path / "huge.toml", "over 100,000 bytes"),
    ]:
        with pytest.raises(SettingsError, match=why):
            presets.load(path)


@given(
    st.dates(date(2012, 1, 1), date(2100, 1, 1)), st.integers(1, 31), st.sampled_from(SHIPPED.items)
)
def test_a_preset_always_has_days_and_none_after_today(today, billing_day, preset):
    period = presets.resolve(preset, today, billing_day)
    assert period.days >= 1
    assert period.last <= today


@given(
    st.dates(date(2012, 1, 1), date(2100, 1, 1)),
    st.integers(1, 31),
    st.sampled_from(sorted(presets.UNITS)),
    st.integers(1, 10),
)
def test_consecutive_units_join(today, billing_day, unit, back):
    """The last n complete units are the units at offsets -n to -1, without gaps."""
    units = [
        presets.resolve(presets.Preset("x", "X", unit, offset=-i), today, billing_day)
        for i in range(back, 0, -1)
    ]
    assert all(a.end == b.start for a, b in pairwise(units))
    row = presets.resolve(
        presets.Preset("x", "X", unit, last=back, complete=True), today, billing_day
    )
    assert row == Period(units[0].start, units[-1].end)
