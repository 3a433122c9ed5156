"""All benchmarks, or those named: ``python benchmarks/run.py [sweep|ingest|growth|report|page|viewers|receive ...] [--json FILE]``.

Prints one line a target: ours, the baseline of the same run, their ratio, the target, and whether it holds. Exit status 1
where one does not.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from common import Result, say

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))
NAMES = ("sweep", "ingest", "growth", "report", "page", "viewers", "receive")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"some of {', '.join(NAMES)}; default: all"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument(
        "--rounds",
        type=int,
        default=3,
        help="runs of each side, of which the best counts (default 3)",
    )
    parser.add_argument(
        "--small",
        action="store_true",
        help="a fraction of the data: to see that it works, not what it takes",
    )
    given = parser.parse_args()
    if unknown := set(given.names) - set(NAMES):
        parser.error(
            f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}"
        )

    results: list[Result] = []
    # A process each: no benchmark is warmed by the one before, and peak memory is its own (a child's counts from its parent's).
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as fresh:
        for name in given.names or NAMES:
            say(f"{name}:")
            results += fresh.submit(measure, name, given.small, given.rounds).result()
    print(table(results))
    if given.json:
        given.json.write_text(
            json.dumps(
                {
                    "machine": machine(),
                    "small": given.small,
                    "results": [r.json() for r in results],
                },
                indent=2,
            )
            + "\n"
        )
    return 0 if given.small or all(r.holds for r in results) else 1


def measure(name: str, small: bool, rounds: int) -> list[Result]:
    return importlib.import_module(name).run(small, rounds)


def table(results: list[Result]) -> str:
    """The results as a Markdown table, aligned for reading."""
    rows = [("benchmark", "measured", "ours", "baseline", "", "ratio", "target", "holds")]
    for r in results:
        target = (
            "none"
            if r.target is None
            else f"{'at least' if r.at_least else 'at most'} {r.target:g}"
        )
        rows.append(
            (
                r.benchmark,
                r.what,
                _figure(r.ours, r.unit),
                _figure(r.baseline, r.unit),
                r.baseline_is,
                f"{r.ratio:.2f}",
                target,
                "yes" if r.holds else "NO",
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def _figure(value: float, unit: str) -> str:
    if unit != "s":
        return f"{value:.0f} {unit}"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def machine() -> dict:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(memory),
        "system": platform.system(),
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    sys.exit(main())
