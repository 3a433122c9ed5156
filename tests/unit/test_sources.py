"""Opening an input, choosing its source, and what sources supply."""

import gzip
import importlib.metadata
import io
import sys
import zlib
from types import SimpleNamespace

import pytest

from usage_report.core import events, metrics
from usage_report.core.errors import InputError, SettingsError
from usage_report.sources import contract, coverage, input, registry
from usage_report.sources.contract import FileSource
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
def test_the_head_is_a_look_ahead_and_the_stream_is_complete(tmp_path, size, packed):
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
    """Cannot seek and returns a few bytes at a time, as a pipe does."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def readable(self):
        return True

    def readinto(self, buffer):
        piece, self.rest = self.rest[: min(len(buffer), 7)], self.rest[min(len(buffer), 7) :]
        buffer[: len(piece)] = piece
        return len(piece)


@pytest.mark.parametrize("packed", [False, True])
def test_a_dash_is_standard_input_which_stays_open(monkeypatch, packed):
    data = b'{"a":1}\n' * 20_000
    pipe = io.BufferedReader(Pipe(gzip.compress(data) if packed else data))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=pipe))
    with input.open_input("-") as (stream, head):
        assert head == data[: contract.SNIFF_BYTES]
        assert drain(stream) == data
    assert not pipe.closed


def test_an_input_that_cannot_be_opened_is_rejected_with_the_reason(tmp_path):
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
    """Bytes that can be read before the damage, and the message about it."""
    got = b""
    try:
        with input.open_input(path) as (stream, _):
            while piece := stream.read(5_000):
                got += piece
    except InputError as error:
        return got, str(error)
    raise AssertionError("no damage was found")


LINES = b"".join(b'{"n":%d}\n' % i for i in range(60_000))


@pytest.mark.parametrize("cut", [11, 200, 0.5, 0.99, -9, -1])
def test_truncated_gzip_is_read_up_to_its_end_and_then_reported(tmp_path, cut):
    whole = gzip.compress(LINES)
    path = write(
        tmp_path, whole[: int(len(whole) * cut) if isinstance(cut, float) else cut], "cut.jsonl.gz"
    )
    # zlib itself gets no more out of the same bytes.
    expected = zlib.decompressobj(wbits=31).decompress(path.read_bytes())
    got, message = until_damage(path)
    assert got == expected
    assert "cut.jsonl.gz ends in the middle" in message
    assert "before this point were kept" in message
    assert "nothing is counted twice" in message


def test_corrupt_gzip_is_read_up_to_the_damage_and_then_reported(tmp_path):
    whole = bytearray(gzip.compress(LINES))
    whole[len(whole) // 2 : len(whole) // 2 + 20] = b"\xff" * 20
    got, message = until_damage(write(tmp_path, bytes(whole)))
    assert "cannot be read further" in message
    assert len(got) > contract.SNIFF_BYTES
    assert got[: contract.SNIFF_BYTES] == LINES[: contract.SNIFF_BYTES]


def test_gzip_that_ends_after_its_magic_bytes_is_damaged_and_not_empty(tmp_path):
    with (
        pytest.raises(InputError, match="ends in the middle"),
        input.open_input(write(tmp_path, b"\x1f\x8b")),
    ):
        pass


def test_reading_everything_at_once_is_not_possible(tmp_path):
    with (
        input.open_input(write(tmp_path, b"{}")) as (stream, _),
        pytest.raises(ValueError, match="bounded"),
    ):
        stream.read(-1)


# Choosing


def test_every_source_keeps_the_contract():
    known = registry.discover()
    assert list(known) == sorted(known)
    assert {"jsonl", "bigbluebutton"} <= known.keys()
    for name, source in known.items():
        assert name == source.name
        assert source.title
        assert metrics.BY_KEY.keys() >= source.cannot_supply
        assert name in registry.files() or name in registry.platforms()
        # What a source is a companion of is a source, too.
        assert (source.companion_of or name) in known
        # A sum is known when all of its parts are.
        for key in metrics.BY_KEY:
            if parts := {p.key for p in metrics.parts(key)}:
                missing = parts & source.cannot_supply
                # Janus counts a screen as video, so the sum is right and the part is not known.
                if name == "janus":
                    missing = {x for x in missing if not x.endswith("_screenshare")}
                assert (key in source.cannot_supply) == bool(missing)
    for source in registry.platforms().values():
        assert source.secret_hint
        assert source.denied_status in (401, 403)


def test_a_platform_without_files_cannot_be_chosen_for_a_file():
    assert "livekit" in registry.platforms()
    assert "livekit" not in registry.files()
    with pytest.raises(InputError, match="no source 'livekit'"):
        registry.choose(b"{}", "in", "livekit")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'{"specversion":"1.0"}\n', jsonl),
        (b'\xef\xbb\xbf\r\n \n  {"a":1}', jsonl),
        (b"\n \n", jsonl),
        (b"not json\nnor this, though it has a comma\n", jsonl),
        ("Zeile mit Umlaut: é".encode()[:-1], jsonl),  # cut in the middle of a character
        (b'\x00\x01\x02\n{"a":1}\n', jsonl),
        (XML, bigbluebutton),
        (b"\xef\xbb\xbf" + XML, bigbluebutton),
        (b'<!DOCTYPE recording [<!ENTITY a "b">]><recording meeting_id="m">', bigbluebutton),
    ],
)
def test_recognition(head, expected):
    assert registry.choose(head, "in") is expected.SOURCE


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
def test_an_input_of_no_known_format_is_rejected(head):
    with pytest.raises(InputError) as caught:
        registry.choose(head, "photo.png")
    message = str(caught.value)
    assert "photo.png" in message
    assert "JSON Lines" in message
    assert "events.xml" in message
    assert "Nothing was ingested" in message


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"SessionId,FullName,Action\n1,Ana,Joined\n", "in"),
        (b"A title\n\nName;Minutes\nAna;65\n", "in"),
        (b"Name\tMinutes\nAna\t65\n", "-"),
        (b"Name,User Email,Guest\n", "in"),
        (b"Name\nAna\n", "people.CSV"),
        (b"\xef\xbb\xbfName,Minutes\r\nAna,65\r\n", "in"),
    ],
)
def test_an_unknown_table_is_rejected_as_a_whole(head, name):
    with pytest.raises(InputError) as caught:
        registry.choose(head, name)
    assert "it is a table whose headings are not known. Nothing was ingested." in str(caught.value)
    assert registry.choose(head, name, "jsonl") is jsonl.SOURCE


def test_a_table_with_a_json_object_in_a_line_is_read_as_lines():
    assert registry.choose(b'a,b\n1,2\n{"specversion":"1.0"}\n', "in.csv") is jsonl.SOURCE


def test_many_comments_do_not_slow_recognition():
    head = b"<!-- a -->" * 6_000
    assert not bigbluebutton.SOURCE.recognises(head, "in")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("jsonl", jsonl),
        ("events", jsonl),
        ("cloudevents", jsonl),
        ("bigbluebutton", bigbluebutton),
        ("bbb", bigbluebutton),
    ],
)
def test_the_named_source_takes_precedence_over_recognition(wanted, expected):
    assert registry.choose(b"\0\0\0", "in", wanted) is expected.SOURCE


def test_an_unknown_source_name_suggests_the_nearest():
    with pytest.raises(InputError, match=r"no source 'bigblubutton'.*Did you mean 'bigbluebutton'"):
        registry.choose(b"{}", "in", "bigblubutton")


def test_storable_text_is_what_a_database_can_store():
    assert events.storable("Ünï") == "Ünï"
    for value in (None, 7, ["a"], "a\0b", "é" * 501, "half \udc80 a character"):
        assert events.storable(value) == ""


# Coverage


def test_missing_metrics_are_those_that_no_source_supplies():
    bbb = bigbluebutton.SOURCE.cannot_supply
    assert "recording_storage_minutes" in bbb
    assert "qa_posts" in bbb
    assert "participation_minutes" not in bbb
    assert coverage.cannot_supply([]) == frozenset()
    assert coverage.cannot_supply(["bigbluebutton"]) == bbb
    assert coverage.cannot_supply(["bigbluebutton", "bigbluebutton"]) == bbb
    assert coverage.cannot_supply(["bigbluebutton", "jsonl"]) == frozenset()
    assert coverage.cannot_supply(["bigbluebutton", "our-own-platform"]) == frozenset()
    assert coverage.cannot_supply(iter(["our-own-platform"])) == frozenset()


def test_a_platform_that_lacks_what_another_supplies_is_named():
    zoom, jitsi = (registry.discover()[name].cannot_supply for name in ("zoom", "jitsi"))
    assert jitsi > zoom
    assert coverage.partly(["zoom"]) == coverage.partly([]) == coverage.partly(["ours"]) == ()
    assert coverage.partly(iter(["zoom", "jitsi"])) == (("Jitsi event_sync", jitsi - zoom),)
    assert coverage.partly(["ours", "jitsi", "zoom"]) == (
        ("Jitsi event_sync", jitsi),
        ("Zoom", zoom),
    )


def test_sources_of_the_same_meetings_are_one_platform():
    """Webhooks report questions and REST objects do not, but their meetings are the same."""
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
        ("Digital Samba", registry.discover()["digitalsamba-rest"].cannot_supply),
    )


# Plug-ins


class Notes(FileSource):
    """A source as another package would define it."""

    name = "notes"
    title = "Notes"
    cannot_supply = frozenset()

    def recognises(self, head, name):
        return head.startswith(b"# Notes")

    def read(self, stream, context):
        yield from ()


def forget_sources():
    for function in (registry.discover, registry.files, registry.platforms):
        function.cache_clear()


@pytest.fixture
def install(monkeypatch):
    """Return a function that registers a plug-in, given the function that loads it."""

    def install(load):
        entry_point = SimpleNamespace(name="example", dist=SimpleNamespace(name="notes"), load=load)
        monkeypatch.setattr(
            importlib.metadata,
            "entry_points",
            lambda group: (entry_point,) if group == "usage_report.sources" else (),
        )
        forget_sources()

    yield install
    monkeypatch.undo()
    forget_sources()


def test_a_plug_in_is_a_source_like_any_other(install):
    notes = Notes()
    install(lambda: notes)
    assert registry.discover()["notes"] is notes
    assert registry.files()["notes"] is notes
    assert "notes" not in registry.platforms()
    assert registry.choose(b"# Notes of Monday", "in") is notes
    assert registry.choose(b"{}", "in", "notes") is notes


class WithoutName(Notes):
    name = None


class Impostor(Notes):
    name = "zoom"


class WithTakenAlias(Notes):
    aliases = ("bbb",)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (Notes, "it is not an object with the attributes and methods of FileSource"),
        (object(), "it is not an object with the attributes and methods of FileSource"),
        (WithoutName(), "it is not an object with the attributes and methods of FileSource"),
        (Impostor(), "the name 'zoom' is already used by usage_report.sources.webhooks.zoom"),
        (
            WithTakenAlias(),
            "the name 'bbb' is already used by usage_report.sources.files.bigbluebutton",
        ),
    ],
)
def test_a_plug_in_that_is_not_a_source_or_has_a_taken_name_is_rejected(install, target, message):
    install(lambda: target)
    with pytest.raises(SettingsError) as caught:
        registry.discover()
    assert str(caught.value).startswith(
        f"The plug-in 'example' of notes cannot be used as a source: {message}"
    )


def test_a_plug_in_that_cannot_be_imported_is_reported(install):
    install(lambda: importlib.import_module("no_such_package"))
    with pytest.raises(SettingsError) as caught:
        registry.discover()
    assert str(caught.value) == (
        "The plug-in 'example' of notes cannot be loaded: "
        "ModuleNotFoundError: No module named 'no_such_package'. Repair it or uninstall it."
    )


# Quarantined originals


def test_an_original_that_cannot_be_read_alone_yields_nothing():
    context = contract.Context(10**13, "acme", zone="UTC")
    row = b"Ana,,2026-03-13 09:00:00,2026-03-13 08:00:00,1"
    element = b'<event eventname="ParticipantJoinEvent" timestamp="1"/>'
    for source, raw in (
        ("zoom-report", row),
        ("teams-attendance", row),
        ("bigbluebutton", element),
        ("uninstalled", b"{}"),
    ):
        assert registry.read_again(source, raw, context) == []


def test_other_originals_are_read_by_their_source():
    context = contract.Context(10**13, "acme")
    [line] = registry.read_again("jsonl", b"{", context)
    [body] = registry.read_again("zoom", b"{", context)
    assert (line.reason, line.raw) == (body.reason, body.raw) == ("not-json", b"{")
    assert (line.source, body.source) == ("", "zoom")
