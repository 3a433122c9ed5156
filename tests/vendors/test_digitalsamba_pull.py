"""The pull from Digital Samba, from a real HTTP server into real databases: complete, resumable, idempotent."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from datetime import date

import orjson
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from support.fake_digitalsamba import KEY, FakeDigitalSamba, serving, status
from usage_report import storage
from usage_report.cli.pull import pull as command
from usage_report.core.errors import InputError, VendorError
from usage_report.core.events import instant
from usage_report.ingest import pipeline, pull
from usage_report.ingest import teams as team_changes
from usage_report.reporting import vendor_figures as stored
from usage_report.reporting.model import Query
from usage_report.reporting.reader import Reader
from usage_report.sources.contract import Context
from usage_report.sources.files import jsonl
from usage_report.sources.pull import digitalsamba as ds
from usage_report.storage import tables as t
from usage_report.storage import teams
from usage_report.storage.vendor_figures import cursor

NOW = instant("2026-03-10T12:00:00Z")
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 8)
DAY = 86_400_000


def with_meetings(fake: FakeDigitalSamba) -> FakeDigitalSamba:
    """Add four meetings on five days, one of them across midnight, and two recordings."""
    fake.meet("s1", "2026-03-02T09:00:00", 30.5, 3)
    fake.meet("s2", "2026-03-03T23:50:00", 30, 2)
    fake.meet("s3", "2026-03-05T10:00:00", 10, 1, room="room-2")
    fake.meet("s4", "2026-03-08T10:00:00", 5, 1)
    fake.record("r1", "s1", "2026-03-02T09:10:00", 600)
    fake.record("r2", "s3", "2026-03-05T10:00:00", 90, room="room-2")
    return fake


@pytest.fixture
def fake():
    with serving(with_meetings(FakeDigitalSamba())) as fake:
        yield fake


@pytest.fixture
def lite(tmp_path):
    engine = storage.open_database(f"sqlite:///{tmp_path}/usage.db")
    yield engine
    engine.dispose()


def run(engine, fake, now=NOW, first=FIRST, last=LAST, **options):
    with ds.Client(KEY, fake.url, pace=0) as client:
        done = pull.pull(engine, client, "acme", first=first, last=last, now=lambda: now, **options)
    pipeline.process_pending(engine)
    return done


def report(engine, as_of=NOW, first=FIRST, last=LAST):
    return Reader(engine, DAY).report(Query("acme", first, last, "UTC", as_of))


def state(engine) -> tuple:
    """Everything a pull stores: report, the vendor's figures, ids and times of events, size of the quarantine."""
    with storage.reading(engine) as c:
        events = sorted(c.execute(sa.select(t.events.c.id, t.events.c.time)).all())
        quarantined = c.execute(sa.select(sa.func.count()).select_from(t.quarantine)).scalar()
    return (
        report(engine).json(),
        stored.figures(engine, "acme", "digitalsamba", FIRST, LAST).values,
        events,
        quarantined,
    )


def test_everything_is_read(engine, fake):
    done = run(engine, fake)
    total = report(engine).json()["total"]
    assert total["participation_minutes"] == 3 * 30.5 + 2 * 30 + 10 + 5
    assert total["sessions"] == 4
    assert total["active_rooms"] == 2
    assert total["active_participants"] == 3
    assert total["recorded_minutes"] == 11.5
    assert total["recording_storage_minutes"] == 11.5
    assert total["broadcast_minutes"] is None, "what the lists do not report is not 0"
    stored_figures = stored.figures(engine, "acme", "digitalsamba", FIRST, LAST)
    assert sorted(stored_figures.values) == [f"2026-03-0{i}" for i in range(1, 9)]
    assert stored_figures.values["2026-03-02"]["participation_minutes"] == 93
    assert set(stored_figures.fetched.values()) == {NOW}
    assert (done.days, done.counts.not_accepted, done.resumed, done.date_end) == (
        8,
        0,
        False,
        "inclusive",
    )
    assert fake.keys == {f"Bearer {KEY}"}
    with storage.reading(engine) as c:
        assert cursor(c, teams.team_id(c, "acme"), "digitalsamba").stream == ""


def test_participants_who_joined_before_the_first_day_count_on_it(lite, fake):
    run(lite, fake, first=date(2026, 3, 4), last=date(2026, 3, 4))
    assert (
        report(lite, first=date(2026, 3, 4), last=date(2026, 3, 4)).total("participation_minutes")
        == 40
    )


@pytest.mark.parametrize("spelling", ["oas", "docs"])
@pytest.mark.parametrize("inclusive", [True, False])
def test_spelling_and_meaning_of_date_end_make_no_difference(lite, fake, spelling, inclusive):
    fake.spelling, fake.inclusive = spelling, inclusive
    run(lite, fake)
    figures = stored.figures(lite, "acme", "digitalsamba", FIRST, LAST).values
    assert {d: v["max_concurrent_participants"] for d, v in figures.items() if v["sessions"]} == {
        "2026-03-02": 3, "2026-03-03": 2, "2026-03-05": 1, "2026-03-08": 1,
    }  # fmt: skip
    assert report(lite).total("recorded_minutes") == 11.5


def test_a_second_pull_changes_nothing(engine, fake):
    run(engine, fake)
    before = state(engine)
    done = run(engine, fake)
    assert state(engine) == before
    assert done.counts.accepted == 0
    assert (
        done.counts.duplicates == 2 * 4 + 2 * 7
    )  # recordings whose end is known are not requested


def test_a_recording_is_requested_once(lite, fake):
    run(lite, fake)
    assert sum(a.startswith("recordings/r") for a in fake.requests) == 2
    fake.requests.clear()
    run(lite, fake)
    assert not any(a.startswith("recordings/r") for a in fake.requests)


def test_a_list_of_several_pages(lite, fake):
    fake.meet("big", "2026-03-06T10:00:00", 2, 230)
    run(lite, fake)
    assert report(lite).total("max_concurrent_participants") == 230


def test_participants_who_were_live_get_their_leave_when_it_is_known(engine, fake):
    fake.meet("now", "2026-03-10T11:30:00", 45, 2)
    over = [dict(fake.sessions[-1]), *map(dict, fake.participants[-2:])]
    fake.sessions[-1].update(live=True, end_time=None)
    for person in fake.participants[-2:]:
        person.update(live=True, leave_time=None)
    run(engine, fake, last=None)
    live = Reader(engine, DAY).live("acme", NOW)
    assert (live.live_participants, live.live_sessions) == (2, 1)
    fake.sessions[-1], fake.participants[-2:] = over[0], over[1:]
    later = NOW + 3_600_000
    done = run(engine, fake, now=later, first=None, last=None)
    assert done.counts.accepted == 3, "two leaves and the end of the session"
    assert not done.counts.conflicts
    assert Reader(engine, DAY).live("acme", later).live_participants == 0
    assert (
        report(engine, later, first=date(2026, 3, 10), last=date(2026, 3, 10)).total(
            "participation_minutes"
        )
        == 90
    )


def test_a_deleted_recording_is_no_longer_stored(engine, fake):
    run(engine, fake)
    fake.archived.append(fake.recordings.pop(1))
    run(engine, fake, now=NOW + 1000)
    assert (
        report(engine, NOW + 2000, last=date(2026, 3, 10)).total("recording_storage_minutes")
        == 11.5
    ), "archived is not deleted"
    fake.archived.clear()
    done = run(engine, fake, now=NOW + 5000)
    assert done.counts.accepted == 1
    assert (
        report(engine, NOW + 9000, last=date(2026, 3, 10)).total("recording_storage_minutes") == 10
    )
    assert report(engine, NOW + 9000).total("recorded_minutes") == 11.5
    assert run(engine, fake, now=NOW + 6000).counts.accepted == 0, "deleted once"


def test_a_recording_that_is_missing_from_the_list_is_not_deleted(lite, fake):
    run(lite, fake)
    hidden = fake.recordings.pop(0)
    fake.recordings.append(hidden | {"id": "other", "status": "AWAITING_START"})
    # It is not in the list, but still at its own address.
    real = fake._page
    fake.recordings.append(hidden)
    fake._page = lambda request, rows: real(request, [r for r in rows if r["id"] != "r1"])
    assert run(lite, fake).counts.accepted == 0


def test_an_invalid_object_is_quarantined_and_the_others_count(lite, fake):
    fake.participants[0]["leave_time"] = "2026-03-02 08:00:00"
    done = run(lite, fake)
    assert (done.counts.quarantined, done.examples[0].reason) == (1, "wrong-value")
    assert report(lite).total("participation_minutes") == 2 * 30.5 + 75
    fake.participants[0]["leave_time"] = "2026-03-02 09:30:30"
    assert pipeline.replay(lite, now=NOW).quarantined_before == 1
    run(lite, fake)
    assert report(lite).total("participation_minutes") == 3 * 30.5 + 75


def test_an_object_that_changed_at_the_vendor_is_reported(lite, fake):
    run(lite, fake)
    fake.participants[0]["leave_time"] = "2026-03-02 09:20:00"
    done = run(lite, fake)
    assert done.counts.conflicts == [("digitalsamba-rest", "participant:s1-p0:left")]
    assert report(lite).total("participation_minutes") == 3 * 30.5 + 75


def test_a_team_with_webhooks_too_counts_no_participant_twice(engine, fake):
    """The webhooks report the same joins and leaves, with other event ids."""
    lines = []
    for n, person in enumerate(fake.participants):
        for what, field, shift in (
            ("joined", "join_time", "+00:00"),
            ("left", "leave_time", "+00:00"),
        ):
            when = person[field].replace(" ", "T") + shift
            data = {
                "team": "acme",
                "room": person["room_id"],
                "session": person["session_id"],
                "connection": person["id"],
                "participant": person["external_id"],
            }
            lines.append(
                {
                    "specversion": "1.0",
                    "id": f"hash-{n}-{what}",
                    "source": "digitalsamba",
                    "type": f"participant.{what}",
                    "time": when,
                    "data": data,
                }
            )
    stream = io.BytesIO(b"\n".join(map(orjson.dumps, lines)))
    pipeline.append(
        engine,
        jsonl.SOURCE.read(stream, Context(NOW, "acme")),
        now=NOW,
        format="jsonl",
        origin="hooks",
    )
    pipeline.process_pending(engine)
    alone = report(engine).json()["total"]
    run(engine, fake)
    both = report(engine).json()["total"]
    for key in (
        "participation_minutes",
        "sessions",
        "active_participants",
        "max_concurrent_participants",
        "active_rooms",
    ):
        assert both[key] == alone[key], key


# Interrupted pulls


def test_a_pull_that_is_interrupted_at_any_request_continues(lite, fake, tmp_path):
    other = storage.open_database(f"sqlite:///{tmp_path}/other.db")
    run(other, fake)
    wanted = state(other)
    other.dispose()
    for n in range(1, 60):
        fake.requests.clear()
        fake.faults = [None] * n + [status(401)]
        try:
            done = run(lite, fake)
            break
        except VendorError:
            pipeline.process_pending(lite)
    assert n > 5, "it was interrupted several times"
    assert done.resumed
    assert state(lite) == wanted


def test_what_was_read_is_not_read_again(lite, fake):
    fake.faults = [*[None] * 8, status(403)]
    with pytest.raises(VendorError):
        run(lite, fake)
    before = list(fake.requests)
    fake.requests.clear()
    run(lite, fake)
    assert len(before) == 9
    assert before[-1] == fake.requests[0], "it continues with the request that failed"
    assert not set(before[:8]) & set(fake.requests)


def test_a_pull_of_other_days_starts_from_the_beginning(lite, fake):
    fake.faults = [*[None] * 10, status(403)]
    with pytest.raises(VendorError):
        run(lite, fake)
    done = run(lite, fake, first=date(2026, 3, 5), last=date(2026, 3, 6))
    assert (done.resumed, done.days) == (False, 2)


def test_a_pull_that_was_interrupted_yesterday_is_finished_and_today_follows(lite, fake):
    fake.faults = [*[None] * 6, status(403)]
    with pytest.raises(VendorError):
        run(lite, fake, first=None, last=None, now=NOW - DAY)
    done = run(lite, fake, first=None, last=None)
    assert done.resumed
    assert done.last == date(2026, 3, 10)
    assert stored.vendors(lite, "acme") == {"digitalsamba": (date(2026, 2, 7), date(2026, 3, 10))}


def test_the_next_pull_reads_the_last_days_again(lite, fake):
    run(lite, fake, first=None, last=None)
    done = run(lite, fake, first=None, last=None, now=NOW + DAY)
    assert (done.first, done.last, done.days) == (date(2026, 3, 7), date(2026, 3, 11), 5)


def test_days_that_cannot_be_pulled(lite, fake):
    with pytest.raises(InputError, match="has not come yet"):
        run(lite, fake, first=date(2026, 3, 11), last=None)
    with pytest.raises(InputError, match="too many"):
        run(lite, fake, first=date(2001, 3, 11), last=None)
    assert not fake.requests


def test_a_team_with_sample_data_is_refused(lite, fake):
    team_changes.change(lite, "acme", now=NOW, sample=True)
    with pytest.raises(InputError, match="sample data"):
        run(lite, fake)
    assert not fake.requests


@pytest.mark.slow
def test_a_pull_that_is_killed_continues_where_it_was(fake, tmp_path):
    """The command is killed at several requests and then run to its end: the result is that of one run."""
    clean = storage.open_database(f"sqlite:///{tmp_path}/clean.db")
    run(clean, fake)
    url = f"sqlite:///{tmp_path}/killed.db"
    env = {k: v for k, v in os.environ.items() if not k.startswith("USAGE_REPORT_")} | {
        "USAGE_REPORT_DATABASE_URL": url, "DIGITALSAMBA_API_KEY": KEY, "USAGE_REPORT_DIGITALSAMBA_URL": fake.url,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip
    code = "from usage_report.sources.pull import digitalsamba as d; d.PACE_SECONDS = 0; from usage_report.cli.pull import pull; pull()"
    line = [
        sys.executable,
        "-c",
        code,
        "digitalsamba",
        "--team",
        "acme",
        "--from",
        str(FIRST),
        "--to",
        str(LAST),
    ]
    for n in (1, 3, 2, 4, 5):
        child = subprocess.Popen(
            line, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        fake.requests.clear()
        fake.hook = lambda count, n=n, pid=child.pid: (
            os.kill(pid, signal.SIGKILL) if count == n else None
        )
        assert child.wait(60) == -signal.SIGKILL
    fake.hook = None
    fake.requests.clear()
    last = subprocess.run(line, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert last.returncode == 0, last.stderr
    assert not any(a.startswith("sessions") for a in fake.requests), (
        "it did not start from the beginning"
    )
    killed = storage.open_database(url)
    assert state(killed) == state(clean)
    killed.dispose()
    clean.dispose()


# The command


@pytest.fixture
def shell(fake, tmp_path, monkeypatch):
    monkeypatch.setenv("USAGE_REPORT_DATABASE_URL", f"sqlite:///{tmp_path}/cli.db")
    monkeypatch.setenv("USAGE_REPORT_DIGITALSAMBA_URL", fake.url)
    monkeypatch.setenv("DIGITALSAMBA_API_KEY", KEY)
    monkeypatch.setattr(ds, "PACE_SECONDS", 0)
    return lambda *args: CliRunner().invoke(command, ["digitalsamba", "--team", "acme", *args])


def test_the_command_prints_what_it_did(shell):
    result = shell("--from", "2026-03-01", "--to", "2026-03-03")
    assert result.exit_code == 0, result.output
    assert "2026-03-01 to 2026-03-03: " in result.stdout
    assert "statistics of 3 days" in result.stdout
    assert "Reading participants" in result.stderr


def test_the_command_prints_what_was_quarantined(shell, fake):
    fake.participants[0]["leave_time"] = "2026-03-02 08:00:00"
    result = shell("--from", "2026-03-01", "--to", "2026-03-03")
    assert result.exit_code == 1
    assert "1 quarantined" in result.stdout
    assert "is before join_time" in result.stderr


def test_wrong_usage(shell, monkeypatch):
    assert shell("--from", "2026-03-05", "--to", "2026-03-01").exit_code == 2
    assert shell("--from", "March").exit_code == 2
    monkeypatch.delenv("DIGITALSAMBA_API_KEY")
    result = shell()
    assert isinstance(result.exception, InputError)
    assert "DIGITALSAMBA_API_KEY is not set" in str(result.exception)
