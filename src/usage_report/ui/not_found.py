"""The answer to an address that no page has.

Streamlit would answer every path with the app, and then say in its own words that it shows the
first page instead.
"""

from __future__ import annotations

from html import escape

from usage_report.ui import strings
from usage_report.ui.navigation import DOCS, PAGES

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Page not found · {name}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 36rem; margin: 12vh auto;
  padding: 0 1.5rem;
  color: light-dark(#22262b, #e8e6e1); background: light-dark(#fcfbf8, #16191d); }}
a {{ color: light-dark(#1f5a96, #8fc1f2); }}
code {{ overflow-wrap: anywhere; }}
</style></head><body><main>
<h1>Page not found</h1>
<p>There is no page <code>{path}</code>. The pages are:</p>
<ul>
{items}
</ul>
</main></body></html>
"""


def is_page(path: str, base: str) -> bool:
    """Return whether a page of the app has this path. ``base``: ``server.baseUrlPath``."""
    root = f"/{base.strip('/')}".rstrip("/")
    return path.rstrip("/") in {f"{root}/{item.path}".rstrip("/") for item in (*PAGES, DOCS)}


def page(path: str, base: str) -> bytes:
    """Return the page for a path that no page has: where to go instead."""
    root = f"/{base.strip('/')}".rstrip("/")
    items = "\n".join(
        f'<li><a href="{escape(root)}/{item.path}">{item.title}</a>: {item.about}</li>'
        for item in (*PAGES, DOCS)
    )
    shown = path if len(path) <= 100 else path[:100] + "…"
    return _PAGE.format(name=strings.NAME, path=escape(shown), items=items).encode()
