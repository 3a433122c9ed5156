"""Reading the Vega-Lite specification of a chart: what is drawn, where, and with which texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import jsonschema

Spec = dict[str, Any]


@cache
def vega_lite() -> jsonschema.Draft7Validator:
    """The schema of Vega-Lite that Altair was made from."""
    path = Path(alt.__file__).parent / "vegalite" / "v6" / "schema" / "vega-lite-schema.json"
    return jsonschema.Draft7Validator(json.loads(path.read_text(encoding="utf-8")))


def parameter(spec: Spec, name: str) -> Any:
    """The value of a parameter, such as ``axes``."""
    (value,) = [param["value"] for param in spec["params"] if param["name"] == name]
    return value


def drawn(spec: Spec, layer: str, series: str = "") -> list[tuple[int, float | None]]:
    """Places and figures in a layer, of all series or of one."""
    return [(row["x"], row["y"]) for row in rows(spec, layer, series)]


def rows(spec: Spec, layer: str, series: str = "") -> list[Spec]:
    """The rows that a layer draws."""
    marks = spec["datasets"]["marks"]
    return [r for r in marks if r["layer"] == layer and series in ("", r["series"])]


def layers(spec: Spec) -> Iterator[Spec]:
    """All layers, those within others too, in the order in which they are drawn."""
    for each in spec["layer"]:
        yield from each.get("layer", (each,))


def names(spec: Spec) -> list[str]:
    """The names of the layers of figures: of each side, as ``line_0``."""
    return [each["name"] for group in spec["layer"] for each in group.get("layer", ())]


def sides(spec: Spec) -> list[str]:
    """``left`` or ``right`` for each axis."""
    groups = [group["layer"] for group in spec["layer"] if "layer" in group]
    return [group[0]["encoding"]["y"]["axis"]["orient"] for group in groups]


def axes(spec: Spec) -> list[list[str]]:
    """The texts at the ticks of each axis."""
    return [[plain(text) for text in axis["labels"]] for axis in parameter(spec, "axes")]


def titles(spec: Spec) -> list[tuple[str, str]]:
    """The titles of axes, each with the series whose colour it has."""
    return [(row["text"], row["series"]) for row in spec["datasets"]["titles"]]


def labels(spec: Spec) -> list[tuple[str, str]]:
    """Texts at points, each with the series whose colour it has."""
    return [(plain(row["text"]), row["series"]) for row in spec["datasets"]["labels"]]


def legend(spec: Spec) -> list[str]:
    """The texts of the legend."""
    return [plain(each["legend"]) for each in spec["usermeta"]["series"]]


def boxes(spec: Spec) -> list[Spec]:
    """What is under the pointer, one for each bucket."""
    rows: list[Spec] = spec["datasets"]["boxes"]
    return rows


def texts(spec: Spec, box: int) -> dict[str, str]:
    """The lines of a box, by their unique titles."""
    row = boxes(spec)[box]
    columns = spec["usermeta"]["columns"]
    return {c["title"]: plain(row[c["field"]]) for c in columns if row[c["field"]]}


def ticks(spec: Spec) -> list[tuple[int, str]]:
    """The finest set of ticks of the time axis: places and texts."""
    finest = parameter(spec, "tick_sets")[0]
    return [(at, text) for at, (text, _) in zip(finest["at"], finest["labels"], strict=True)]


def clock(ms: int) -> str:
    """A place on the time axis, as day and time."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%d %H:%M}"


def plain(text: str) -> str:
    """A text with ordinary spaces."""
    return text.replace("\u202f", " ")
