"""Invalid input through the command line: a reason for each, valid events are kept, memory is bounded."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import time
from collections.abc import Iterator

import pytest

from soundness.test_worked_example import TRUTH, example
from support.harness import event
from support.shell import line, spawn

DAY = (
    "--team",
    "acme",
    "--from",
    "2026-03-01",
    "--to",
    "2026-03-01",
    "--as-of",
    "2026-04-01T00:00:00Z",
)


def envelope(**changes) -> dict:
    """A valid event with changes: fields by name, those of ``data`` as ``data_*``; ``...`` removes one."""
    whole = json.loads(
        line(
            event(
                "track.published",
                "2026-03-01T10:00:00Z",
                "x-1",
                session="s-x",
                connection="c",
                track="t",
                kind="audio",
            )
        )
    )
    for name, value in changes.items():
        place, key = (whole["data"], name[5:]) if name.startswith("data_") else (whole, name)
        if value is ...:
            del place[key]
        else:
            place[key] = value
    return whole


def text(**changes) -> bytes:
    return json.dumps(envelope(**changes)).encode()


def deep(n: int) -> bytes:
    return text(data_more="@").replace(b'"@"', b"[" * n + b"]" * n)


FIELDS = (
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "data_room",
    "data_session",
    "data_connection",
    "data_track",
    "data_kind",
    "data_team",
)
WRONG = (7, -1.5, True, False, [], ["x"], {}, {"a": 1}, None, "", 10**40)

BAD = [
    *((f"{field} {value!r:.20}", text(**{field: value}), None) for field in FIELDS for value in WRONG),
    *((f"{field} missing", text(**{field: ...}), "missing-field") for field in FIELDS),
    *((f"data {value!r}", text(data=value), None) for value in (None, [], "x", 3)),
    ("a number", b"7", "not-an-object"),
    ("a text", b'"event"', "not-an-object"),
    ("a list", b"[" + text() + b"]", "not-an-object"),
    ("null", b"null", "not-an-object"),
    ("cut short", text()[:-9], "not-json"),
    ("words", b"Dear colleague, please find attached", "not-json"),
    ("two on one line", text() + text(), "not-json"),
    ("not a number", text(data_extra="@").replace(b'"@"', b"NaN"), "not-json"),
    ("latin-1", text(data_room="Raum").replace(b"Raum", b"R\xe4ume"), "not-utf8"),
    ("half a character", text(data_room="@").replace(b"@", b"\\ud83d"), "not-json"),
    ("a NUL", text(data_room="a\0b"), "nul-character"),
    ("a bare NUL", text(data_room="@").replace(b"@", b"\0"), "not-json"),
    ("an id of 100 kB", text(id="i" * 100_000), "too-long"),
    ("a name of 100 kB", json.dumps(json.loads(line(event("participant.joined", "2026-03-01T10:00:00Z", "x-1", connection="c", name="n"))) | {"data": {"team": "acme", "room": "r", "session": "s", "connection": "c", "name": "n" * 100_000}}).encode(), "too-long"),
    ("a session of 1001 bytes", text(data_session="é" * 500 + "x"), "too-long"),
    ("another version", text(specversion="0.3"), "wrong-version"),
    ("an unknown type", text(type="participant.jioned"), "unknown-type"),
    ("a kind of our own", text(data_kind="smell"), "wrong-value"),
    ("no offset", text(time="2026-03-01T10:00:00"), "bad-time"),
    ("a date", text(time="2026-03-01"), "bad-time"),
    ("epoch seconds", text(time="1772359200"), "bad-time"),
    ("a day that is none", text(time="2026-02-30T10:00:00Z"), "bad-time"),
    ("hour 24", text(time="2026-03-01T24:00:00Z"), "bad-time"),
    ("year 0", text(time="0000-01-01T00:00:00Z"), "bad-time"),
    ("offset of a hundred hours", text(time="2026-03-01T10:00:00+99:99"), "bad-time"),
    ("arabic digits", text(time="٢٠٢٦-٠٣-٠١T10:00:00Z"), "bad-time"),
    ("1970", text(time="1970-01-01T00:00:00Z"), "too-early"),
    ("1999", text(time="1999-12-31T23:59:59.999Z"), "too-early"),
    ("2200", text(time="2200-01-01T00:00:00Z"), "in-the-future"),
    ("9999", text(time="9999-12-31T23:59:60Z"), None),
    ("nested 300 deep", deep(300), "too-deep"),
    ("nested 100,000 deep", deep(100_000), None),
]  # fmt: skip


def test_every_invalid_line_has_its_reason(shell):
    """In one file with a valid day: the day counts, and each invalid line is kept as it came, with a reason."""
    good = [line(e) for e in example()]
    data = b"".join(good[:8]) + b"\n".join(raw for _, raw, _ in BAD) + b"\n" + b"".join(good[8:])
    result = shell("ingest", "-", input=data, code=1)
    assert f"16 accepted, 0 known already, {len(BAD)} quarantined" in result.stdout
    rows = [
        row.split("\t")
        for row in shell("quarantine", "list", "--limit", "1000").stdout.splitlines()
    ]
    by_line = {int(row[1].removeprefix("-:")): row for row in rows}
    assert len(rows) == len({raw for _, raw, _ in BAD})
    for number, (what, raw, reason) in enumerate(BAD, start=9):
        if number not in by_line:  # the same bytes came before
            assert raw in [r for _, r, _ in BAD[: number - 9]], what
            continue
        id, _, _, shown, why = by_line[number]
        assert reason in (None, shown), what
        assert len(why) > 20, what
        assert len(why) < 400, what
        assert shell("quarantine", "show", id).stdout_bytes == raw + b"\n", what
    assert shell.json("report", *DAY)["total"] == TRUTH
    assert shell("team", "list").stdout == "acme\n"
    again = shell("ingest", "-", input=data, code=1)
    assert f"0 accepted, 16 known already, {len(BAD)} quarantined" in again.stdout
    assert len(shell("quarantine", "list", "--limit", "1000").stdout.splitlines()) == len(rows)
    assert shell("quarantine", "replay", code=1).stdout.startswith("0 accepted")


def test_unusual_but_valid_lines(shell):
    """What the standards allow: more fields, any order and spacing, lower-case times, leap seconds, a BOM."""
    odd = [
        b"\xef\xbb\xbf" + text(id="1") + b"\r",
        b"   " + text(id="2") + b"  ",
        b"",
        b"\t",
        text(id="3", time="2026-03-01t10:00:00.123456789z"),
        text(id="4", time="2026-03-01T23:59:60Z"),
        text(
            id="5",
            time="2026-03-01T10:00:00-00:00",
            data_extra={"deep": [1, {"x": None}], "huge": 2**63, "emoji": "🦊"},
        ),
        text(id="6", datacontenttype="application/json", subject=None, data_participant=7),
        text(id="7" * 1000, source="é" * 500),
        text(id="8", data_room="שלום\u202e", data_connection="👩‍👩‍👧"),
    ]
    result = shell("ingest", "-", input=b"\n".join(odd))
    assert "8 accepted" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("name", ["plain", "gzip"])
def test_a_truncated_file(shell, tmp_path, name):
    """What comes before the cut is kept. The whole file, read later, counts nothing twice."""
    whole = b"".join(
        line(e._replace(id=f"{e.id}-{i}", session=f"s-{i}")) for i in range(500) for e in example()
    )
    data = gzip.compress(whole) if name == "gzip" else whole
    path = tmp_path / f"{name}.jsonl"
    path.write_bytes(data[: len(data) * 2 // 3])
    result = shell("ingest", path, code=1)
    assert (
        "the middle of its compressed data" in result.stderr
        if name == "gzip"
        else "not-json" in result.stderr
    )
    some = int(result.stdout.split(": ")[1].split()[0].replace(",", ""))
    assert 1000 < some < 8000
    path.write_bytes(data)
    assert f"{8000 - some:,} accepted, {some:,} known already" in shell("ingest", path).stdout
    assert "every figure as before" in shell("rebuild").stdout


#: Random bytes, the same every time. A line that began like an object would make them lines of text.
NOISE = random.Random(7).randbytes(5000).replace(b"{", b"(")

FILES = {
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50, "is neither"),
    "zip": (b"PK\x03\x04" + NOISE[:2000], "is neither"),
    "zeros": (bytes(10_000), "is neither"),
    "utf-16": ("{}\n" * 50).encode("utf-16"),
    "empty": (b"", "is empty"),
    "empty gzip": (gzip.compress(b""), "is empty"),
    "half a gzip": (gzip.compress(b"{" + NOISE)[:3000], "compressed data"),
    "no gzip at all": (b"\x1f\x8b" + b"x" * 100, "cannot be read"),
    "html": (b"<!DOCTYPE html><html><body>Not found</body></html>", "is neither"),
    "other xml": (b"<?xml version='1.0'?><rss><channel/></rss>", "is neither"),
    "half an events.xml": (b"<recording meeting_id='abc-1552665765689'><event timestamp='1' module='PARTICIPANT' eventname='Part", ""),
    "an xml bomb": (b"<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><recording meeting_id='x'>&b;</recording>", ""),
    "a page of text": (b"Dear colleague,\n\nplease find attached.\n", "not-json"),
    "only blank lines": (b"\n\n   \n\r\n", ""),
}  # fmt: skip
FILES["utf-16"] = (FILES["utf-16"], "is neither")


@pytest.mark.parametrize("name", FILES)
def test_files_of_another_kind(sqlite_shell, tmp_path, name):
    data, words = FILES[name]
    path = tmp_path / "events"
    path.write_bytes(data)
    result = sqlite_shell(
        "ingest", "--team", "acme", path, code=0 if name == "only blank lines" else 1
    )
    assert words in result.stderr
    assert "accepted" not in result.stdout or "0 accepted" in result.stdout
    sqlite_shell("team", "list")


def test_lines_of_ten_megabytes(shell):
    """They are skipped while they are read, their beginning is kept, and the other lines count."""
    good = [line(e) for e in example()]
    long = text(data_more="x" * 10_000_000)
    data = (
        b"".join(good[:8])
        + long
        + b"\n"
        + long.replace(b"x-1", b"x-2")
        + b"\n"
        + b"".join(good[8:])
        + b"y" * 3_000_000
    )
    result = shell("ingest", "-", input=data, code=1)
    assert "16 accepted, 0 known already, 3 quarantined" in result.stdout
    assert result.stderr.count("line-too-long") == 3
    assert "longer than 1,048,576 bytes" in result.stderr
    kept = [
        shell("quarantine", "show", row.split("\t")[0]).stdout_bytes
        for row in shell("quarantine", "list").stdout.splitlines()
    ]
    assert [len(k) for k in kept] == [65_537] * 3
    assert kept[0][:-1] == long[:65_536]
    # Only the beginning is there, so it cannot be replayed, and is not read as an event.
    assert "3 still in quarantine" in shell("quarantine", "replay", code=1).stdout
    assert shell.json("report", *DAY)["total"] == TRUTH


def test_a_stay_of_two_years(sqlite_shell):
    """One event of a wrong clock: its figures are computed in reasonable time."""
    log = [
        event("participant.joined", "2024-03-01T00:00:00Z", "1", connection="c"),
        event("participant.left", "2026-03-01T00:00:00Z", "2", connection="c"),
    ]
    started = time.monotonic()
    sqlite_shell("ingest", "-", input=b"".join(map(line, log)))
    got = sqlite_shell.json(
        "report",
        *DAY,
        "--from",
        "2026-02-28",
        "--metrics",
        "participation_minutes,max_concurrent_participants",
    )
    assert [row["participation_minutes"] for row in got["rows"]] == [1440, 0]
    assert time.monotonic() - started < 120


# -- memory ------------------------------------------------------------------------------------------------------------


def peak_memory(url: str, stream: Iterator[bytes], *args: str) -> tuple[int, float, str, str]:
    """Feed a stream to ``ingest -``. Return status, peak memory (MB), standard output and standard error."""
    process = spawn(url, "ingest", *args, "-", stdin=subprocess.PIPE)
    most = 0
    status = f"/proc/{process.pid}/status"

    def look() -> int:
        try:
            with open(status) as f:
                return next((int(row.split()[1]) for row in f if row.startswith("VmHWM")), 0)
        except OSError:
            return 0

    try:
        for i, piece in enumerate(stream):
            process.stdin.write(piece)
            if i % 20 == 0:
                most = max(most, look())
        process.stdin.flush()
        process.stdin.close()
        while process.poll() is None:
            most = max(most, look())
            time.sleep(0.05)
    finally:
        process.kill()
    return (
        process.wait(60),
        most / 1024,
        process.stdout.read().decode(),
        process.stderr.read().decode(),
    )


on_linux = pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="memory is read from /proc"
)


@pytest.mark.slow
@on_linux
def test_memory_is_bounded_for_large_invalid_lines(tmp_path):
    """400 invalid lines of 900 kB, 360 MB in all: each is kept whole, few are in memory at once."""
    lines = (b'{"n": %d, "x": "' % i + b"x" * 900_000 + b'"}\n' for i in range(400))
    code, most, out, _ = peak_memory(f"sqlite:///{tmp_path}/usage.db", lines)
    assert code == 1
    assert "400 quarantined" in out
    assert most < 350, f"{most:.0f} MB"


@pytest.mark.slow
@on_linux
def test_memory_is_bounded_for_large_unknown_fields(tmp_path):
    """300 valid events with 900 kB of unknown fields each."""
    lines = (text(id=f"e-{i}", data_more="x" * 900_000) + b"\n" for i in range(300))
    code, most, out, _ = peak_memory(f"sqlite:///{tmp_path}/usage.db", lines)
    assert code == 0
    assert "300 accepted" in out
    assert most < 350, f"{most:.0f} MB"


@pytest.mark.slow
@on_linux
def test_memory_is_bounded_for_many_events(tmp_path):
    """The bound is the same for 30,000 events and for five times as many."""

    def stream(n: int) -> Iterator[bytes]:
        day = list(example())
        templates = [
            line(e._replace(session="SSS", id="III", connection="c" + e.connection)) for e in day
        ]
        for i in range(n // len(day)):
            session = b"s-%d" % i
            for j, template in enumerate(templates):
                yield template.replace(b"SSS", session).replace(b"III", b"%d-%d" % (i, j))

    seen = []
    for n in (30_000, 150_000):
        code, most, out, _ = peak_memory(f"sqlite:///{tmp_path}/{n}.db", stream(n))
        assert code == 0
        assert f"{n // 16 * 16:,} accepted" in out
        seen.append(most)
    assert seen[1] < seen[0] + 150, seen
    assert seen[1] < 500, seen
