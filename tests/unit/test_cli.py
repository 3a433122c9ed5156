"""The command line: commands, JSON shapes, exit statuses and messages on standard error."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import sqlalchemy as sa

from soundness.test_worked_example import HALF_DAY, TRUTH, example
from support.harness import Log, event, shifted
from support.shell import Shell, line, spawn, write
from usage_report import demo, storage
from usage_report.cli import doctor, main
from usage_report.core import clock
from usage_report.core.metrics import ALL, PERIOD
from usage_report.ingest import pipeline
from usage_report.storage import tables as t

DAY = ("--team", "acme", "--from", "2026-03-01", "--to", "2026-03-01")


def commands(
    command: click.Command = main.main, path: tuple[str, ...] = ()
) -> list[tuple[str, ...]]:
    """Return the path of every command and group."""
    out = [path]
    for name, sub in getattr(command, "commands", {}).items():
        out += commands(sub, (*path, name))
    return out


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_has_help(path, sqlite_shell):
    text = sqlite_shell(*path, "--help").stdout
    assert "Usage: " in text
    for row in text.split("Commands:")[-1].splitlines() if "Commands:" in text else ():
        assert not row.strip() or len(row.split()) > 1, f"a command without a summary: {row}"
    assert not Path(sa.make_url(sqlite_shell.url).database).exists(), (
        "help must not make a database"
    )


def test_a_start_loads_neither_servers_nor_sources():
    """Importing them would take longer than most commands, and a broken plug-in would stop all."""
    slow = {"streamlit", "uvicorn", "starlette", "httpx", "usage_report.sources.webhooks.zoom"}
    code = f"import sys, usage_report.cli.main; print({slow} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


# -- the worked example ------------------------------------------------------------------------------------------------


def test_the_worked_example(shell, tmp_path):
    file = write(tmp_path / "e.jsonl", example())
    result = shell("ingest", file)
    assert (result.stdout, result.stderr) == (
        (
            f"{file}: 16 accepted, 0 known already\n"
            "Team acme: 1 Mar 2026. See it at "
            "http://localhost:8501/date-range?team=acme&from=2026-03-01&to=2026-03-01\n"
            "If the app is not running, start it: usage-report app\n"
        ),
        "",
    )
    got = shell.json(
        "report",
        "--team",
        "acme",
        "--from",
        "2026-03-01",
        "--to",
        "2026-03-31",
        "--as-of",
        "2026-04-01T00:00:00Z",
    )
    assert list(got) == ["team", "zone", "from", "to", "grain", "as_of", "rows", "total"]
    rows, total = got.pop("rows"), got.pop("total")
    assert got == {
        "team": "acme",
        "zone": "UTC",
        "from": "2026-03-01",
        "to": "2026-03-31",
        "grain": "day",
        "as_of": "2026-04-01T00:00:00Z",
    }
    assert total == TRUTH
    assert [row["start"] for row in rows] == [
        f"2026-03-{d:02d}T00:00:00+00:00" for d in range(1, 32)
    ]
    assert rows[0] == {"start": "2026-03-01T00:00:00+00:00"} | TRUTH
    assert all(row == {"start": row["start"]} | dict.fromkeys(TRUTH, 0) for row in rows[1:])
    assert list(rows[0]) == ["start", *(m.key for m in ALL)]


def test_twelve_hours_later_in_kolkata(shell, tmp_path):
    shell("ingest", write(tmp_path / "e.jsonl", shifted(example(), HALF_DAY)))
    got = shell.json(
        "report",
        "--team",
        "acme",
        "--from",
        "2026-03-01",
        "--to",
        "2026-03-02",
        "--zone",
        "Asia/Kolkata",
        "--as-of",
        "2026-04-01T00:00:00Z",
    )
    assert [row["start"] for row in got["rows"]] == [
        "2026-03-01T00:00:00+05:30",
        "2026-03-02T00:00:00+05:30",
    ]
    assert [row["participation_minutes"] for row in got["rows"]] == [None, 110.5]
    assert got["total"] == TRUTH
    assert got["rows"][1] == {"start": "2026-03-02T00:00:00+05:30"} | TRUTH
    # The same once it is the team's own zone.
    shell("team", "set", "acme", "--zone", "Asia/Kolkata")
    again = shell.json(
        "report",
        "--team",
        "acme",
        "--from",
        "2026-03-01",
        "--to",
        "2026-03-02",
        "--as-of",
        "2026-04-01T00:00:00Z",
    )
    assert again == got


def test_figures_are_numbers_of_the_right_kind(sqlite_shell, tmp_path):
    sqlite_shell("ingest", write(tmp_path / "e.jsonl", example()))
    text = sqlite_shell("report", *DAY, "--format", "json").stdout
    assert '"broadcast_minutes_audio_video": 40.0' in text
    assert '"active_participants": 3,' in text
    assert text.count("\n") == 1


def test_figures_are_rounded_half_up_in_the_table(sqlite_shell, tmp_path):
    """Stays of 69 s, 3 s and 135 s: each is a tie. The total is rounded once, from 207 s."""
    log = Log("2026-03-02").stay("09:00:00", "09:01:09", "a")
    log.also("s-2", day="2026-03-03").stay("09:00:00", "09:00:03", "b")
    log.also("s-3", day="2026-03-04").stay("09:00:00", "09:02:15", "c")
    sqlite_shell("ingest", write(tmp_path / "e.jsonl", log))
    table = sqlite_shell(
        *("report", "--team", "acme", "--from", "2026-03-01", "--to", "2026-03-04"),
        *("--metrics", "participation_minutes", "--as-of", "2026-04-01T00:00:00Z"),
        *("--format", "table"),
        COLUMNS="120",
    ).stdout
    assert table == (
        "acme: 1–4 Mar 2026, UTC, as of Wed 1 Apr 2026, 00:00\n"
        "\n"
        "                       Total  Sun 1 Mar 2026  Mon 2 Mar 2026  Tue 3 Mar 2026  Wed 4 Mar 2026\n"
        "Participation minutes    3.5               –             1.2             0.1             2.3\n"
        "\n"
        "Records begin on 2 Mar 2026.\n"
    )


def test_buckets_not_begun_are_null(shell, tmp_path):
    shell("ingest", write(tmp_path / "e.jsonl", example()))
    got = shell.json(
        "report",
        "--team",
        "acme",
        "--from",
        "2026-02-28",
        "--to",
        "2026-03-03",
        "--as-of",
        "2026-03-02T00:00:00Z",
    )
    assert [row["participation_minutes"] for row in got["rows"]] == [None, 110.5, None, None]
    assert all(v is None for k, v in got["rows"][2].items() if k != "start")
    assert got["total"]["participation_minutes"] == 110.5
    later = shell.json(
        "report",
        "--team",
        "acme",
        "--from",
        "2026-03-03",
        "--to",
        "2026-03-04",
        "--as-of",
        "2026-03-03T00:00:00Z",
    )
    assert all(
        v is None
        for row in [*later["rows"], later["total"]]
        for k, v in row.items()
        if k != "start"
    )


def test_as_of_in_the_middle(shell, tmp_path):
    """At 10:20, A has been present for 20 minutes, B for 15, C for 10; all of them are live."""
    shell("ingest", write(tmp_path / "e.jsonl", example()))
    got = shell.json("report", *DAY, "--as-of", "2026-03-01T10:20:00Z")
    assert got["total"]["participation_minutes"] == 45
    assert shell.json("live", "--team", "acme", "--as-of", "2026-03-01T10:20:00Z") == {
        "as_of": "2026-03-01T10:20:00Z",
        "live_participants": 3,
        "live_sessions": 1,
        "active_recordings": 0,
    }
    assert (
        shell.json("live", "--team", "acme", "--as-of", "2026-03-01T10:45:30Z")["live_sessions"]
        == 1
    )  # B leaves at 10:45:30
    assert (
        shell.json("live", "--team", "acme", "--as-of", "2026-03-01T10:45:30.001Z")["live_sessions"]
        == 0
    )


@pytest.mark.parametrize(
    ("grain", "starts"),
    [
        ("hour", 24),
        ("day", 1),
        ("week", 1),
        ("month", 1),
    ],
)
def test_grains(sqlite_shell, tmp_path, grain, starts):
    sqlite_shell("ingest", write(tmp_path / "e.jsonl", example()))
    got = sqlite_shell.json("report", *DAY, "--grain", grain, "--as-of", "2026-04-01T00:00:00Z")
    assert got["grain"] == grain
    assert len(got["rows"]) == starts
    assert got["total"] == TRUTH


def test_chosen_metrics(sqlite_shell, tmp_path):
    sqlite_shell("ingest", write(tmp_path / "e.jsonl", example()))
    got = sqlite_shell.json("report", *DAY, "--metrics", "sessions, participation_minutes")
    assert got["total"] == {"sessions": 1, "participation_minutes": 110.5}
    assert list(got["rows"][0]) == ["start", "sessions", "participation_minutes"]
    text = sqlite_shell("report", *DAY, "--metrics", "sessions", "--format", "table").stdout
    assert "Sessions" in text
    assert "Participation" not in text


def test_csv(sqlite_shell, tmp_path):
    sqlite_shell("ingest", write(tmp_path / "e.jsonl", example()))
    result = sqlite_shell("report", *DAY, "--format", "csv", "--as-of", "2026-04-01T00:00:00Z")
    bucket, total = csv.DictReader(io.StringIO(result.stdout))
    assert (bucket["row"], total["row"]) == ("bucket", "total")
    assert bucket["participation_minutes"] == total["participation_minutes"] == "110.5"
    assert bucket["zone"] == "UTC"


def test_table(sqlite_shell, tmp_path):
    sqlite_shell("ingest", write(tmp_path / "e.jsonl", example()))
    text = sqlite_shell("report", *DAY, "--as-of", "2026-04-01T00:00:00Z").stdout
    assert "Participation minutes" in text
    assert "110.5" in text
    assert "UTC" in text


# -- the billing period ------------------------------------------------------------------------------------------------


def test_period(shell, tmp_path):
    shell("ingest", write(tmp_path / "e.jsonl", example()))
    at = ("--as-of", "2026-03-05T00:00:00Z")
    got = shell.json("period", "--team", "acme", *at)
    assert list(got) == ["start", "end", "zone", "metrics"]
    assert (got["start"], got["end"], got["zone"]) == (
        "2026-03-01T00:00:00+00:00",
        "2026-04-01T00:00:00+00:00",
        "UTC",
    )
    assert list(got["metrics"]) == [m.key for m in PERIOD]
    assert got["metrics"]["participation_minutes"] == {
        "value": 110.5,
        "limit": None,
        "percent": None,
    }

    shell(
        "team",
        "set",
        "acme",
        "--billing-day",
        "31",
        "--limit",
        "participation_minutes=50",
        "--limit",
        "max_concurrent_sessions=0",
    )
    got = shell.json("period", "--team", "acme", *at)
    assert (got["start"], got["end"]) == ("2026-02-28T00:00:00+00:00", "2026-03-31T00:00:00+00:00")
    assert got["metrics"]["participation_minutes"] == {"value": 110.5, "limit": 50, "percent": 221}
    assert got["metrics"]["max_concurrent_sessions"] == {"value": 1, "limit": 0, "percent": None}
    text = shell("period", "--team", "acme", *at).stdout
    assert "221.0\u202f%" in text
    assert "OVER LIMIT" in text


def test_limits_have_a_date(shell):
    shell("team", "set", "acme", "--limit", "participation_minutes=100")
    shell("team", "set", "acme", "--limit", "participation_minutes=200", "--from", "2026-03-10")

    def limit(day: str) -> float:
        return shell.json("period", "--team", "acme", "--as-of", f"{day}T12:00:00Z")["metrics"][
            "participation_minutes"
        ]["limit"]

    assert [limit(d) for d in ("2026-02-01", "2026-03-09", "2026-03-10", "2027-01-01")] == [
        100,
        100,
        200,
        200,
    ]
    shell("team", "set", "acme", "--limit", "participation_minutes=250", "--from", "2026-03-10")
    assert limit("2026-03-10") == 250


def test_teams(shell, tmp_path):
    assert shell("team", "list").stdout == ""
    shell("ingest", write(tmp_path / "e.jsonl", example()))
    shell(
        "team",
        "set",
        "bravo",
        "--zone",
        "Europe/Berlin",
        "--billing-day",
        "15",
        "--limit",
        "max_concurrent_participants=20",
    )
    assert shell("team", "list").stdout.split() == ["acme", "bravo"]
    text = shell("team", "show", "bravo").stdout
    assert "Europe/Berlin" in text
    assert "15" in text
    assert "20" in text
    assert "No limit" in text
    shell("team", "set", "bravo", "--billing-day", "3")
    assert "Europe/Berlin" in shell("team", "show", "bravo").stdout


def test_names_in_any_script(shell, tmp_path):
    """Emoji and right-to-left text are accepted as names of teams, rooms, sessions and people."""
    for i, name in enumerate(("🦊 Füchse", "فريق الدعم", "צוות", "a'b\"c;--", "%s {x}", "x" * 200)):
        log = [
            event(
                "participant.joined",
                "2026-03-01T10:00:00Z",
                f"j{i}",
                team=name,
                room=name,
                session=name,
                connection=name,
                participant=name,
                name=name,
            )
        ]
        log += [
            event(
                "participant.left",
                "2026-03-01T10:01:00Z",
                f"l{i}",
                team=name,
                room=name,
                session=name,
                connection=name,
            )
        ]
        shell("ingest", write(tmp_path / "e.jsonl", log))
        got = shell.json("report", "--team", name, "--from", "2026-03-01", "--to", "2026-03-01")
        assert got["team"] == name
        assert got["total"]["participation_minutes"] == 1
        assert name in shell("team", "list").stdout.splitlines()
        shell("report", "--team", name, "--from", "2026-03-01", "--to", "2026-03-01")


# -- wrong usage and errors --------------------------------------------------------------------------------------------

USAGE = [
    (("report", *DAY, "--zone", "Europe/Berln"), "Did you mean 'Europe/Berlin'?"),
    (("report", *DAY, "--metrics", "sesions"), "Did you mean 'sessions'?"),
    (("report", *DAY, "--grain", "fortnight"), "'fortnight' is not one of"),
    (("report", *DAY, "--format", "xml"), "'xml' is not one of"),
    (("report", *DAY, "--as-of", "yesterday"), "RFC 3339"),
    (("report", *DAY, "--as-of", "2026-03-01T00:00:00"), "offset"),
    (("report", *DAY, "--as-of", "0001-01-01T00:00:00Z"), "Instants from 2000 to 2199"),
    (("period", "--team", "acme", "--as-of", "9999-12-31T23:59:59Z"), "Instants from 2000 to 2199"),
    (("report", "--team", "acme", "--from", "2026-03-31", "--to", "2026-03-01"), "before"),
    (("report", "--team", "acme", "--from", "2026-02-30", "--to", "2026-03-01"), "YYYY-MM-DD"),
    (("report", "--team", "acme", "--from", "1970-01-01", "--to", "2026-03-01"), "out of range"),
    (("report", "--from", "2026-03-01", "--to", "2026-03-01"), "--team"),
    (("report", "--team", "acme", "--from", "2026-03-01"), "--to"),
    (("ingest",), "FILE"),
    (("nonsense",), "nonsense"),
    (("team", "set", "acme", "--billing-day", "32"), "1<=x<=31"),
    (("team", "set", "acme", "--billing-day", "0"), "1<=x<=31"),
    (("team", "set", "acme", "--limit", "sessions=3"), "cannot be limited"),
    (("team", "set", "acme", "--limit", "participation_minutes=many"), "not a number"),
    (("team", "set", "acme", "--limit", "participation_minutes=nan"), "not a number"),
    (("team", "set", "acme", "--limit", "participation_minutes=-1"), "not a number"),
    (("team", "set", "acme", "--limit", "participation_minutes"), "not a number"),
    (("team", "set", "acme", "--zone", "Mars/Olympus"), "There is no time zone"),
    (("team", "set", "acme", "--from", "2026-01-01"), "--limit"),
    (("quarantine", "show", "one"), "integer"),
    (("quarantine", "show", "0"), "1<=x<="),
    (("quarantine", "show", str(10**30)), "1<=x<="),
    (("team", "set", ""), "cannot be the key of a team"),
    (("team", "set", "x" * 1001), "cannot be the key of a team"),
    (("team", "set", "\udcff"), "cannot be the key of a team"),
    (
        ("report", "--team", "\udcff", "--from", "2026-03-01", "--to", "2026-03-01"),
        "cannot be the key of a team",
    ),
    (("ingest", "--team", "x" * 1001, "-"), "cannot be the key of a team"),
    (("ingest", "--team", "\udcff", "-"), "cannot be the key of a team"),
    (("ingest", "--team", "", "-"), "cannot be the key of a team"),
]


@pytest.mark.parametrize(
    ("args", "words"), USAGE, ids=lambda x: " ".join(x) if isinstance(x, tuple) else ""
)
def test_wrong_usage_is_status_2(sqlite_shell, args, words):
    result = sqlite_shell(*args, code=2)
    assert words in " ".join(result.stderr.split())
    assert result.stdout == ""


ERRORS = [
    (
        ("report", "--team", "acmé", "--from", "2026-03-01", "--to", "2026-03-01"),
        "Did you mean 'acme'?",
    ),
    (("period", "--team", "unknown"), "There is no team 'unknown'"),
    (("live", "--team", "unknown"), "There is no team 'unknown'"),
    (("team", "show", "unknown"), "There is no team 'unknown'"),
    (("rebuild", "--team", "unknown"), "There is no team 'unknown'"),
    (("report", "--team", "acme", "--from", "2000-01-01", "--to", "2199-12-31"), "too long"),
    (
        (
            "report",
            "--team",
            "acme",
            "--from",
            "2020-01-01",
            "--to",
            "2026-12-31",
            "--grain",
            "hour",
        ),
        "coarser",
    ),
    (("ingest", "/no/such/file"), "There is no file /no/such/file"),
    (("ingest", "/"), "is a directory"),
    (("ingest", "--source", "zoom", "-"), "There is no source 'zoom'"),
    (("quarantine", "show", "99"), "There is no 99 in quarantine"),
]


@pytest.mark.parametrize(
    ("args", "words"),
    ERRORS,
    ids=lambda x: ascii(" ".join(x))[:60] if isinstance(x, tuple) else "",
)
def test_errors_are_status_1(shell, tmp_path, args, words):
    shell("ingest", write(tmp_path / "e.jsonl", example()))
    result = shell(*args, code=1, input=line(event("session.started", "2026-03-01T10:00:00Z", "x")))
    assert words in result.stderr
    assert result.stdout == ""


def test_an_unknown_team_in_an_empty_database(sqlite_shell):
    assert "No event has come in yet" in sqlite_shell("live", "--team", "acme", code=1).stderr


# -- events in ---------------------------------------------------------------------------------------------------------


def test_ingest_from_standard_input_and_gzip(shell, tmp_path):
    import gzip

    data = b"".join(map(line, example()))
    assert "16 accepted" in shell("ingest", "-", input=data).stdout
    packed = tmp_path / "e.jsonl.gz"
    packed.write_bytes(gzip.compress(data))
    assert "0 accepted, 16 known already" in shell("ingest", packed).stdout
    assert shell.json("report", *DAY)["total"] == TRUTH


def test_team_of_events_that_name_none(shell):
    named = json.loads(line(next(iter(example()))))
    named["id"], named["data"]["session"] = "other", "s-2"
    del named["data"]["team"]
    data = b"".join(map(line, example())) + json.dumps(named).encode()
    assert "data.team is missing" in shell("ingest", "-", input=data, code=1).stderr
    shell("ingest", "--team", "bravo", "-", input=data)
    assert shell("team", "list").stdout.split() == ["acme", "bravo"]


def test_several_files_of_which_one_is_bad(shell, tmp_path):
    good = write(tmp_path / "good.jsonl", example())
    empty = tmp_path / "empty.jsonl"
    empty.write_bytes(b"")
    result = shell("ingest", empty, tmp_path / "none.jsonl", good, code=1)
    assert "is empty" in result.stderr
    assert "There is no file" in result.stderr
    assert shell.json("report", *DAY)["total"] == TRUTH


def test_conflicts_are_explained(shell):
    first = event("participant.joined", "2026-03-01T10:00:00Z", "e-1", connection="c")
    shell("ingest", "-", input=line(first))
    result = shell("ingest", "-", input=line(first._replace(time=first.time + 1)), code=1)
    assert "1 in conflict" in result.stdout
    assert (
        "event 'e-1' of 'test' is stored with other content. The stored event stays."
        in result.stderr
    )


def test_quarantine(shell):
    bad = [
        line(event("session.started", "2026-03-01T10:00:00Z", f"e-{i}"))[:-20] + b"\n"
        for i in range(12)
    ]
    result = shell("ingest", "-", input=b"".join(bad), code=1)
    assert result.stdout == "-: 0 accepted, 0 known already, 12 quarantined\n"
    assert result.stderr.count("quarantined (not-json)") == 10
    assert result.stderr.splitlines()[-1] == (
        "-: and 2 more quarantined. See them all: usage-report quarantine list"
    )
    listed = shell("quarantine", "list").stdout.splitlines()
    assert len(listed) == 12
    id, where, team, reason, why = listed[0].split("\t")
    assert (where, team, reason) == ("-:1", "-", "not-json")
    assert why
    assert len(shell("quarantine", "list", "--limit", "5").stdout.splitlines()) == 5
    assert shell("quarantine", "show", id).stdout_bytes == bad[0]
    assert (
        "0 accepted, 0 known already, 12 still in quarantine"
        in shell("quarantine", "replay", code=1).stdout
    )
    assert "Nothing is in quarantine" not in shell("quarantine", "list").stderr


def test_an_event_of_the_future_is_replayed_when_its_time_has_come(shell, monkeypatch):
    """An event of next year waits in quarantine until the clock allows it."""
    soon = event("participant.joined", "2027-03-01T10:00:00Z", "e-1", connection="c")
    monkeypatch.setattr(
        clock, "now_ms", lambda: event("session.started", "2026-03-01T10:00:00Z", "x").time
    )
    result = shell("ingest", "-", input=line(soon), code=1)
    assert "in-the-future" in result.stderr
    shell("quarantine", "replay", code=1)
    monkeypatch.setattr(clock, "now_ms", lambda: soon.time)
    assert "1 accepted" in shell("quarantine", "replay").stdout
    assert shell("quarantine", "list").stdout == ""
    assert (
        shell.json("live", "--team", "acme", "--as-of", "2027-03-01T10:00:01Z")["live_participants"]
        == 1
    )


# -- housekeeping ------------------------------------------------------------------------------------------------------


def test_rebuild(shell, tmp_path):
    shell("ingest", write(tmp_path / "e.jsonl", example()))
    assert shell("rebuild").stdout == "acme: rebuilt, every figure as before\n"
    engine = sa.create_engine(shell.url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as c:
        c.execute(t.team_quarters.update().values(chat=77))
    engine.dispose()
    result = shell("rebuild", "--team", "acme")
    assert "figures differ from before" in result.stdout
    assert "please report" in result.stderr
    assert shell.json("report", *DAY)["total"] == TRUTH
    assert "every figure as before" in shell("rebuild").stdout


def test_migrate(shell):
    assert shell("migrate").stdout == f"The schema is at {storage.SCHEMA_VERSION}.\n"
    assert shell("migrate").stdout == f"The schema is at {storage.SCHEMA_VERSION}.\n"
    assert shell("team", "list").stdout == ""


@pytest.fixture
def short_demo(monkeypatch):
    """A month of sample data is enough to see what the command does."""
    monkeypatch.setattr("usage_report.demo.sample.MONTHS", 1)


def test_demo(shell, short_demo):
    output = shell("demo").stdout
    assert re.fullmatch(rf"Sample data of team '{demo.TEAM}': [\d,]+ events added\.\n", output)
    assert shell("team", "list").stdout.split() == [demo.TEAM]
    month = (
        "report",
        "--team",
        demo.TEAM,
        "--from",
        "2000-01-01",
        "--to",
        "2001-01-01",
        "--metrics",
        "sessions",
    )
    assert shell.json(*month)["total"]["sessions"] is None, "before the records"
    before = shell.json("period", "--team", demo.TEAM)["metrics"]["participation_minutes"]
    assert before["value"] > 0
    assert before["limit"] > 0
    shell("demo", "--if-empty")
    assert "every figure as before" in shell("rebuild").stdout
    shell("token", "create", "--team", demo.TEAM, "--scope", "read")  # to be removed with the team
    shell("hook", "set", "livekit", demo.TEAM, input="secret\n")
    assert shell("demo", "--remove").stdout == "The sample data is deleted.\n"
    assert shell("team", "list").stdout == ""
    assert shell("demo", "--remove").stdout == "There is no sample data.\n"
    engine = sa.create_engine(shell.url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as c:
        left = {
            table.name
            for table in t.metadata.sorted_tables
            if c.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        }
    engine.dispose()
    assert left == {"meta", "identity_generations"}, "neither is about a team"


def test_demo_leaves_own_data_alone(sqlite_shell, short_demo, tmp_path):
    sqlite_shell("ingest", write(tmp_path / "e.jsonl", example()))
    assert sqlite_shell("demo", "--if-empty").stdout == ""
    assert sqlite_shell("team", "list").stdout.split() == ["acme"]
    sqlite_shell("demo")
    assert sorted(sqlite_shell("team", "list").stdout.split()) == sorted(["acme", demo.TEAM])
    sqlite_shell("demo", "--remove")
    assert sqlite_shell.json("report", *DAY)["total"] == TRUTH


def test_demo_does_not_take_over_a_team(sqlite_shell, short_demo):
    sqlite_shell("team", "set", demo.TEAM)
    assert "is not sample data" in sqlite_shell("demo", code=1).stderr
    assert "There is no sample data" in sqlite_shell("demo", "--remove").stdout


# -- the next step after an import -------------------------------------------------------------------------------------


def test_the_next_step_names_three_teams_and_the_public_address(shell):
    """Days are those of each team's zone: 23:30 UTC is the next day in Berlin."""
    shell("team", "set", "a b", "--zone", "Europe/Berlin")
    lines = [
        line(event("session.started", f"2026-03-0{day}T23:30:00Z", f"{team}-{day}", team=team))
        for team, days in {"a b": (1, 3), "b": (2,), "c": (2,), "d": (2,)}.items()
        for day in days
    ]
    result = shell(
        "ingest", "-", input=b"".join(lines), USAGE_REPORT_PUBLIC_URL="https://usage.example.com/"
    )
    at = "https://usage.example.com/date-range?team"
    assert result.stdout.splitlines() == [
        "-: 5 accepted, 0 known already",
        f"Team a b: 2–4 Mar 2026. See it at {at}=a+b&from=2026-03-02&to=2026-03-04",
        f"Team b: 2 Mar 2026. See it at {at}=b&from=2026-03-02&to=2026-03-02",
        f"Team c: 2 Mar 2026. See it at {at}=c&from=2026-03-02&to=2026-03-02",
        "and 1 more team. See all of them: usage-report team list",
    ]


# -- doctor ------------------------------------------------------------------------------------------------------------


def faults(result) -> dict[str, str]:
    """Return the advice of each failed check by its name."""
    rows = result.stdout.splitlines()
    return {
        row[5:].split(":")[0]: rows[i + 1].strip().removeprefix("→ ")
        for i, row in enumerate(rows)
        if row.startswith("FAIL")
    }


@pytest.fixture
def today(monkeypatch):
    """Set the clock to the evening of the worked example."""
    at = event("session.started", "2026-03-01T20:00:00Z", "x").time
    monkeypatch.setattr(clock, "now_ms", lambda: at)
    return at


def test_doctor_on_a_healthy_installation(shell, tmp_path, today):
    shell("ingest", write(tmp_path / "e.jsonl", example()))
    result = shell("doctor")
    assert "FAIL" not in result.stdout
    for name in (
        "settings",
        "presets",
        "database",
        "schema",
        "writing",
        "figures",
        "team acme",
        "quarantine",
    ):
        assert f"ok   {name}: " in result.stdout


def test_doctor_on_an_empty_database(shell):
    assert "ingest" in faults(shell("doctor", code=1))["schema"]
    shell("migrate")
    assert "ingest" in faults(shell("doctor", code=1))["events"]


def test_doctor_on_bad_settings(sqlite_shell, tmp_path):
    assert list(faults(sqlite_shell("doctor", code=1, USAGE_REPORT_STALE_AFTER_HOURS="soon"))) == [
        "settings"
    ]
    assert (
        "Did you mean 'team'"
        in faults(sqlite_shell("doctor", code=1, USAGE_REPORT_TEEM="x"))["settings"]
    )
    assert list(
        faults(sqlite_shell("doctor", code=1, USAGE_REPORT_CONFIG=str(tmp_path / "none.toml")))
    ) == ["settings"]
    assert "presets" in faults(
        sqlite_shell("doctor", code=1, USAGE_REPORT_PRESETS=str(tmp_path / "none.toml"))
    )


def test_doctor_on_bad_databases(tmp_path):
    (tmp_path / "text.db").write_text(
        "not a database at all, but long enough to have a header, " * 20
    )
    assert "path" in faults(Shell(f"sqlite:///{tmp_path}/text.db")("doctor", code=1))["database"]
    assert faults(Shell("mysql://x/y")("doctor", code=1))["database"]
    assert faults(Shell("nonsense")("doctor", code=1))["database"]
    assert faults(Shell("postgresql://127.0.0.1:1/x")("doctor", code=1))["database"]


def test_doctor_on_what_is_in_the_database(shell, today, monkeypatch):
    shell(
        "ingest",
        "-",
        input=b"{}\n" + line(event("session.started", "2026-03-01T10:00:00Z", "x")),
        code=1,
    )
    shell("team", "set", "quiet")
    found = faults(shell("doctor", code=1))
    assert "quarantine list" in found["quarantine"]
    assert not {"team quiet", "team acme"} & found.keys()
    monkeypatch.setattr(clock, "now_ms", lambda: today + 3 * 86_400_000)
    result = shell("doctor", code=1)
    assert "platform" in faults(result)["team acme"]
    assert "last event received 3 days ago, latest event happened 3 days ago\n" in result.stdout
    assert "ok   team quiet: no event received yet; to begin: usage-report ingest FILE" in (
        result.stdout
    )


def test_doctor_on_events_of_long_ago(shell, today):
    """They have just arrived, but nothing recent has."""
    shell("ingest", "-", input=line(event("session.started", "2025-03-01T10:00:00Z", "x")))
    result = shell("doctor", code=1)
    assert "newer files" in faults(result)["team acme"]
    assert "last event received 0 min ago, latest event happened 365 days ago" in result.stdout


def test_doctor_on_uncounted_sessions(shell, tmp_path, today, monkeypatch):
    monkeypatch.setattr(pipeline, "process_pending", lambda engine, **_: 0)
    shell("ingest", write(tmp_path / "e.jsonl", example()))
    assert "rebuild" in faults(shell("doctor", code=1))["figures"]
    monkeypatch.undo()
    assert (
        shell.json("report", *DAY, "--as-of", "2026-03-01T20:00:00Z")["total"] == TRUTH
    )  # a report counts pending events first


def test_doctor_on_little_disk_and_an_old_sqlite(sqlite_shell, monkeypatch, tmp_path, today):
    sqlite_shell("ingest", write(tmp_path / "e.jsonl", example()))
    monkeypatch.setattr(doctor, "MIN_FREE_BYTES", 10**18)
    assert "room" in faults(sqlite_shell("doctor", code=1))["disk"]


def test_doctor_on_a_uri(sqlite_shell, tmp_path, today):
    sqlite_shell("ingest", write(tmp_path / "e.jsonl", example()))
    result = Shell(f"sqlite:///file:{tmp_path}/usage.db?mode=ro&uri=true")("doctor", code=1)
    assert "write permission" in faults(result)["writing"]


# -- as real processes -------------------------------------------------------------------------------------------------


def test_as_a_process(tmp_path):
    """Without a terminal there is no progress bar and no colour."""
    url = f"sqlite:///{tmp_path}/deep/er/usage.db"
    ingest = spawn(url, "ingest", write(tmp_path / "e.jsonl", example()))
    out, err = ingest.communicate(timeout=60)
    assert (ingest.returncode, err) == (0, b"")
    assert b"\x1b" not in out
    report = spawn(url, "report", *DAY, "--format", "json")
    out, err = report.communicate(timeout=60)
    assert (report.returncode, err) == (0, b"")
    assert json.loads(out)["total"] == TRUTH
    assert spawn(url, "report").wait(60) == 2
    assert spawn(url, "live", "--team", "unknown").wait(60) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_events_from_a_pipe(tmp_path, packed):
    """A real pipe, which has no position: ``… | usage-report ingest -``."""
    import gzip

    data = b"".join(map(line, example()))
    ingest = spawn(f"sqlite:///{tmp_path}/usage.db", "ingest", "-", stdin=subprocess.PIPE)
    out, err = ingest.communicate(gzip.compress(data) if packed else data, timeout=60)
    assert (ingest.returncode, err) == (0, b"")
    assert b"16 accepted" in out


def test_a_closed_output_pipe_is_no_error(tmp_path):
    """As in ``usage-report report … | head -1``."""
    url = f"sqlite:///{tmp_path}/usage.db"
    spawn(url, "team", "set", "acme").communicate(timeout=60)
    report = spawn(
        url,
        "report",
        "--team",
        "acme",
        "--from",
        "2025-01-01",
        "--to",
        "2026-12-31",
        "--format",
        "json",
    )
    assert report.stdout.read(1) == b"{"
    report.stdout.close()
    err = report.stderr.read()
    report.wait(60)
    assert b"Traceback" not in err
    assert b"should not happen" not in err


def test_a_file_name_that_is_not_text(tmp_path):
    url, name = f"sqlite:///{tmp_path}/usage.db", tmp_path / "caf\udce9.jsonl"
    write(name, [*example()])
    with name.open("ab") as out:
        out.write(b"{}\n")
    ingest = spawn(url, "ingest", name, stdout=subprocess.PIPE)
    out, err = ingest.communicate(timeout=60)
    assert ingest.returncode == 1
    assert b"16 accepted" in out
    assert b"should not happen" not in err
    assert spawn(url, "quarantine", "list").communicate(timeout=60)[0]


# -- a real lesson -----------------------------------------------------------------------------------------------------

LESSON = Path(__file__).parents[3] / "shared" / "data" / "bigbluebutton" / "lesson-events.xml.gz"


def lesson() -> Path:
    import os

    folder = os.environ.get("USAGE_REPORT_TEST_DATA")
    return Path(folder) / "bigbluebutton" / LESSON.name if folder else LESSON


@pytest.mark.skipif(
    not lesson().exists(),
    reason="the shared data folder is not here (USAGE_REPORT_TEST_DATA names another place)",
)
def test_a_real_lesson(shell):
    """Figures computed independently: see the README of the data folder. What the file does not
    report is absent, not 0.
    """
    shell("ingest", "--team", "school", lesson())
    got = shell.json(
        "report",
        "--team",
        "school",
        "--from",
        "2019-03-01",
        "--to",
        "2019-03-31",
        "--as-of",
        "2019-04-02T00:00:00Z",
    )
    total = got["total"]
    assert total["active_participants"] == 11
    assert total["max_concurrent_participants"] == total["max_participants_per_session"] == 10
    # 2331.3 s counted without the program; its one recording runs from ...765.689 to ...097.404 by its UTC stamps: 2331.715 s.
    assert total["recorded_minutes"] * 60_000 == 2_331_715
    assert total["chat_posts"] == 38
    assert (
        total["sessions"]
        == total["active_rooms"]
        == total["max_concurrent_sessions"]
        == total["max_concurrent_recordings"]
        == 1
    )
    assert total["participation_minutes"] * 60 == pytest.approx(LESSON_ATTENDANCE, abs=60)
    absent = {"recording_storage_minutes", "qa_posts", "captions_minutes", "whiteboard_minutes"}
    assert {k for k, v in total.items() if v is None} == absent
    known = [row for row in got["rows"] if row["sessions"] is not None]
    assert all({k for k, v in row.items() if v is None} == absent for row in known)
    before = got["rows"][: -len(known)]  # no records
    assert {v for row in before for k, v in row.items() if k != "start"} == {None}
    period = shell.json("period", "--team", "school", "--as-of", "2019-03-20T00:00:00Z")["metrics"]
    assert period["captions_minutes"] == {"value": None, "limit": None, "percent": None}
    assert (
        "not supplied"
        in shell(
            "report", "--team", "school", "--from", "2019-03-15", "--to", "2019-03-15"
        ).stdout.lower()
    )
    assert "0 accepted" in shell("ingest", "--team", "school", lesson()).stdout
    assert "every figure as before" in shell("rebuild").stdout


#: Seconds of attendance, added over all connections.
LESSON_ATTENDANCE = 24_277
