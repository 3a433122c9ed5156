"""The pages and their addresses. Pure: this module does not use Streamlit."""

from __future__ import annotations

from typing import NamedTuple


class Item(NamedTuple):
    """One page."""

    title: str
    #: Address; empty for the first page.
    path: str
    #: Name of a Material icon.
    icon: str
    #: What it shows, in a few words.
    about: str

    @property
    def module(self) -> str:
        """The page's module in ``ui``, and, with a capital letter, its file in ``pages``."""
        return self.title.lower().replace(" ", "_")


PAGES = (
    Item("This period", "", "calendar_month", "the billing period against the contract"),
    Item("Real time", "real-time", "sensors", "who is in a session now"),
    Item("Date range", "date-range", "monitoring", "any metrics over any days"),
    Item("Reconcile", "reconcile", "balance", "your figures against your vendor’s"),
    Item("Sources", "sources", "power", "what each platform sent"),
)
#: Not in the navigation; links lead to it.
DOCS = Item("Docs", "docs", "menu_book", "what the figures mean, and how to connect a platform")
