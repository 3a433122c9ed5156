"""Opening, recognising and choosing: the doors every input comes through."""

import gzip
import io
import sys
import zlib
from types import SimpleNamespace

import pytest

from usage_report.core import events, metrics
from usage_report.core.errors import InputError
from usage_report.sources import contract, coverage, input, registry
from usage_report.sources.files import bigbluebutton, jsonl

XML = b'<?xml version="1.0"?>\n<!-- kept -->\n<recording meeting_id="m-1552664944021"></recording>'


def drain(stream) -> bytes:
    return b"".join(iter(lambda: stream.read(10_000), b""))


def write(tmp_path, data: bytes, name="in.bin"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


# Opening


@pytest.mark.parametrize("size", [1, 2, 65_535, 65_536, 65_537, 1_000_000])
@pytest.mark.parametrize("packed", [False, True])
def test_head_is_a_look_ahead_and_the_stream_is_whole(tmp_path, size, packed):
    data = bytes(i * 7 % 251 for i in range(size))
    path = write(tmp_path, gzip.compress(data) if packed else data, "plainly.named")
    with input.open_input(path) as (stream, head):
        assert head == data[: contract.SNIFF_BYTES]
        assert drain(stream) == data
        assert stream.read(10) == b""


def test_gzip_of_several_members_is_one_stream(tmp_path):
    path = write(tmp_path, gzip.compress(b"one\n") + gzip.compress(b"two\n"))
    with input.open_input(path) as (stream, _):
        assert drain(stream) == b"one\ntwo\n"


class Pipe(io.RawIOBase):
    """Cannot seek and gives a little at a time, as a pipe does."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def readable(self):
        return True

    def readinto(self, buffer):
        piece, self.rest = self.rest[: min(len(buffer), 7)], self.rest[min(len(buffer), 7) :]
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize("packed", [False, True])
def test_dash_is_standard_input_which_stays_open(monkeypatch, packed):
    data = b'{"a":1}\n' * 20_000
    pipe = io.BufferedReader(Pipe(gzip.compress(data) if packed else data))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=pipe))
    with input.open_input("-") as (stream, head):
        assert head == data[: contract.SNIFF_BYTES]
        assert drain(stream) == data
    assert not pipe.closed


def test_what_cannot_be_opened_says_why(tmp_path):
    cases = [
        (tmp_path / "none.jsonl", "There is no file"),
        (tmp_path, "is a directory"),
        (write(tmp_path, b"", "e.jsonl"), "is empty"),
        (write(tmp_path, gzip.compress(b""), "e.gz"), "is empty"),
        (str(tmp_path / "nul\0in.name"), "cannot be opened"),
        (tmp_path / ("x" * 300), "cannot be opened"),
    ]
    for path, words in cases:
        with pytest.raises(InputError, match=words) as caught, input.open_input(path):
            pass
        assert str(path) in str(caught.value)


def test_empty_standard_input_is_named(monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO()))
    with pytest.raises(InputError, match="standard input is empty"), input.open_input("-"):
        pass


def until_damage(path) -> tuple[bytes, str]:
    """What can be read before the damage, and the words about it."""
    got = b""
    try:
        with input.open_input(path) as (stream, _):
            while piece := stream.read(5_000):
                got += piece
    except InputError as error:
        return got, str(error)
    raise AssertionError("no damage was met")


LINES = b"".join(b'{"n":%d}\n' % i for i in range(60_000))


@pytest.mark.parametrize("cut", [11, 200, 0.5, 0.99, -9, -1])
def test_truncated_gzip_gives_all_it_can_and_then_says_so(tmp_path, cut):
    whole = gzip.compress(LINES)
    path = write(
        tmp_path, whole[: int(len(whole) * cut) if isinstance(cut, float) else cut], "cut.jsonl.gz"
    )
    # What zlib itself gets out of the same bytes is the most that can be had.
    expected = zlib.decompressobj(wbits=31).decompress(path.read_bytes())
    got, said = until_damage(path)
    assert got == expected
    assert "cut.jsonl.gz ends in the middle" in said
    assert "before this point were kept" in said
    assert "nothing is counted twice" in said


def test_corrupt_gzip_gives_the_sound_part_and_then_says_so(tmp_path):
    whole = bytearray(gzip.compress(LINES))
    whole[len(whole) // 2 : len(whole) // 2 + 20] = b"\xff" * 20
    got, said = until_damage(write(tmp_path, bytes(whole)))
    assert "cannot be read further" in said
    assert len(got) > contract.SNIFF_BYTES
    assert got[: contract.SNIFF_BYTES] == LINES[: contract.SNIFF_BYTES]


def test_a_gzip_of_nothing_but_its_magic_is_damage_not_emptiness(tmp_path):
    with (
        pytest.raises(InputError, match="ends in the middle"),
        input.open_input(write(tmp_path, b"\x1f\x8b")),
    ):
        pass


def test_reading_all_at_once_is_not_offered(tmp_path):
    with (
        input.open_input(write(tmp_path, b"{}")) as (stream, _),
        pytest.raises(ValueError, match="bounded"),
    ):
        stream.read(-1)


# Choosing


def test_every_module_keeps_the_contract():
    known = registry.discover()
    assert {"jsonl", "bigbluebutton"} <= known.keys()
    for name, module in known.items():
        assert name == module.NAME
        assert module.TITLE
        assert module.__doc__
        assert metrics.BY_KEY.keys() >= module.CANNOT_SUPPLY
        assert name in registry.files() or name in registry.platforms()
        # A sum is known when all of its parts are.
        for key in metrics.BY_KEY:
            if parts := {p.key for p in metrics.parts(key)}:
                missing = parts & module.CANNOT_SUPPLY
                if (
                    name == "janus"
                ):  # counts a screen as the video it is sent as: the sum holds, the part is not known
                    missing = {x for x in missing if not x.endswith("_screenshare")}
                assert (key in module.CANNOT_SUPPLY) == bool(missing)
    for module in registry.files().values():
        assert callable(module.recognises)
        assert callable(module.read)
    for module in registry.platforms().values():
        assert module.SECRET
        assert callable(module.verify)
        assert callable(module.translate)


def test_platforms_without_files_are_no_choice_for_a_file():
    assert "livekit" in registry.platforms()
    assert "livekit" not in registry.files()
    with pytest.raises(InputError, match="no source 'livekit'"):
        registry.choose(b"{}", "in", "livekit")


@pytest.mark.parametrize(
    ("head", "module"),
    [
        (b'{"specversion":"1.0"}\n', jsonl),
        (b'\xef\xbb\xbf\r\n \n  {"a":1}', jsonl),
        (b"\n \n", jsonl),
        (b"time,type\n1,2\n", jsonl),
        ("Zeile mit Umlaut: é".encode()[:-1], jsonl),  # cut in the middle of a character
        (b'\x00\x01\x02\n{"a":1}\n', jsonl),
        (XML, bigbluebutton),
        (b"\xef\xbb\xbf" + XML, bigbluebutton),
        (b'<!DOCTYPE recording [<!ENTITY a "b">]><recording meeting_id="m">', bigbluebutton),
    ],
)
def test_recognition(head, module):
    assert registry.choose(head, "in") is module


@pytest.mark.parametrize(
    "head",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0",
        b"PK\x03\x04\0\0",
        b"SQLite format 3\0",
        b"<html>\n<body>",
        b"<recordings/>",
        b'\xff\xfe{\0"\0',
        bytes(range(128, 256)) * 9,
    ],
)
def test_what_is_neither_is_refused_whole(head):
    with pytest.raises(InputError) as caught:
        registry.choose(head, "photo.png")
    said = str(caught.value)
    assert "photo.png" in said
    assert "JSON Lines" in said
    assert "events.xml" in said
    assert "Nothing was taken" in said


def test_many_comments_do_not_hold_up_recognition():
    head = b"<!-- a -->" * 6_000
    assert not bigbluebutton.recognises(head, "in")


@pytest.mark.parametrize(
    ("wanted", "module"),
    [
        ("jsonl", jsonl),
        ("events", jsonl),
        ("cloudevents", jsonl),
        ("bigbluebutton", bigbluebutton),
        ("bbb", bigbluebutton),
    ],
)
def test_the_named_source_wins_over_recognition(wanted, module):
    assert registry.choose(b"\0\0\0", "in", wanted) is module


def test_unknown_source_name_suggests_the_nearest():
    with pytest.raises(InputError, match=r"no source 'bigblubutton'.*Did you mean 'bigbluebutton'"):
        registry.choose(b"{}", "in", "bigblubutton")


def test_storable_is_what_a_database_keeps_as_text():
    assert events.storable("Ünï") == "Ünï"
    for value in (None, 7, ["a"], "a\0b", "é" * 501, "half \udc80 a character"):
        assert events.storable(value) == ""


# Supply


def test_missing_is_what_no_source_supplies():
    bbb = bigbluebutton.CANNOT_SUPPLY
    assert "recording_storage_minutes" in bbb
    assert "qa_posts" in bbb
    assert "participation_minutes" not in bbb
    assert coverage.cannot_supply([]) == frozenset()
    assert coverage.cannot_supply(["bigbluebutton"]) == bbb
    assert coverage.cannot_supply(["bigbluebutton", "bigbluebutton"]) == bbb
    assert coverage.cannot_supply(["bigbluebutton", "jsonl"]) == frozenset()
    assert coverage.cannot_supply(["bigbluebutton", "our-own-platform"]) == frozenset()
    assert coverage.cannot_supply(iter(["our-own-platform"])) == frozenset()


def test_a_platform_without_a_part_in_what_another_supplies_is_named():
    zoom, jitsi = (registry.discover()[name].CANNOT_SUPPLY for name in ("zoom", "jitsi"))
    assert jitsi > zoom
    assert coverage.partly(["zoom"]) == coverage.partly([]) == coverage.partly(["ours"]) == ()
    assert coverage.partly(iter(["zoom", "jitsi"])) == (("Jitsi event_sync", jitsi - zoom),)
    assert coverage.partly(["ours", "jitsi", "zoom"]) == (
        ("Jitsi event_sync", jitsi),
        ("Zoom", zoom),
    )


def test_sources_of_the_same_meetings_are_one_platform():
    """Webhooks tell of questions and the REST objects do not; of the same meetings nothing is missing."""
    assert (
        coverage.partly(["digitalsamba", "digitalsamba-rest"])
        == coverage.partly(["bigbluebutton", "bigbluebutton-webhooks"])
        == ()
    )
    both = coverage.cannot_supply(["digitalsamba", "digitalsamba-rest"])
    assert coverage.partly(["digitalsamba", "digitalsamba-rest", "ours"]) == (
        ("Digital Samba", both),
    )
    assert coverage.partly(["digitalsamba-rest", "ours"]) == (
        ("Digital Samba", registry.discover()["digitalsamba-rest"].CANNOT_SUPPLY),
    )


def test_what_a_source_stands_beside_is_a_source():
    for module in registry.discover().values():
        assert getattr(module, "BESIDE", module.NAME) in registry.discover()
