"""Axes of figures: round, from 0, not below the highest figure, no tick between whole counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_report.core.metrics import Unit
from usage_report.render.charts.axis import figure_axis


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
    assert [text.replace("\u202f", " ") for _, text in axis["ticks"]] == labels


def test_no_axis_without_activity():
    assert figure_axis(Unit.COUNT, 0, title="") is None


@given(st.sampled_from(Unit), st.floats(1e-4, 1e12), st.integers(2, 6))
def test_an_axis_reaches_its_highest_figure_with_few_round_ticks(unit, most, ticks):
    axis = figure_axis(unit, most, title="", ticks=ticks)
    values = [value for value, _ in axis["ticks"]]
    assert axis["top"] == values[-1] >= most * (1 - 1e-9)
    assert values[0] == 0
    assert 2 <= len(values) <= ticks + 2
    assert len({text for _, text in axis["ticks"]}) == len(values), "no two ticks read the same"
    if unit is Unit.COUNT:
        assert all(value == int(value) for value in values)
