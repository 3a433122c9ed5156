"""Known events are found exactly, whichever generation of the index they are in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from support import databases
from support.harness import event
from usage_report import storage
from usage_report.core.events import Event
from usage_report.storage import event_log, identity_index
from usage_report.storage import tables as t
from usage_report.storage.event_log import IngestOutcome

ACCEPTED, DUPLICATE, CONFLICT = (
    IngestOutcome.ACCEPTED,
    IngestOutcome.DUPLICATE,
    IngestOutcome.CONFLICT,
)


def joined(id: str, time: str = "2026-03-01T10:00:00Z") -> Event:
    return event("participant.joined", time, id, connection="c")


def append(engine: sa.Engine, *batch: Event) -> list[IngestOutcome]:
    with storage.writing(engine) as c:
        return event_log.append(c, batch, now=0)


def generations(engine: sa.Engine) -> list[tuple[int, int, bool]]:
    """(generation, events, is it closed?) of each generation."""
    g = t.identity_generations.c
    with storage.reading(engine) as c:
        rows = c.execute(sa.select(g.generation, g.events, g.filter).order_by(g.generation)).all()
    return [(generation, events, words is not None) for generation, events, words in rows]


@pytest.fixture
def small_generations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity_index, "GENERATION_EVENTS", 3)


@pytest.mark.usefixtures("small_generations")
def test_duplicates_and_conflicts_are_found_in_every_generation(engine):
    ids = [f"e-{i}" for i in range(10)]
    for id in ids:
        assert append(engine, joined(id)) == [ACCEPTED]
    assert generations(engine) == [(0, 3, True), (1, 3, True), (2, 3, True), (3, 1, False)]
    assert append(engine, *map(joined, ids)) == [DUPLICATE] * 10
    later = [joined(id, "2026-03-01T11:00:00Z") for id in ids]
    assert append(engine, *later) == [CONFLICT] * 10
    with storage.reading(engine) as c:
        assert c.execute(sa.select(sa.func.count()).select_from(t.events)).scalar_one() == 10


@pytest.mark.usefixtures("small_generations")
def test_a_batch_stays_in_one_generation(engine):
    append(engine, joined("a"), joined("b"))
    append(engine, *(joined(f"c-{i}") for i in range(7)))
    append(engine, joined("d"))
    assert generations(engine) == [(0, 9, True), (1, 1, False)]


@pytest.mark.usefixtures("small_generations")
def test_what_a_failed_transaction_closed_is_open_again(engine):
    append(engine, *(joined(f"a-{i}") for i in range(3)))

    class Failure(Exception):
        pass

    with pytest.raises(Failure), storage.writing(engine) as c:
        event_log.append(c, [joined("lost")], now=0)
        assert identity_index.known_contents(c, [b"\0" * 16]) == {}  # reads the new filter
        raise Failure
    assert generations(engine) == [(0, 3, False)]
    assert append(engine, joined("lost"), joined("a-1")) == [ACCEPTED, DUPLICATE]


@pytest.mark.usefixtures("small_generations")
def test_filters_of_an_emptied_database_are_not_used_again(engine):
    for prefix in ("before", "after"):
        for i in range(7):
            assert append(engine, joined(f"{prefix}-{i}")) == [ACCEPTED]
        assert append(engine, *(joined(f"{prefix}-{i}") for i in range(7))) == [DUPLICATE] * 7
        databases.wipe(engine)


@pytest.mark.usefixtures("small_generations")
def test_another_process_finds_the_same(engine):
    """A second engine has read no filter yet, and reads those that are closed meanwhile."""
    other = storage.open_database(engine.url.render_as_string(hide_password=False))
    for i in range(12):
        one, two = (engine, other) if i % 2 else (other, engine)
        assert append(one, joined(f"e-{i}")) == [ACCEPTED]
        assert append(two, *(joined(f"e-{n}") for n in range(i + 1))) == [DUPLICATE] * (i + 1)
    other.dispose()


keys = st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=200, unique=True)


@given(keys, st.integers(1, 50))
def test_a_filter_has_no_false_negatives(stored: list[bytes], part: int):
    parts: list[Sequence[bytes]] = [stored[i : i + part] for i in range(0, len(stored), part)]
    words = np.frombuffer(identity_index.build_filter(iter(parts), len(stored)), "<u8")
    assert all(identity_index._may_contain(words, *identity_index._hashes(stored)))


def test_a_filter_has_few_false_positives():
    digests = np.random.default_rng(7).bytes(16 * 60_000)
    stored, others = (
        [digests[i : i + 16] for i in range(start, start + 16 * 30_000, 16)]
        for start in (0, 16 * 30_000)
    )
    words = np.frombuffer(identity_index.build_filter(iter([stored]), len(stored)), "<u8")
    assert identity_index._may_contain(words, *identity_index._hashes(others)).mean() < 0.004


def test_the_stored_form_of_a_filter_never_changes():
    """Closed generations keep their filter, so a change of the algorithm needs a migration."""
    stored = [bytes(range(i, i + 16)) for i in range(4)]
    assert identity_index.build_filter(iter([stored]), 4).hex() == GOLDEN


GOLDEN = "0d7f0100111101000000000000000000"
