"""Axes of figures and of time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_report.core.metrics import Unit
from usage_report.core.periods import Grain
from usage_report.render.charts.axis import (
    DAY_MS,
    figure_axis,
    percent_axis,
    side_parameters,
    time_axis,
    time_parameters,
)


@pytest.mark.parametrize(
    ("unit", "most", "labels"),
    [
        (Unit.MINUTES, 49_360.6, ["0", "10 000", "20 000", "30 000", "40 000", "50 000"]),
        (Unit.COUNT, 605, ["0", "200", "400", "600", "800"]),
        (Unit.COUNT, 1, ["0", "1"]),
        (Unit.COUNT, 7, ["0", "2", "4", "6", "8"]),
        (Unit.MINUTES, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    ],
)
def test_ticks(unit, most, labels):
    axis = figure_axis(unit, most, title="")
    assert [text.replace("\u202f", " ") for _, text in axis.ticks] == labels


def test_no_axis_without_activity():
    assert figure_axis(Unit.COUNT, 0, title="") is None


@given(st.sampled_from(Unit), st.floats(1e-4, 1e12), st.integers(2, 6))
def test_an_axis_reaches_its_highest_figure_with_few_round_ticks(unit, most, ticks):
    axis = figure_axis(unit, most, title="", ticks=ticks)
    values = [value for value, _ in axis.ticks]
    assert axis.top == values[-1] >= most * (1 - 1e-9)
    assert values[0] == 0
    assert 2 <= len(values) <= ticks + 2
    assert len({text for _, text in axis.ticks}) == len(values), "no two ticks read the same"
    if unit is Unit.COUNT:
        assert all(value == int(value) for value in values)


def test_an_axis_takes_a_stretch_of_the_height():
    """From 96 pixels below the top of the plot: Vega counts them downwards."""
    shown = side_parameters(percent_axis("% of each peak"), 96, 200)
    assert shown == {
        "domain": [0, 100],
        "ticks": [0, 25, 50, 75, 100],
        "labels": ["0", "25\u202f%", "50\u202f%", "75\u202f%", "100\u202f%"],
        "range": [296, 96],
    }
    empty = side_parameters(None, 0, 96)
    assert empty == {"domain": [0, 1], "ticks": [], "labels": [], "range": [96, 0]}


def test_sets_of_ticks_say_from_which_width_they_fit():
    """Ten texts of 4 to 6 letters, at most 6.72 pixels each, with 14 pixels between two of them."""
    ticks = [(i * DAY_MS, f"{i} Nov", "2026") for i in range(2, 12)]
    shown = time_parameters(time_axis(2 * DAY_MS, 12 * DAY_MS, ticks, Grain.DAY))
    assert shown["time"] == [2 * DAY_MS, 12 * DAY_MS]
    every, second = shown["tick_sets"][:2]
    assert every["labels"][:2] == [["2 Nov", "2026"], ["3 Nov", ""]], "the year once"
    assert every["least"] == 544  # nine texts of 6 letters: 10 * (6 * 6.72 + 14)
    assert second["at"] == [i * DAY_MS for i in (2, 4, 6, 8, 10)]
    assert second["least"] < every["least"]
    least = [each["least"] for each in shown["tick_sets"]]
    assert len(least) == 10, "as many as the specification asks about"
    assert least[-1] == least[-2]


def test_an_axis_without_ticks():
    shown = time_parameters(time_axis(0, 1, [], Grain.DAY))
    assert shown["tick_sets"] == [{"least": 0, "at": [], "labels": []}] * 10
