"""Widgets and the address bar in step: the address is the state, widgets follow it.

Every run of a page reads its view from the address (or, on return from another page, from memory)
and gives the widgets their values. A widget that a user changes writes the new view to the address,
which adds a step to the browser's history. So a link, Back, Forward and a click take one path.

The browser sends the values of *all* widgets with every click. When the server has just changed
the value of a widget, a click made before the browser received that value still has the previous
one: an echo, which no user picked. Therefore a value that the server sets belongs to a new widget,
whose key has a generation number. The callback of a widget remembers the value it was drawn with:
the same value from a replaced widget is an echo, any other value is a user's choice. No clock is
involved, so it does not matter when an echo arrives.

In the same way, a click made before the browser received the latest address still sends an earlier
one. The last addresses that a user's choices replaced are remembered; a choice that comes with one
of them applies to the latest view.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypedDict, TypeVar

import streamlit as st

from usage_report.ui import strings

V = TypeVar("V")
_GENERATIONS = "_widget_generations"
#: Addresses remembered: two for each click that a browser may make before it receives an answer.
_OUTDATED = 16


class Binding(TypedDict):
    """The arguments that bind a Streamlit widget."""

    key: str
    on_change: Callable[[], None]


def bind(name: str, value: object, on_pick: Callable[[Any], None]) -> Binding:
    """Bind a widget to a value: it shows ``value``, and ``on_pick`` receives what a user picks."""
    state = st.session_state
    generations: dict[str, int] = state.setdefault(_GENERATIONS, {})
    key = f"{name}-{generations.get(name, 0)}"
    if key not in state or state[key] != value:
        generations[name] = generations.get(name, 0) + 1
        key = f"{name}-{generations[name]}"
        state[key] = value

    def changed() -> None:
        picked = state.get(key, value)
        if picked != value:
            on_pick(picked)

    return {"key": key, "on_change": changed}


class Codec(Protocol[V]):
    """How the view of one page is written as query parameters."""

    def owns(self, name: str) -> bool:
        """Return whether a query parameter belongs to this page."""

    def encode(self, view: V) -> dict[str, str]:
        """Return the query parameters of a view, all of them."""

    def decode(self, params: Mapping[str, Sequence[str]]) -> tuple[V, list[str]]:
        """Return the view of query parameters, and a sentence for each unusable part."""


@dataclass(slots=True)
class _Memory(Generic[V]):
    """What a session remembers of one page."""

    view: V
    #: The parameters of ``view``, as they are written to the address.
    written: dict[str, list[str]]
    #: The parameters that the last run was started with.
    seen: dict[str, list[str]]
    problems: list[str] = field(default_factory=list)
    #: Parameters that the latest choices replaced. The browser sends them until it has ``written``.
    outdated: list[dict[str, list[str]]] = field(default_factory=list)


class Address(Generic[V]):
    """The view of one page, kept in the address bar. Each run makes its own."""

    def __init__(self, page: str, codec: Codec[V]) -> None:
        """Read the view of this run. ``page`` is the prefix of the page's keys in the session."""
        self._page, self._codec = page, codec
        params, memory = self._params(), self._memory()
        if memory is not None and (not params or params == memory.written):
            # Decoded again: another team's zone or an edited presets file may have made the view
            # impossible to show.
            view, problems = codec.decode(_listed(codec.encode(memory.view)))
            problems = problems or memory.problems
        else:
            view, problems = codec.decode(params)
        written = _listed(codec.encode(view))
        # A run that no choice began has what the browser sent: another address is a step elsewhere.
        outdated = memory.outdated if memory is not None and params == memory.written else []
        st.session_state[self._slot] = _Memory(view, written, params, problems, outdated)
        #: Whether the address bar should be completed, because it does not hold the whole view.
        self.is_incomplete = params != written
        self.view: V = view

    @property
    def _slot(self) -> str:
        return f"_address_{self._page}"

    def _memory(self) -> _Memory[V] | None:
        memory: _Memory[V] | None = st.session_state.get(self._slot)
        return memory

    def _params(self) -> dict[str, list[str]]:
        """Return this page's query parameters, with all values given for each."""
        return {
            name: st.query_params.get_all(name)
            for name in st.query_params
            if self._codec.owns(name)
        }

    def show_problems(self) -> None:
        """Show which parts of the link could not be used."""
        memory = self._memory()
        for problem in memory.problems if memory else ():
            st.warning(strings.plain(problem), icon="🔗")

    def query(self, view: V) -> dict[str, str]:
        """Return the query parameters of a link to ``view``, with those of other owners."""
        return self._foreign() | self._codec.encode(view)

    def _foreign(self) -> dict[str, str]:
        params = st.query_params.to_dict()
        return {name: value for name, value in params.items() if not self._codec.owns(name)}

    def bind(self, name: str, value: object, apply: Callable[[V, Any], V]) -> Binding:
        """Bind a widget: ``apply`` turns the current view and a user's choice into the new view."""

        def on_pick(picked: object) -> None:
            self.step(lambda view: apply(view, picked))

        return bind(f"{self._page}_{name}", value, on_pick)

    def step(self, change: Callable[[V], V]) -> None:
        """Change the view and write it to the address: a step in the browser's history."""
        memory, sent = self._memory(), self._params()
        if memory is None or sent not in (memory.written, memory.seen, *memory.outdated):
            return  # the choice belongs to a view that Back or a link has replaced
        view = change(memory.view)
        if view == memory.view:
            return
        memory.outdated = [*memory.outdated, sent, memory.written][-_OUTDATED:]
        memory.view, memory.problems = self._codec.decode(_listed(self._codec.encode(view)))
        params = self._codec.encode(memory.view)
        memory.written = _listed(params)
        st.query_params.from_dict(self._foreign() | params)


def _listed(params: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in params.items()}
