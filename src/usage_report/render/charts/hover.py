"""What a chart shows under the pointer: one builder for all charts."""

from __future__ import annotations

from collections.abc import Mapping

from usage_report.render.charts.theme import Spec


def hover(fields: Mapping[str, str], x: Spec, *, highlight: bool = True) -> Spec:
    """Boxes of the whole height, one per bucket or step: the pointer need not find a line.

    ``fields`` maps columns of texts to their titles. Titles must be unique: of two equal ones Vega
    drops the second. ``x`` is the channel that the other layers share. Boxes lie between the
    columns ``x`` and ``x2``. ``highlight`` shades the box under the pointer, which redraws all of
    them: not for charts with thousands.
    """
    encoding: Spec = {
        "x": x | {"field": "x"},
        "x2": {"field": "x2"},
        "y": {"value": 0},
        "y2": {"value": "height"},
        "fillOpacity": {"value": 0},
        "tooltip": [
            {"field": field, "type": "nominal", "title": title} for field, title in fields.items()
        ],
    }
    box: Spec = {"mark": {"type": "rect"}, "encoding": encoding}
    if highlight:
        pointer = {"type": "point", "on": "pointerover", "clear": "pointerout"}
        box["params"] = [{"name": "pointer", "select": pointer}]
        encoding["fillOpacity"]["condition"] = {"param": "pointer", "empty": False, "value": 0.14}
    return box
