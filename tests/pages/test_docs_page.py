"""*Docs*: the index, a page at its headings, and an address that no page has."""

from __future__ import annotations

from support.pages import visit
from usage_report.core.metrics import METRICS


def test_the_index_lists_all_pages():
    app = visit("Docs")
    assert [title.value for title in app.title] == ["Documentation"]
    (pages,) = app.expander
    assert pages.label == "All pages"
    lines = pages.markdown[0].value.split("\n")
    assert lines[0] == "- [Documentation](docs)"
    assert "- [What the figures mean](docs?page=metrics)" in lines
    assert len(lines) > 20
    assert not app.warning


def test_every_figure_has_its_heading():
    """Where *Learn more* of a figure leads."""
    app = visit("Docs", {"page": "metrics"})
    assert [title.value for title in app.title] == ["What the figures mean"]
    anchors = {heading.anchor for heading in (*app.header, *app.subheader)}
    assert {m.key for m in METRICS} | {"live_sessions", "a-worked-example"} < anchors


def test_an_unknown_page_is_answered_with_the_index():
    app = visit("Docs", {"page": "nonsense"})
    assert [title.value for title in app.title] == ["Documentation"]
    assert [w.value.replace("\\", "") for w in app.warning] == [
        "There is no page “nonsense” in the docs. Showing all pages."
    ]


def test_an_unknown_parameter_is_explained():
    app = visit("Docs", {"page": "metrics", "pgae": "1", "utm_source": "mail"})
    assert [w.value.replace("\\", "") for w in app.warning] == [
        "Ignored “pgae” in the link. Did you mean 'page'?"
    ]
