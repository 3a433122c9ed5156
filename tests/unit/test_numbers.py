"""Figures as text: rounding, grouping, signs, units."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_report.render import numbers
from usage_report.reporting.model import shown


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 1, "0"),
        (0.0, 0, "0"),
        (-0.0, 1, "0"),
        (0.04, 1, "< 0.1"),
        (0.05, 1, "0.1"),
        (0.4, 0, "0"),
        (7, 1, "7.0"),
        (1234.56, 1, "1\u202f234.6"),
        (-1234.56, 1, "-1\u202f234.6"),
        (1e6, 0, "1\u202f000\u202f000"),
    ],
)
def test_number(value, decimals, text):
    assert numbers.number(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (31, 1, "+31.0"),
        (-1234.56, 1, "−1\u202f234.6"),
        (0, 1, "0"),
        (-0.01, 1, "< 0.1"),
        (0.3, 0, "0"),
        (2, 0, "+2"),
    ],
)
def test_a_sign_only_on_what_shows_a_figure(value, decimals, text):
    assert numbers.signed(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "text"), [(696_180, "696\u202f000"), (1234.5, "1\u202f230"), (12.34, "12"), (7, "7")]
)
def test_a_projection_has_three_digits(value, text):
    assert numbers.approximate(value) == text


def test_figures_with_and_without_unit_and_a_dash_where_there_is_none():
    assert numbers.figure("participation_minutes", 110.5) == "110.5"
    assert numbers.with_unit("participation_minutes", 110.5) == "110.5\u202fmin"
    assert numbers.with_unit("participation_minutes", 0.0) == "0\u202fmin"
    assert numbers.with_unit("participation_minutes", 1110.5, 0) == "1\u202f111\u202fmin"
    assert numbers.with_unit("sessions", 1234) == "1\u202f234"
    assert numbers.figure("sessions", 0) == "0"
    assert numbers.with_unit("sessions", None) == numbers.figure("captions_minutes", None) == "–"


def test_limits_have_decimals_only_where_the_contract_has():
    assert numbers.limit("participation_minutes", 330_000.0) == "330\u202f000\u202fmin"
    assert numbers.limit("participation_minutes", 0.5) == "0.5\u202fmin"
    assert numbers.limit("max_concurrent_sessions", 20.0) == "20"


@pytest.mark.parametrize(
    ("value", "decimals", "text"), [(0, 1, "0 %"), (63.4, 0, "63 %"), (1250, 0, "1 250 %")]
)
def test_percent(value, decimals, text):
    assert numbers.percent(value, decimals).replace("\u202f", " ") == text


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (None, "–"),
        (0, "0 min"),
        (0.3, "< 1 min"),
        (59.4, "59 min"),
        (59.6, "1 h"),
        (312, "5 h 12 min"),
        (60_000, "1 000 h"),
    ],
)
def test_duration(minutes, text):
    assert numbers.duration(minutes).replace("\u202f", " ") == text


def half_up(value: Fraction, decimals: int) -> Fraction:
    """The definition: the nearest multiple of the last decimal; of two, the one further from 0."""
    unit = Fraction(1, 10**decimals)
    whole = (abs(value) / unit + Fraction(1, 2)).__floor__() * unit
    return whole if value >= 0 else -whole


@pytest.mark.parametrize(
    ("ms", "text"), [(69_000, "1.2"), (3_000, "0.1"), (2_999, "< 0.1"), (135_000, "2.3"), (207_000, "3.5")]
)  # fmt: skip
def test_minutes_are_rounded_half_up_from_the_milliseconds(ms, text):
    assert numbers.figure("participation_minutes", shown("participation_minutes", ms)) == text


@given(
    ms=st.integers(0, 10**13) | st.integers(0, 10**9).map(lambda n: n * 3_000),
    decimals=st.integers(0, 2),
)
def test_any_number_of_milliseconds_is_rounded_as_the_exact_quotient(ms, decimals):
    minutes = shown("participation_minutes", ms)
    assert Fraction(numbers.rounded(minutes, decimals)) == half_up(Fraction(ms, 60_000), decimals)
    assert Fraction(numbers.rounded(-minutes, decimals)) == half_up(-Fraction(ms, 60_000), decimals)


@given(
    ms=st.integers(0, 10**11),
    limit=st.integers(1, 10**7).map(lambda n: n / 10),
    decimals=st.integers(0, 1),
)
def test_a_percentage_is_rounded_as_the_exact_share(ms, limit, decimals):
    share = 100 * shown("participation_minutes", ms) / limit
    exact = 100 * Fraction(ms, 60_000) / Fraction(str(limit))
    assert Fraction(numbers.rounded(share, decimals)) == half_up(exact, decimals)


@pytest.mark.parametrize(
    ("minutes", "text"), [(0.5, "< 1 min"), (1.5, "2 min"), (2.5, "3 min"), (59.5, "1 h"), (90.5, "1 h 31 min")]
)  # fmt: skip
def test_durations_are_rounded_half_up(minutes, text):
    assert numbers.duration(minutes).replace("\u202f", " ") == text


def test_projections_are_rounded_half_up():
    assert numbers.approximate(1_225) == "1\u202f230"
    assert numbers.approximate(12.25) == "12"
