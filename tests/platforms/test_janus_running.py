"""A real Janus with real clients: what is counted is what the clients saw, within two seconds.

It needs Debian's ``janus`` and the wheel ``aiortc``. Two clients join, publish, subscribe and go in three ways: with a
request, with the browser, and by a kick. The spans that ``oracle`` computes are compared with the clients' own clocks.
"""

from __future__ import annotations

import asyncio
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support import oracle, real_janus
from support.harness import TEAM
from usage_report.core.events import Event, QuarantinedInput
from usage_report.sources import contract
from usage_report.sources.contract import Delivery
from usage_report.sources.signatures import Unauthorized
from usage_report.sources.webhooks import janus

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(real_janus.why_not()), reason=real_janus.why_not() or "it can be run"),
]
SECRET = f"{real_janus.USER}:{real_janus.PASSWORD}"
#: Largest difference to what the clients saw, in ms.
NEAR = 2_000


def now() -> int:
    return int(time.time() * 1000)


class Seen:
    """What the clients did, by their own clock."""

    def __init__(self) -> None:
        self.began: dict[str, int] = {}
        self.spans: dict[str, tuple[int, int]] = {}

    def start(self, what: str) -> None:
        self.began[what] = now()

    def end(self, what: str) -> None:
        self.spans[what] = (self.began[what], now())


async def meet(server: real_janus.Running, seen: Seen) -> tuple[int, int]:
    """Ana sends microphone and camera, Ben a microphone; each receives the other. Return their ids."""
    async with (
        real_janus.Client(server) as a,
        real_janus.Client(server) as b,
        real_janus.Client(server) as c,
    ):
        seen.start("ana")
        ana, joined = await a.join("Ana", opaque_id="person-ana")
        await a.publish(ana)
        seen.start("ana/audio")
        seen.start("ana/video")
        await asyncio.sleep(1)

        seen.start("ben")
        ben, _ = await b.join("Ben", id=77)
        receiving = await b.subscribe(joined["id"])
        await b.publish(ben, video=False)
        seen.start("ben/audio")
        await a.subscribe(77)

        seen.start("cem")  # sends nothing, and is kicked
        cem, _ = await c.join("Cem", id=78)
        await asyncio.sleep(2)
        await cem.message(
            {"request": "kick", "room": real_janus.ROOM, "id": 78, "secret": real_janus.ROOM_SECRET}
        )
        seen.end("cem")
        await asyncio.sleep(1)

        await ben.message({"request": "unpublish"})
        seen.end("ben/audio")
        await asyncio.sleep(2)
        await receiving.detach()
        await ben.message({"request": "leave"})
        seen.end("ben")
        await asyncio.sleep(2)

        await a.destroy()  # the browser is closed
        for what in ("ana", "ana/audio", "ana/video"):
            seen.end(what)
        await server.wait_for("leaving", 2)
    return joined["id"], 77


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Delivery], Seen, int, int]:
    seen = Seen()
    # In another thread, because the browser tests leave an event loop running in this one.
    with (
        real_janus.running(Path(tmp_path_factory.mktemp("janus"))) as server,
        ThreadPoolExecutor(1) as alone,
    ):
        ana, ben = alone.submit(
            lambda: asyncio.run(asyncio.wait_for(meet(server, seen), 90))
        ).result()
    return list(server.caught), seen, ana, ben


def translate(deliveries: list[Delivery]) -> list[Event | QuarantinedInput]:
    context = contract.Context(now=now(), team=TEAM, name="janus")
    return [x for delivery in deliveries for x in janus.SOURCE.translate(delivery, context)]


def test_every_delivery_is_authentic_and_translated_completely(recorded):
    deliveries, *_ = recorded
    assert deliveries
    for delivery in deliveries:
        janus.SOURCE.verify(delivery, SECRET)
        with pytest.raises(Unauthorized):
            janus.SOURCE.verify(delivery, SECRET + "x")
    assert [x for x in translate(deliveries) if type(x) is not Event] == []


def test_what_is_counted_is_what_the_clients_saw(recorded):
    deliveries, seen, ana, ben = recorded
    sessions = oracle.sessions(translate(deliveries), team=TEAM, as_of=now())
    # Early in a day, an end is also reported to the day before, in which no client was present.
    (session,) = [s for s in sessions.values() if s.starts()]
    spans = {t.connection: t.spans for t in session.of("presence")}
    spans |= {t.subject: t.spans for t in session.of("track") if t.spans}
    names = {str(ana): "ana", str(ben): "ben", "78": "cem"}
    counted = {
        names[key.partition("/")[0]] + "".join(key.partition("/")[1:]): value
        for key, value in spans.items()
    }
    assert counted.keys() == seen.spans.keys()
    for what, (start, end) in seen.spans.items():
        ((from_, to),) = counted[what]
        assert abs(from_ - start) < NEAR, (what, from_ - start)
        assert abs(to - end) < NEAR, (what, to - end)
    assert session.live == []
    assert session.persons == {str(ana): "person-ana", "77": "77", "78": "78"}


def test_deliveries_that_are_repeated_and_shuffled_give_the_same(recorded):
    deliveries, *_ = recorded
    at = now()
    whole = oracle.sessions(translate(deliveries), team=TEAM, as_of=at)
    again = deliveries + deliveries
    random.Random(7).shuffle(again)
    other = oracle.sessions(translate(again), team=TEAM, as_of=at)
    assert whole.keys() == other.keys()
    for name, session in whole.items():
        assert {k: t.spans for k, t in session.things.items()} == {
            k: t.spans for k, t in other[name].things.items()
        }


def test_deliveries_arrive_within_two_seconds(recorded):
    deliveries, *_ = recorded
    context = contract.Context(now=now(), team=TEAM, name="janus")
    lags = [
        delivery.received - x.time
        for delivery in deliveries
        for x in janus.SOURCE.translate(delivery, context)
    ]
    assert lags
    assert max(lags) < NEAR
