"""JSON Lines: each line is an event, blank, or quarantined with a reason, and no line stops the next."""

import io
import json
import time
import tracemalloc

import pytest

from usage_report.core.events import Event, QuarantinedInput
from usage_report.sources import text
from usage_report.sources.contract import READ_BYTES, Context
from usage_report.sources.files import jsonl

NOW = 1_775_000_000_000  # 2026-03-31
CONTEXT = Context(NOW, None, "in.jsonl")


def event(id="e-1", **changes):
    data = {
        "team": "acme",
        "room": "standup",
        "session": "s-1",
        "connection": "c-1",
        "participant": "ana",
        "name": "Ana",
    }
    data |= changes.pop("data", {})
    obj = {
        "specversion": "1.0",
        "id": id,
        "source": "demo",
        "type": "participant.joined",
        "time": "2026-03-01T09:00:00.000Z",
        "data": data,
    }
    return json.dumps(obj | changes, ensure_ascii=False).encode()


def read(data: bytes, context=CONTEXT, most=READ_BYTES):
    """Items of ``data`` when no read returns more than ``most`` bytes."""
    stream = io.BytesIO(data)
    short = io.BytesIO()
    short.read = lambda size: stream.read(min(size, most))
    return list(jsonl.SOURCE.read(short, context))


def test_an_event_has_the_values_of_its_line():
    [got] = read(event())
    assert got == Event(
        "acme",
        "demo",
        "e-1",
        10,
        1_772_355_600_000,
        "standup",
        "s-1",
        "c-1",
        "c-1",
        "ana",
        "Ana",
        "",
        "",
    )


@pytest.mark.parametrize("most", [1, 3, 100, READ_BYTES])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [b"", None])
def test_line_endings_blank_lines_and_byte_order_mark(ending, bom, last, most):
    lines = [event("a"), b"", b"   \t", event("b"), b"nope", event("c")]
    data = bom + ending.join(lines) + (ending if last is None else last)
    got = read(data, most=most)
    assert [g.id if isinstance(g, Event) else g.reason for g in got] == ["a", "b", "not-json", "c"]
    assert got[2].position == 5
    assert got[2].raw == b"nope"


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"\r\n\r\n", b" \n\t\n  ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"]
)
def test_blank_input_yields_nothing(data):
    assert read(data) == []


def test_events_without_a_team_get_the_one_of_the_context():
    own, none = event("own"), event("none").replace(b'"team": "acme", ', b"")
    got = read(own + b"\n" + none, CONTEXT._replace(team="given"))
    assert [g.team for g in got] == ["acme", "given"]
    [quarantined] = read(none)
    assert quarantined.reason == "missing-field"
    assert "data.team" in quarantined.why


HOSTILE = {
    b'{"a":': "not-json",
    b"\0": "not-json",
    b"\0" * 5000: "not-json",
    b'{"a":"\0"}': "not-json",
    b'{"id":"\\ud800"}': "not-json",
    b'{"id":1e999}': "not-json",
    b'{"id":' + b"9" * 5000 + b"}": "not-json",
    b'{"id":NaN}': "not-json",
    b"[" * 100_000: "not-json",
    b'{"id":"caf\xe9"}': "not-utf8",
    b"\xff\xfe{\0": "not-utf8",
    b"42": "not-an-object",
    b"null": "not-an-object",
    b"[]": "not-an-object",
    b"[" * 1000 + b"]" * 1000: "not-an-object",
    b"{}": "missing-field",
    event(id=1): "wrong-type",
    event(id=-(2**63)): "wrong-type",
    event(id=1e308): "wrong-type",
    event(id=True): "wrong-type",
    event(id=["x"]): "wrong-type",
    event(id="").replace(b'"id": ""', b'"id": ' + b"[" * 1000 + b"]" * 1000): "wrong-type",
    event(id={"x": 1}): "wrong-type",
    event(id=""): "missing-field",
    event(id=None): "missing-field",
    event(id="x" * 100_000): "too-long",
    event(id="\N{GRINNING FACE}" * 251): "too-long",
    event().replace(b"e-1", b"e\\u00001"): "nul-character",
    event(data={"room": "x" * 100_000}): "too-long",
    event(data={"connection": 7}): "wrong-type",
    event(data={"participant": []}): "wrong-type",
    event(specversion="0.3"): "wrong-version",
    event(type="participant.join"): "unknown-type",
    event(type="x" * 100_000): "too-long",
    event(time="2026-03-01T09:00:00"): "bad-time",
    event(time="yesterday"): "bad-time",
    event(time="2026-02-30T09:00:00Z"): "bad-time",
    event(time="9999-12-31T23:59:60Z"): "bad-time",
    event(time="0001-01-01T00:00:00+23:59"): "bad-time",
    event(time="1970-01-01T00:00:00Z"): "too-early",
    event(time="2200-01-01T00:00:00Z"): "in-the-future",
    event(time=1_772_355_600): "wrong-type",
    event().replace(b'"name": "Ana"', b'"note": ' + b"[" * 600 + b"]" * 600): "too-deep",
    event().replace(b'"data": {', b'"data": [{').replace(b"}}", b"}]}"): "wrong-type",
}


@pytest.mark.parametrize(
    "line", HOSTILE, ids=lambda line: line[:40].decode(errors="replace").replace("\0", "0")
)
def test_a_bad_line_is_quarantined_and_the_next_is_read(line):
    bad, good = read(line + b"\r\n" + event("next"))
    assert isinstance(bad, QuarantinedInput)
    assert bad.reason == HOSTILE[line]
    assert bad.raw == line
    assert bad.position == 1
    assert not bad.is_truncated
    assert 10 < len(bad.why) < 400
    assert good.id == "next"


def test_the_reason_names_the_position_of_the_fault():
    [bad] = read(b'{"id": }')
    assert bad.why == "not valid JSON at character 8: unexpected character, expected a JSON value"
    [bad] = read(b'{"id":"caf\xe9"}')
    assert bad.why == "byte 11 is not UTF-8 (0xe9); save the file as UTF-8"


def test_names_in_any_script_are_kept():
    names = [
        "\N{FAMILY}\u200d\N{GRINNING FACE}",
        "محمد",
        "\u202eright to left",
        "日本語",
        "é" * 400,
    ]
    got = read(b"\n".join(event(f"e{i}", data={"name": n}) for i, n in enumerate(names)))
    assert [g.name for g in got] == names


def test_a_quarantined_line_keeps_its_team_and_source_if_they_can_be_stored():
    def claims(line, team=None):
        [got] = read(line, CONTEXT._replace(team=team))
        return got.team, got.source

    assert claims(event(type="x")) == ("acme", "demo")
    assert claims(event(type="x", source=7)) == ("acme", "")
    assert claims(event(data={"team": ["acme"]})) == ("", "demo")
    assert claims(event(data={"team": "x" * 2000})) == ("", "demo")
    assert claims(event().replace(b"acme", b"a\\u0000")) == ("", "demo")
    assert claims(b'{"source":"demo"}', "given") == ("given", "demo")
    assert claims(b"[1]", "given") == ("given", "")
    assert claims(b"nope", "given") == ("given", "")


def padded(length: int, id="long") -> bytes:
    """An event whose line has exactly ``length`` bytes."""
    line = event(id, data={"note": ""})
    return line.replace(b'"note": ""', b'"note": "' + b"x" * (length - len(line)) + b'"')


@pytest.mark.parametrize("most", [4096, 65_537, READ_BYTES])
@pytest.mark.parametrize("newline", [b"\n", b""])
def test_the_longest_line_is_accepted_and_one_byte_more_is_not(most, newline):
    fits, over = padded(text.MAX_LINE_BYTES, "fits"), padded(text.MAX_LINE_BYTES + 1, "over")
    assert len(fits) == text.MAX_LINE_BYTES
    got = read(event("a") + b"\n" + fits + b"\n" + over + b"\n" + event("z") + newline, most=most)
    assert [getattr(g, "id", None) or g.reason for g in got] == ["a", "fits", "line-too-long", "z"]
    assert got[2].raw == over[: text.KEPT_BYTES]
    assert got[2].is_truncated
    assert got[2].position == 3
    [alone] = read(over + newline, most=most)
    assert alone.reason == "line-too-long"


def test_ten_megabytes_on_one_line_are_one_quarantined_item():
    got = read(event("a") + b"\n" + b"{" * 10_000_000 + b"\n" + event("z"))
    assert [getattr(g, "id", None) or g.reason for g in got] == ["a", "line-too-long", "z"]
    assert [g.position for g in got if isinstance(g, QuarantinedInput)] == [2]


class Endless:
    """``size`` bytes, made as they are read."""

    def __init__(self, pattern: bytes, size: int) -> None:
        self.pattern, self.left = pattern * (READ_BYTES // len(pattern)), size

    def read(self, size):
        piece = self.pattern[: min(size, self.left)]
        self.left -= len(piece)
        return piece


@pytest.mark.slow
# Short lines are slow to trace, so there are fewer bytes of them: many chunks all the same.
@pytest.mark.parametrize(
    ("pattern", "small", "large"),
    [
        (b"x", 2_000_000, 200_000_000),
        (event() + b"\n", 1_000_000, 6_000_000),
        (b" " * 99 + b"\n", 1_000_000, 6_000_000),
        (b"\0" * 99 + b"\n", 1_000_000, 6_000_000),
    ],
    ids=["one line", "events", "blank", "quarantined"],
)
def test_memory_stays_flat_however_large_the_input(pattern, small, large):
    def peak(size):
        tracemalloc.start()
        for _ in jsonl.SOURCE.read(Endless(pattern, size), CONTEXT):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak(small)  # allocates what is made only once
    assert peak(large) < peak(small) * 1.2 + 500_000
    assert peak(large) < 40_000_000


def test_reading_is_lazy():
    stream = Endless(event() + b"\n", 100_000_000)
    next(jsonl.SOURCE.read(stream, CONTEXT))
    assert stream.left >= 100_000_000 - 2 * READ_BYTES


@pytest.mark.slow
def test_a_million_lines_in_seconds():
    """Guards against work per line that grows. The limit is generous, for busy machines."""
    stream = Endless(event() + b"\n", 40_000_000)
    start = time.perf_counter()
    count = sum(1 for _ in jsonl.SOURCE.read(stream, CONTEXT))
    assert (time.perf_counter() - start) / count < 40e-6


def test_a_million_unknown_types_do_not_search_a_million_times():
    data = event(type="participant.connected") + b"\n"
    start = time.perf_counter()
    got = read(data * 5_000)
    assert len(got) == 5_000
    assert time.perf_counter() - start < 1.0
