"""Pages as a visitor gets them, without a browser: opening one, and reading what it shows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

FOLDER = Path(__file__).parents[2] / "pages"
_TEXTS = (
    "title",
    "subheader",
    "markdown",
    "caption",
    "error",
    "warning",
    "info",
    "success",
    "code",
)


def visit(page: str, query: Mapping[str, str] | Iterable[tuple[str, str]] = (), **state) -> AppTest:
    """Open a page of the top folder ``pages`` with a query string and a session state."""
    app = AppTest.from_file(FOLDER / f"{page}.py", default_timeout=30)
    for name, value in dict(query).items():
        app.query_params[name] = value
    for name, value in state.items():
        app.session_state[name] = value
    app.run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    """Every text of the page, without the escapes of Markdown."""
    blocks = [block.value for name in _TEXTS for block in getattr(app, name)]
    html = [block.proto.body for block in app.get("html")]
    return "\n".join([str(text) for text in blocks] + html).replace("\\", "")


def control(widgets: Iterable, name: str):
    """The widget bound under ``name``, whichever generation of it is shown."""
    return next(w for w in widgets if (w.key or "").rpartition("-")[0] == name)


def elements(app: AppTest, name: str) -> list[dict[str, Any]]:
    """What our own elements called ``name``, such as ``usage_table``, show."""
    found = (e.proto for e in app.get("bidi_component"))
    return [json.loads(e.json) for e in found if e.component_name.endswith(f"usage_report_{name}")]


def charts(app: AppTest) -> list[dict[str, Any]]:
    """The Vega-Lite specifications of the charts on the page."""
    return [json.loads(data["chart"])["spec"] for data in elements(app, "chart")]


def address(app: AppTest) -> dict[str, str]:
    """The query parameters, the last value of each."""
    return {k: v[-1] if isinstance(v, list) else v for k, v in app.query_params.items()}
