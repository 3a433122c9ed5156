"""Reruns of *Date range* with many viewers at once, against a hello-world Streamlit app.

Each viewer is a real WebSocket session of Streamlit's own protocol. Once connected it asks for a
rerun, waits until the server has finished it, thinks for ``THINK`` seconds, and goes on. Both apps
run in processes of their own with the same server settings; the client is a third process.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path

import websockets
from common import ROOT, Result, cached, say, times_its_time
from serving import app, fill_sample, year_link
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

VIEWERS = (1, 25, 50, 100)
#: Seconds between two actions of a viewer, and reruns of each viewer.
THINK = 5.0
RERUNS = 6
#: Seconds within which a rerun must end.
PATIENCE = 60.0


def run(small: bool, rounds: int) -> list[Result]:
    from usage_report import storage

    counts = VIEWERS[:2] if small else VIEWERS
    database = cached(f"sample-schema-{storage.SCHEMA_VERSION}.db", fill_sample)
    results = []
    with tempfile.TemporaryDirectory() as elsewhere:
        with app(
            ROOT / "app.py",
            ROOT,
            USAGE_REPORT_DATABASE_URL=f"sqlite:///{database}",
            USAGE_REPORT_BACKGROUND_SECONDS="0",
        ) as address:
            ours = {n: asyncio.run(measure(address, year_link(database), n)) for n in counts}
        with app(ROOT / "benchmarks" / "hello_chart.py", Path(elsewhere)) as address:
            hello = {n: asyncio.run(measure(address, "/", n)) for n in counts}
    for n in counts:
        for name, q in (("median", 50), ("95th percentile", 95)):
            results.append(
                times_its_time(
                    "viewers",
                    f"rerun of Date range, {n} viewer{'s' * (n > 1)}, {name}",
                    "hello-world app",
                    percentile(ours[n], q),
                    percentile(hello[n], q),
                    None,
                )
            )
    return results


async def measure(address: str, path: str, viewers: int) -> list[float]:
    """Return the seconds of all reruns of ``viewers`` viewers."""
    seconds: list[float] = []
    began = time.monotonic()
    await asyncio.gather(*(viewer(address, path, seconds, i, viewers) for i in range(viewers)))
    say(
        f"{viewers} viewers: {len(seconds)} reruns in {time.monotonic() - began:.0f} s, "
        f"median {percentile(seconds, 50) * 1000:.0f} ms, "
        f"95 % within {percentile(seconds, 95) * 1000:.0f} ms"
    )
    return seconds


async def viewer(address: str, path: str, seconds: list[float], number: int, viewers: int) -> None:
    """Open the page, then ask for reruns; the times of the reruns are added to ``seconds``."""
    dice = random.Random(number)
    page, _, query = path.lstrip("/").partition("?")
    await asyncio.sleep(THINK * number / viewers)
    async with websockets.connect(
        address.replace("http", "ws", 1) + "/_stcore/stream",
        subprotocols=[websockets.Subprotocol("streamlit")],
        origin=websockets.Origin(address),
        max_size=None,
        open_timeout=PATIENCE,
    ) as socket:
        await rerun(socket, page, query)
        for i in range(RERUNS):
            await asyncio.sleep(THINK * dice.uniform(0.8, 1.2))
            # The same view with another grouping, as a viewer who clicks would ask for it.
            grain = ("week", "day")[i % 2]
            seconds.append(await rerun(socket, page, query.replace("grain=day", f"grain={grain}")))


async def rerun(socket: websockets.ClientConnection, page: str, query: str) -> float:
    """Ask for a run of the script. Return the seconds until it is finished."""
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.page_name = page
    began = time.perf_counter()
    await socket.send(message.SerializeToString())
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(await asyncio.wait_for(socket.recv(), PATIENCE))
        if answer.WhichOneof("type") == "script_finished":
            if answer.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
                raise SystemExit("viewers: a run of the script did not end well")
            return time.perf_counter() - began


def percentile(values: list[float], q: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[q - 1]
