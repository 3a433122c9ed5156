"""Keys of teams: one check at every place that can create a team, and nothing is created by a failure."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from support.api_serving import joined
from support.fake_digitalsamba import KEY, FakeDigitalSamba, serving, status
from usage_report import storage
from usage_report.core import clock, team_keys
from usage_report.core.errors import EventError, InputError
from usage_report.core.events import parse
from usage_report.storage import tables as t
from usage_report.storage import teams

#: Texts that cannot be the key of a team, and what is said about them.
BAD = {
    "": "is empty",
    "  ": "is empty",
    "x" * 201: "has 201 bytes; at most 200 are accepted",
    "é" * 101: "has 202 bytes; at most 200 are accepted",
    "a\nb": "contains the control character U+000A",
    "a\0b": "contains the control character U+0000",
    "a\x1b[31m": "contains the control character U+001B",
    "a\x7f": "contains the control character U+007F",
    "a\x85b": "contains the control character U+0085",
    "a\u2028b": "contains the control character U+2028",
    "\udcff": "is not valid Unicode",
}
GOOD = ["acme", "Zoë & Co", "x" * 200, "é" * 100, "مدرسة", "👩‍👩‍👧 family", "a/b", " a", "=1+1"]


@pytest.mark.parametrize(("key", "why"), BAD.items(), ids=ascii)
def test_what_cannot_be_a_key(key, why):
    assert team_keys.fault(key) == why
    with pytest.raises(InputError, match="cannot be the key of a team") as caught:
        team_keys.check(key)
    assert caught.value.why == f"it {why}"


@pytest.mark.parametrize("key", GOOD)
def test_what_can_be_a_key(key):
    assert team_keys.check(key) == key


@given(st.text(max_size=210) | st.text("aé\n\x85\u2028 ", max_size=210))
def test_events_are_held_to_the_same_check(key):
    obj = joined("e-1", team=key or None)
    obj["data"]["team"] = key
    if not team_keys.fault(key):
        assert parse(obj, now=clock.now_ms()).team == key
        return
    with pytest.raises(EventError) as caught:
        parse(obj, now=clock.now_ms())
    expected = "missing-field" if not key else "nul-character" if "\0" in key else "bad-team"
    assert caught.value.reason == expected


CREATORS = {
    "team set": ("team", "set", "{}"),
    "token create": ("token", "create", "--team", "{}"),
    "hook set": ("hook", "set", "zoom", "{}"),
    "pull": ("pull", "digitalsamba", "--team", "{}"),
    "ingest": ("ingest", "--team", "{}", "-"),
}


def rows(url: str) -> dict[str, int]:
    """Return the number of rows of each table that has any, but for the properties of the database."""
    engine = storage.open_database(url)
    with storage.reading(engine) as c:
        counts = {
            table.name: c.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in t.metadata.sorted_tables
            if table is not t.meta
        }
    engine.dispose()
    return {name: n for name, n in counts.items() if n}


@pytest.mark.parametrize("creator", CREATORS)
@pytest.mark.parametrize("key", BAD, ids=ascii)
def test_no_command_creates_such_a_team(sqlite_shell, creator, key):
    if "\0" in key and creator != "ingest":
        pytest.skip("no argument of a command can hold a NUL")
    args = [key if arg == "{}" else arg for arg in CREATORS[creator]]
    result = sqlite_shell(*args, code=2, input="secret\n", DIGITALSAMBA_API_KEY=KEY)
    assert "cannot be the key of a team" in " ".join(result.stderr.split())
    assert rows(sqlite_shell.url) == {}


def test_no_function_creates_such_a_team(engine):
    with storage.writing(engine) as c, pytest.raises(InputError, match="cannot be the key"):
        teams.ensure_team(c, "a\nb", 1)
    with storage.reading(engine) as c:
        assert c.execute(sa.select(t.teams.c.key)).all() == []


def test_a_team_of_an_earlier_version_can_be_read(engine, shell):
    key = "x" * 300
    with storage.writing(engine) as c:
        c.execute(
            t.teams.insert().values(
                key=key, zone="UTC", billing_day=1, is_sample=False, data_version=1, created_at=1
            )
        )
    assert shell.json("live", "--team", key)["live_participants"] == 0
    assert key in shell("team", "show", key).stdout


@pytest.mark.parametrize("key", [key for key in BAD if key and key != "\udcff"], ids=ascii)
def test_an_event_that_names_one_is_quarantined(sqlite_shell, tmp_path, key):
    """The rest of the file is accepted; every team sees the original, for none could be its own."""
    file = tmp_path / "events.jsonl"
    file.write_text(f"{json.dumps(joined('bad', team=key))}\n{json.dumps(joined('good'))}\n")
    result = sqlite_shell("ingest", str(file), code=1)
    assert "1 accepted, 0 known already, 1 quarantined" in result.stdout
    (line,) = sqlite_shell("quarantine", "list").stdout.splitlines()
    _, place, team, reason, why = line.split("\t")
    assert (place, team) == (f"{file}:1", "-")
    assert (reason, why) == (
        ("nul-character", "data.team contains a NUL character, which no database stores as text")
        if "\0" in key
        else ("bad-team", f"data.team {BAD[key]}; rename the team")
    )
    assert sqlite_shell("team", "list").stdout == "acme\n"


@pytest.mark.parametrize("fault", ["wrong key", "no network", "not the vendor"])
def test_a_failed_pull_leaves_nothing_behind(sqlite_shell, fault):
    fake = FakeDigitalSamba(faults=[status(404)] if fault == "not the vendor" else [])
    with serving(fake):
        address = fake.url
        if fault != "no network":
            key = "wrong-key" if fault == "wrong key" else KEY
            failed(sqlite_shell, address, key)
    if fault == "no network":
        failed(sqlite_shell, address, KEY)
    assert rows(sqlite_shell.url) == {}


def failed(shell, address: str, key: str) -> None:
    shell(
        *("pull", "digitalsamba", "--team", "new", "--from", "2026-03-01", "--to", "2026-03-02"),
        code=1,
        DIGITALSAMBA_API_KEY=key,
        USAGE_REPORT_DIGITALSAMBA_URL=address,
    )


def test_the_first_answer_of_the_vendor_creates_the_team(sqlite_shell):
    with serving(FakeDigitalSamba()) as fake:
        sqlite_shell(
            *(
                "pull",
                "digitalsamba",
                "--team",
                "new",
                "--from",
                "2026-03-01",
                "--to",
                "2026-03-02",
            ),
            DIGITALSAMBA_API_KEY=KEY,
            USAGE_REPORT_DIGITALSAMBA_URL=fake.url,
        )
    assert sqlite_shell("team", "list").stdout == "new\n"
