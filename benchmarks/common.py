"""What the benchmarks share: a result, children whose memory is known, alternation, and a folder for files that are created once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Inputs and databases that take long to make, by name and parameters. Never committed; delete it at any time.
CACHE = ROOT / "var" / "bench"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the table. ``ours`` and ``baseline`` are in ``unit``; ``ratio`` is what ``target`` bounds."""

    benchmark: str
    what: str
    baseline_is: str
    ours: float
    baseline: float
    unit: str
    ratio: float
    #: ``None`` for a figure without a target.
    target: float | None
    at_least: bool = False

    @property
    def holds(self) -> bool:
        return self.target is None or (
            self.ratio >= self.target if self.at_least else self.ratio <= self.target
        )

    def json(self) -> dict:
        return asdict(self) | {"holds": self.holds}


def times_as_fast(
    benchmark: str, what: str, baseline_is: str, ours: float, baseline: float, target: float
) -> Result:
    """Seconds both; we must be at least ``target`` times as fast."""
    return Result(
        benchmark, what, baseline_is, ours, baseline, "s", baseline / ours, target, at_least=True
    )


def times_its_time(
    benchmark: str,
    what: str,
    baseline_is: str,
    ours: float,
    baseline: float,
    target: float | None,
) -> Result:
    """Seconds both; ours may take at most ``target`` times as long (``None``: no target)."""
    return Result(benchmark, what, baseline_is, ours, baseline, "s", ours / baseline, target)


def under(benchmark: str, what: str, ours: float, limit: float, unit: str) -> Result:
    """A figure with a plain upper bound."""
    return Result(benchmark, what, "limit", ours, limit, unit, ours / limit, 1.0)


def say(text: str) -> None:
    """Progress, kept apart from the table on standard output."""
    print(f"  {text}", file=sys.stderr, flush=True)


def timed(work: Callable[[], object]) -> float:
    """Seconds that ``work`` takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def alternate(rounds: int, *works: Callable[[], float]) -> list[float]:
    """Run works in turn, ``rounds`` times; each returns its seconds. Return the best of each.

    Taking turns, a busy spell of the machine meets all of them; the best is what the code takes when left alone.
    """
    best = [float("inf")] * len(works)
    for i in range(rounds):
        for j, work in enumerate(works):
            best[j] = min(best[j], work())
        say(f"round {i + 1} of {rounds}: best so far " + ", ".join(f"{b:.3f} s" for b in best))
    return best


@dataclass(frozen=True, slots=True)
class Child:
    seconds: float
    #: Most memory at any time, in MB (10^6 bytes).
    peak: float
    out: str


def child(*command: str | Path, **environment: str) -> Child:
    """Run a fresh Python with the arguments given. Raises an error if it fails."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *map(str, command)],
        cwd=ROOT,
        env=os.environ | package_path() | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    out = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} failed with status {process.returncode}: {out}")
    scale = 1 if sys.platform == "darwin" else 1024
    return Child(seconds, usage.ru_maxrss * scale / 1e6, out)


def package_path() -> dict[str, str]:
    """Children find the package in this checkout, installed or not."""
    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(p for p in paths if p)}


def cached(name: str, make: Callable[[Path], object]) -> Path:
    """A file in the cache, made by ``make(path)`` where it is not there yet. Half-made files never stay."""
    path = CACHE / name
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        half = path.with_name("half-" + name)
        remove(half)
        say(f"making {name}")
        make(half)
        half.rename(path)
    return path


def remove(path: Path) -> None:
    """Delete a file, and the files that SQLite keeps next to it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
