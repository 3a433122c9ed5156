"""What holds for the specification of every chart: valid, complete, and the same without figures."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from itertools import pairwise

import altair as alt
import pytest

from support.charts import layers, parameter, vega_lite
from support.reports import make_period, make_period_metric, make_report
from usage_report.core.events import instant
from usage_report.core.metrics import METRICS, PERIOD
from usage_report.core.periods import Grain
from usage_report.render.charts import drawing, labels, last_hour, overlay, period, reconcile
from usage_report.render.charts.labels import Label
from usage_report.render.charts.theme import Scheme, config
from usage_report.reporting.model import Live, Query
from usage_report.reporting.reconcile import Line, Verdict

AS_OF = instant("2026-11-23T10:30:00Z")
KEYS = tuple(m.key for m in METRICS)


def range_of(n: int, form: overlay.Form, *, seed: int = 1, **options) -> dict:
    query = Query("acme", date(2026, 11, 1), date(2026, 11, 25), "Europe/Berlin", AS_OF, Grain.DAY)
    limits = (("max_concurrent_participants", None, 80.0),)
    return overlay.spec(make_report(query, seed, **options), KEYS[:n], form, limits)


def period_of(key: str, values=(30, 20, 70)) -> dict:
    report = make_period(
        "2026-03-03T12:00:00Z", key, [v * 60_000 for v in values], history=[60_000] * 7
    )
    return period.spec(report, make_period_metric(key, 7, 5))


def hour() -> dict:
    return last_hour.spec(Live(AS_OF, 0, 0, 0, (), ((AS_OF - 60_000, 2),)), "UTC", "In words.")


def comparison(vendor: str = "It's a vendor") -> dict:
    line = Line("sessions", date(2026, 3, 2), 4, 6, 0.0, 0.0, Verdict.DIFFERS, ())
    return reconcile.spec([line], vendor, "sessions", "One day differs.")


CHARTS = {
    **{f"{form} of {n}": range_of(n, form) for n in (1, 2, 6) for form in overlay.Form},
    "without records": range_of(
        6, overlay.Form.UNITS, records_from=instant("2026-11-10T11:00:00Z")
    ),
    "without activity": range_of(3, overlay.Form.MULTIPLES, empty=True),
    **{m.key: period_of(m.key) for m in PERIOD},
    "empty period": period_of("participation_minutes", (0, 0, 0)),
    "last hour": hour(),
    "reconcile": comparison(),
}
charts = pytest.mark.parametrize("spec", CHARTS.values(), ids=CHARTS)


@charts
def test_a_specification_is_valid_vega_lite_and_plain_json(spec):
    text = json.dumps(spec, allow_nan=False)
    errors = vega_lite().iter_errors(json.loads(text))
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("name", ["units of 2", "max_concurrent_sessions", "last hour"])
def test_altair_reads_it_and_writes_the_same(name):
    chart = drawing.chart(CHARTS[name])
    assert isinstance(chart, alt.LayerChart)
    with alt.theme.enable("none"), alt.data_transformers.enable(consolidate_datasets=False):
        written = chart.to_dict()
    assert json.loads(json.dumps(written)) == json.loads(json.dumps(CHARTS[name]))


def test_a_chart_of_altair_can_be_changed_further():
    chart = drawing.chart(CHARTS["units of 1"]).properties(title="Mine", width=300)
    spec = chart.to_dict()
    assert (spec["title"], spec["width"]) == ("Mine", 300)
    assert spec["config"]["range"] == config(Scheme.LIGHT)["range"]


@charts
def test_every_row_has_a_layer_and_every_parameter_a_value(spec):
    named = {layer["name"] for layer in layers(spec)}
    marks = spec["datasets"]["marks"]
    assert {f"{row['layer'].replace(' ', '_')}_{row['side']}" for row in marks} <= named
    assert all({"expr", "value", "select"} & p.keys() for p in spec["params"])
    assert len(parameter(spec, "side_of")) == len(parameter(spec, "titles"))
    assert {row["side"] for row in marks} <= set(range(len(parameter(spec, "axes"))))


@charts
def test_no_scale_depends_on_the_figures(spec):
    """A domain that Vega derives from rows is infinite without rows, which it reports."""
    for layer in layers(spec):
        for name, channel in layer["encoding"].items():
            if (
                name in {"x", "y", "color", "fill", "stroke", "strokeDash", "shape"}
                and "field" in channel
            ):
                assert "expr" in channel["scale"]["domain"], (layer["name"], name)


def without_figures(spec: dict) -> dict:
    """What a browser keeps of a chart that is drawn again with new figures."""
    dropped = ("title", "description", "usermeta", "datasets", "params", "height")
    return {key: value for key, value in spec.items() if key not in dropped}


def test_new_figures_change_no_layer():
    forms = [range_of(4, form) for form in overlay.Form]
    again = [range_of(4, form, seed=2) for form in overlay.Form]
    assert forms != again
    assert [without_figures(s) for s in forms] == [without_figures(s) for s in again]


def test_areas_of_one_instant_are_not_stacked():
    """Vega-Lite adds them up by default: a peak at the end of a day would count twice."""
    for spec in CHARTS.values():
        channels = [
            layer["encoding"]["y"]
            for layer in layers(spec)
            if "field" in layer["encoding"].get("y", ())
        ]
        assert {channel["stack"] for channel in channels} == {None}


def test_there_is_a_style_for_every_mark_on_a_light_and_on_a_dark_page():
    asked = {
        layer["mark"]["style"]
        for spec in CHARTS.values()
        for layer in layers(spec)
        if "style" in layer["mark"]
    }
    for scheme in Scheme:
        assert asked == set(config(scheme)["style"])


def test_the_name_of_a_vendor_is_data_only():
    """Not part of an expression, in which a quote could end a text."""
    spec = comparison("a' + b")
    assert without_figures(spec)["layer"][:-1] == without_figures(comparison())["layer"][:-1]
    assert parameter(spec, "titles") == ["Ours", "a' + b"]


# -- labels


def test_labels_do_not_cover_each_other_or_points():
    """Three peaks at one place: the texts stand around it; a fourth and more may find no room."""
    at = int(datetime(2026, 11, 12, tzinfo=UTC).timestamp() * 1000)
    day = 86_400_000
    placed = labels.rows(
        [Label(at, 100, "12 345.6 min", s) for s in "abc"], at - 5 * day, at + 5 * day, 300
    )
    for tier in range(3):
        spots = [(row["dx"][tier], row["dy"][tier]) for row in placed]
        assert len(set(spots)) == 3
        assert all(abs(dy) >= 12 or not -80 < dx < 8 for dx, dy in spots), (
            "beside or above the point"
        )
        rising = sorted(dy for dx, dy in spots if -70 < dx < 0)
        assert all(b - a >= 14 for a, b in pairwise(rising))


def test_labels_stay_in_the_plot():
    """At the last place of a plot of 230 pixels the text stands to the left, at the first to the right."""
    first, last = labels.rows([Label(0, 0, "100 min"), Label(1000, 300, "100 min")], 0, 1000, 300)
    wide = 7 * 0.56 * 11.5
    assert all(dx >= 0 for dx in first["dx"])
    assert all(dx <= -wide for dx in last["dx"])
    assert all(dy >= 0 for dy in first["dy"])
    assert all(dy < 0 for dy in last["dy"])


def test_a_label_without_room_is_left_out():
    crowd = labels.rows([Label(0, 10, "a long text of one peak") for _ in range(30)], 0, 1000, 20)
    assert crowd[0]["dx"][0] is not None
    assert crowd[-1]["dx"] == [None, None, None]
