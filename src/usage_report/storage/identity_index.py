"""Which events are stored already: an exact answer whose cost does not grow with their number.

The identity of an event is a digest, so it falls on a random page of an index. In one index over
all events nearly every insert would touch a page that is not in memory, and ingest would become
slower with every million. Identities are therefore indexed in *generations* of about
``GENERATION_EVENTS`` events, in the order in which events are stored:

* New events go into the one open generation. Its part of the index is small and stays in memory.
* A full generation is closed. A closed generation has a Bloom filter of its identities, which
  never changes, so every process reads it once. The filter answers "certainly not in here" for
  nearly all new events; only where it answers "perhaps" is the index of that generation read.

A Bloom filter has no false negatives, so duplicates and conflicts are found whatever their age.
It is a split-block filter: one 64-bit word for each identity, ``_BITS_SET`` bits in it
(https://arxiv.org/abs/2101.01719). A process holds 2.5 bytes of filters for each stored event.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from usage_report.storage import bulk
from usage_report.storage import tables as t

#: Events of one generation, about: a generation ends with the batch that fills it.
GENERATION_EVENTS = 1 << 18
#: Size of a filter, in bits for each identity, and how many of them each identity sets.
#: False positives: about one in a thousand.
_BITS, _BITS_SET = 20, 5
#: Identities read at once while a filter is built.
_READ_ROWS = 50_000

_Words = npt.NDArray[np.uint64]

_g = t.identity_generations.c
_GENERATIONS = sa.select(_g.generation, _g.digest).order_by(_g.generation)
_OPEN = sa.select(_g.generation, _g.events).where(_g.digest.is_(None))


class _Filter(NamedTuple):
    """The filter of a closed generation."""

    #: Digest of the words. In a database that was emptied, the same generation number stands for
    #: other events.
    digest: bytes
    words: _Words


#: Filters that this process has read. They never change, so they need no invalidation.
_read_filters: WeakKeyDictionary[Engine, dict[int, _Filter]] = WeakKeyDictionary()
_lock = threading.Lock()


def known_contents(c: Connection, keys: Sequence[bytes]) -> dict[bytes, bytes]:
    """Return the content digests of those identities that are stored, by identity."""
    found: dict[bytes, bytes] = {}
    if not keys:
        return found
    keys = list(dict.fromkeys(keys))
    hashes = _hashes(keys)
    for generation, words in _generations(c):
        if words is None:
            perhaps = keys
        else:
            perhaps = [keys[i] for i in np.flatnonzero(_may_contain(words, *hashes)).tolist()]
        if perhaps:
            found.update(
                bulk.select_in(
                    c, t.events, ("key", "content"), "key", perhaps, generation=generation
                )
            )
    return found


def reserve(c: Connection, events: int) -> int:
    """Return the generation that ``events`` new events go into; close the open one if it is full.

    Writers take turns (see ``engine.writing``), so there is never more than one open generation.
    """
    row = c.execute(_OPEN).first()
    generation = 0 if row is None else row.generation
    if row is None:
        _open(c, generation)
    elif row.events >= GENERATION_EVENTS:
        _close(c, generation, row.events)
        generation += 1
        _open(c, generation)
    c.execute(
        t.identity_generations.update()
        .where(_g.generation == generation)
        .values(events=_g.events + events)
    )
    return generation


def build_filter(keys: Iterator[Sequence[bytes]], size: int) -> bytes:
    """Return the filter of ``size`` identities, given in parts, as it is stored."""
    words = np.zeros(max(1, -(-size * _BITS // 64)), np.uint64)
    for part in keys:
        places, bits = _hashes(part)
        np.bitwise_or.at(words, _places_in(places, len(words)), bits)
    return words.astype("<u8").tobytes()


def _may_contain(
    words: _Words, places: npt.NDArray[np.uint64], bits: _Words
) -> npt.NDArray[np.bool_]:
    """Return for each of some ``_hashes`` whether a filter may hold it. ``False`` is certain."""
    found: npt.NDArray[np.bool_] = (words[_places_in(places, len(words))] & bits) == bits
    return found


def _hashes(keys: Sequence[bytes]) -> tuple[npt.NDArray[np.uint64], _Words]:
    """Return where in a filter each identity is (32 bits of it), and the bits it sets there.

    An identity is a digest: its bits are as good as those of any further hash.
    """
    halves = np.frombuffer(b"".join(keys), "<u8").reshape(-1, 2)
    bits = np.zeros(len(halves), np.uint64)
    for i in range(_BITS_SET):
        bits |= np.uint64(1) << (halves[:, 1] >> np.uint64(6 * i) & np.uint64(63))
    return halves[:, 0] >> np.uint64(32), bits


def _places_in(places: npt.NDArray[np.uint64], words: int) -> npt.NDArray[np.int64]:
    return (places * np.uint64(words) >> np.uint64(32)).astype(np.int64)


def _open(c: Connection, generation: int) -> None:
    c.execute(t.identity_generations.insert(), {"generation": generation, "events": 0})


def _close(c: Connection, generation: int, events: int) -> None:
    e = t.events.c
    identities = c.execute(
        sa.select(e.key).where(e.generation == generation),
        execution_options={"yield_per": _READ_ROWS},
    ).scalars()
    words = build_filter(identities.partitions(), events)
    c.execute(
        t.identity_generations.update()
        .where(_g.generation == generation)
        .values(digest=blake2b(words, digest_size=16).digest(), filter=words)
    )


def _generations(c: Connection) -> list[tuple[int, _Words | None]]:
    """Return every generation with its filter, ``None`` for the open one."""
    found: list[tuple[int, _Words | None]] = []
    with _lock:
        filters = _read_filters.setdefault(c.engine, {})
        for generation, digest in c.execute(_GENERATIONS).all():
            if digest is None:
                found.append((generation, None))
                continue
            known = filters.get(generation)
            if known is None or known.digest != digest:
                stored = sa.select(_g.filter).where(_g.generation == generation)
                words = np.frombuffer(c.execute(stored).scalar_one(), "<u8").astype(np.uint64)
                known = filters[generation] = _Filter(digest, words)
            found.append((generation, known.words))
    return found
