"""Figures as text: rounding, grouping, signs, units."""

import pytest

from usage_report.render import numbers


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
