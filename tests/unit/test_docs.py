"""README and docs say what is true: commands exist, links resolve, tables are complete, examples give what they promise."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from usage_report.api import http
from usage_report.cli.main import main
from usage_report.core import presets, settings, telemetry
from usage_report.core.events import KINDS, instant, parse
from usage_report.core.metrics import ALL, METRICS, Measure
from usage_report.ingest.write_queue import QUEUE_BYTES, QUEUE_EVENTS
from usage_report.sources import registry

ROOT = Path(__file__).parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
}
SOURCE = "\n".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").rglob("*.py"))
)
NOW = instant("2200-01-01T00:00:00Z")
EVERY_PAGE = pytest.mark.parametrize("page", PAGES)


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGES[page], re.MULTILINE | re.DOTALL)


def section(page: str, heading: str) -> str:
    """Text under a heading, up to the next one of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    after = PAGES[page].split(f"\n{heading}\n", 1)[1]
    return re.split(rf"^#{{1,{level}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """Cells of all rows of the tables in a text, without heads and rules."""
    lines = [line.strip() for line in text.splitlines()]
    table = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]
    rules = [i for i, cells in enumerate(table) if set("".join(cells)) <= set("-: ")]
    return [cells for i, cells in enumerate(table) if i not in rules and i + 1 not in rules]


def names(text: str) -> list[str]:
    """The first cell of each row of a table, where it is code."""
    return [cells[0].strip("`") for cells in rows(text) if cells[0].startswith("`")]


# -- commands ----------------------------------------------------------------------------------------------------------

_COMMAND = re.compile(r"(?:^|[\s`(])(?:\.venv/bin/)?usage-report ([^\n`|<>;]+)")


def commands() -> Iterator[tuple[str, str, bool]]:
    """(page, arguments, is it a whole command line?) of every mention of ours."""
    for page, text in PAGES.items():
        for block in blocks(page, "sh"):
            yield from (
                (page, found, True)
                for line in block.splitlines()
                for found in _COMMAND.findall(line)
            )
        prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
        yield from (
            (page, found, False)
            for span in re.findall(r"`([^`\n]+)`", prose)
            for found in _COMMAND.findall(" " + span)
        )


COMMANDS = sorted(set(commands()))


def leaf(args: list[str]) -> tuple[click.Command, list[str]]:
    """The command that arguments name, and what is left of them."""
    command: click.Command = main
    while isinstance(command, click.Group) and args and not args[0].startswith("-"):
        assert args[0] in command.commands, f"there is no command {args[0]!r}"
        command, args = command.commands[args[0]], args[1:]
    return command, args


@pytest.mark.parametrize(
    ("page", "text", "whole"), COMMANDS, ids=[f"{page}: {text}" for page, text, _ in COMMANDS]
)
def test_commands_exist(page, text, whole):
    args = shlex.split(text.replace("…", "").replace("$TODAY", "2026-03-02"))
    args = [a for a in args if a not in ("COMMAND", "--debug", "--version")]
    command, rest = leaf(args)
    known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help"}
    assert {a for a in rest if a.startswith("--")} <= known
    if whole:
        assert not isinstance(command, click.Group)
        command.make_context(command.name, rest)  # raises for whatever cannot be parsed


def test_commands_are_found_at_all():
    assert sum(whole for _, _, whole in COMMANDS) > 30
    assert sum(not whole for _, _, whole in COMMANDS) > 10


def test_every_command_and_option_is_documented():
    for name, command in main.commands.items():
        text = section("docs/command-line.md", f"## {name}")
        parts = command.commands.items() if isinstance(command, click.Group) else [(name, command)]
        for part, one in parts:
            assert f"usage-report {name}" + (f" {part}" if part != name else "") in text
            missing = [
                o
                for p in one.params
                if isinstance(p, click.Option)
                for o in p.opts
                if o not in text
            ]
            # The format and the instant are explained once, at report.
            assert set(missing) <= ({"--format", "--as-of"} if name != "report" else set())
    for option in ("--debug", "--version", "--help"):
        assert option in PAGES["docs/command-line.md"]


def test_make_targets_exist_and_are_documented():
    targets = set(
        re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    )
    documented = {
        t
        for text in PAGES.values()
        for t in re.findall(r"(?:`|^)make ([a-z]+)", text, re.MULTILINE)
    }
    assert documented == targets


# -- links -------------------------------------------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """Ids of headings as code hosts make them."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@EVERY_PAGE
def test_links_resolve(page):
    text = re.sub(r"^```.*?^```$", "", PAGES[page], flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'\b(?:src|srcset)="([^"]+)"', text)
    for link in links:
        if re.match(r"https?:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), link


def linked_pages(page: str) -> set[str]:
    """Return the pages of the project that a page links to."""
    links = re.findall(r"\]\(([^)\s#]+\.md)", PAGES[page])
    targets = ((ROOT / page).parent / link for link in links if not link.startswith("http"))
    return {target.resolve().relative_to(ROOT).as_posix() for target in targets}


def test_every_page_is_reachable_from_the_readme():
    reached, waiting = set(), ["README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            waiting += linked_pages(page)
    assert reached == set(PAGES)


def test_the_index_lists_every_page_of_the_docs():
    pages = {page for page in PAGES if re.fullmatch(r"docs/[^/]+\.md", page)} - {"docs/README.md"}
    assert linked_pages("docs/README.md") >= pages


def test_pictures_are_used_and_small():
    pictures = {
        path.relative_to(ROOT).as_posix(): path.stat().st_size
        for path in (ROOT / "docs/images").glob("*.png")
    }
    used = {
        ((ROOT / page).parent / found).resolve().relative_to(ROOT).as_posix()
        for page, text in PAGES.items()
        for found in re.findall(r'(?:src|srcset)="([^"]+\.png)"', text)
    }
    assert pictures.keys() == used
    assert max(pictures.values()) < 300_000


# -- tables ------------------------------------------------------------------------------------------------------------

_COMBINE = {
    Measure.MINUTES: "sum",
    Measure.COUNT: "sum",
    Measure.DISTINCT: "union",
    Measure.PEAK: "maximum",
    Measure.LEVEL: "last",
}
_RANGE = _COMBINE | {
    Measure.DISTINCT: "each counted once",
    Measure.PEAK: "the highest",
    Measure.LEVEL: "the last",
}


def test_every_metric_is_defined_and_says_how_it_combines():
    documented = [
        (cells[0].strip("`"), cells[2])
        for cells in rows(section("docs/metrics.md", "## The metrics"))
    ]
    assert documented == [(m.key, _COMBINE[m.measure]) for m in ALL]


def test_the_seventeen_metrics_are_listed():
    documented = [
        (cells[0], cells[2])
        for cells in rows(section("docs/metrics.md", "## The seventeen metrics in short"))
    ]
    assert documented == [(m.title, _RANGE[m.measure]) for m in METRICS]


def test_every_event_type_and_field_is_documented():
    table = {
        cells[0].strip("`"): cells[1] for cells in rows(section("docs/events.md", "## The types"))
    }
    assert list(table) == [k.type for k in KINDS]
    for kind in KINDS:
        wanted = {kind.subject, *kind.required} - {""} | (
            {"participant", "name"} if kind.type == "participant.joined" else set()
        )
        assert set(re.findall(r"`(\w+)`", table[kind.type])) == wanted


def test_every_reason_is_documented():
    raised = set(re.findall(r'(?:EventError|QuarantinedInput)\(\s*"([a-z0-9-]+)"', SOURCE)) | set(
        re.findall(r'return\s*\(?\s*"(not-[a-z0-9]+)"', SOURCE)
    )
    assert len(raised) > 10
    assert set(names(section("docs/events.md", "## Quarantine"))) == raised


def test_every_setting_is_documented_with_its_default():
    table = {
        cells[0].strip("`"): cells[1:3]
        for cells in rows(section("docs/settings.md", "## The settings"))
    }
    assert table.keys() == {f"USAGE_REPORT_{f.name.upper()}" for f in fields(settings.Settings)} | {
        "USAGE_REPORT_CONFIG"
    }
    for field in fields(settings.Settings):
        name, default = (cell.strip("`") for cell in table[f"USAGE_REPORT_{field.name.upper()}"])
        assert name == field.name
        if field.default != "":
            assert default == (
                f"{field.default:g}" if isinstance(field.default, float) else field.default
            )


def test_every_platform_has_its_section_and_its_events():
    documented = {
        cells[2].strip("`"): cells[0]
        for cells in rows(PAGES["docs/connect.md"].split("## How to connect")[0])
        if cells[2]
    }
    assert documented.keys() == registry.platforms().keys()
    for link in documented.values():
        title = link[1:].split("]")[0]
        text = section(
            "docs/connect.md",
            f"## {title}"
            if f"\n## {title}\n" in PAGES["docs/connect.md"]
            else f"## {title} webhooks",
        )
        for part in ("Where", "Secret", "Events", "Supplies", "Not supplied"):
            assert f"- **{part}**:" in text, (title, part)
    known = set(names(section("docs/connect.md", "## Files")))
    assert known == registry.files().keys()


def test_metrics_and_limits_of_the_api_are_documented():
    documented = [
        name
        for name in names(section("docs/api.md", "## Health and metrics"))
        if name.startswith("usage_report_")
    ]
    kinds = {
        m.name + ("_total" if m.type == "counter" else "") for m in telemetry.REGISTRY.collect()
    }
    assert set(documented) == kinds
    text = section("docs/api.md", "## Limits and errors")
    assert (
        f"{http.MAX_BODY // 2**20} MiB as sent, {http.MAX_UNPACKED // 2**20} MiB unpacked" in text
    )
    assert f"{QUEUE_EVENTS:,}, or {QUEUE_BYTES // 2**20} MiB" in text


@EVERY_PAGE
def test_no_setting_is_made_up(page):
    known = {f"USAGE_REPORT_{f.name.upper()}" for f in fields(settings.Settings)} | {
        "USAGE_REPORT_CONFIG"
    }
    assert set(re.findall(r"USAGE_REPORT_[A-Z_]+", PAGES[page])) <= known


def test_examples_of_settings_and_presets_are_accepted(tmp_path, monkeypatch):
    (a, b) = (tmp_path / "settings.toml", tmp_path / "presets.toml")
    for path, text in zip((a, b), blocks("docs/settings.md", "toml"), strict=True):
        path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("USAGE_REPORT_CONFIG", str(a))
    assert settings.load().stale_after_hours == 12
    assert presets.load(b).default == "last-14"


def test_every_key_and_unit_of_a_preset_is_documented():
    text = section("docs/settings.md", "## Presets of ranges")
    assert set(names(text)) == {"default", *presets.KEYS}
    assert set(presets.UNITS) <= set(re.findall(r"`(\w+)`", text))


def test_every_dependency_has_its_reason():
    """The reason of each is a comment on its line."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lists = re.findall(
        r"^(?:dependencies|test|bench) = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL
    )
    assert len(lists) == 3
    for line in "".join(lists).splitlines():
        assert re.fullmatch(r'    "[^"]+",\s+# .+', line), line


def test_every_decision_is_listed():
    files = {page for page in PAGES if page.startswith("docs/decisions/")}
    assert linked_pages("docs/decisions/README.md") | {"docs/decisions/README.md"} >= files


def test_the_glossary_is_sorted_and_defines_each_term_once():
    terms = [cells[0] for cells in rows(PAGES["docs/glossary.md"])]
    assert terms == sorted(set(terms), key=str.lower)


# -- examples ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path):
    """``run(command line, input)`` -> what it prints, in a database of this test's own."""
    runner = CliRunner(env={"USAGE_REPORT_DATABASE_URL": f"sqlite:///{tmp_path}/usage.db"})

    def run(line: str, given: str = "") -> str:
        result = runner.invoke(main, shlex.split(line), input=given)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def readme_events() -> str:
    events = re.search(r"ingest - <<END\n(.*?)^END$", PAGES["README.md"], re.MULTILINE | re.DOTALL)
    return events[1].replace("${TODAY}", "2026-03-02")


def test_the_example_of_the_readme(run):
    assert "4 accepted" in run("ingest -", readme_events())
    assert "0 accepted, 4 known already" in run("ingest -", readme_events())
    total = json.loads(run("report --team acme --from 2026-03-02 --to 2026-03-02 --format json"))[
        "total"
    ]
    promised = re.search(
        r"The report shows (\d+) participation minutes \((\d+) of Ana, (\d+) of Ben\) and (\d+) broadcast",
        PAGES["README.md"],
    )
    whole, ana, ben, sent = map(int, promised.groups())
    assert (
        (total["participation_minutes"], total["broadcast_minutes"])
        == (whole, sent)
        == (ana + ben, sent)
    )


def test_the_example_of_the_event_format():
    (line,) = blocks("docs/events.md", "jsonl")
    assert parse(json.loads(line), now=NOW).type == "participant.joined"


def test_the_worked_example(run):
    """Its table holds every metric, and each figure is what its events come to."""
    text = section("docs/metrics.md", "## A worked example")
    (events,) = blocks("docs/metrics.md", "jsonl")
    assert f"{len(events.splitlines())} accepted, 0 known already\n" in run("ingest -", events)
    documented = {
        cells[0].strip("`"): float(cells[2]) for cells in rows(text) if cells[0].startswith("`")
    }
    assert list(documented) == [m.key for m in ALL]
    report = "report --team school --from 2026-03-04 --to 2026-03-05 --as-of 2026-03-05T00:00:00Z --format json"
    answer = json.loads(run(report))
    assert answer["rows"][0] | answer["total"] == documented | {
        "start": "2026-03-04T00:00:00+00:00"
    }
    tokyo = json.loads(run(report.replace("--as-of 2026-03-05T00:00:00Z", "--zone Asia/Tokyo")))
    days = [
        int(n)
        for n in re.search(
            r"then has (\d+) participation minutes, and the 5th has (\d+)", text
        ).groups()
    ]
    assert [row["participation_minutes"] for row in tokyo["rows"]] == days


def test_a_late_deletion_does_not_lengthen_a_stay(run):
    """As metrics.md states: a deletion is no activity, and a late leave corrects an estimated end."""

    def event(id: str, type: str, time: str, **data: str) -> str:
        body = {"team": "acme", "room": "r", "session": "s", **data}
        return (
            json.dumps(
                {
                    "specversion": "1.0",
                    "id": id,
                    "source": "x",
                    "type": type,
                    "time": time,
                    "data": body,
                }
            )
            + "\n"
        )

    def minutes(as_of: str) -> float:
        line = f"report --team acme --from 2026-03-01 --to 2026-03-31 --metrics participation_minutes --as-of {as_of} --format json"
        return json.loads(run(line))["total"]["participation_minutes"]

    run("ingest -", event("1", "participant.joined", "2026-03-02T09:00:00Z", connection="c"))
    run("ingest -", event("2", "recording.started", "2026-03-02T09:00:00Z", recording="r"))
    run("ingest -", event("3", "recording.stopped", "2026-03-02T09:30:00Z", recording="r"))
    run("ingest -", event("4", "recording.deleted", "2026-03-05T09:30:00Z", recording="r"))
    assert minutes("2026-03-02T12:30:00Z") == 210  # running
    assert (
        minutes("2026-03-03T09:30:00Z") == 30
    )  # closed by the inactivity timeout: until the last event
    assert minutes("2026-03-05T10:30:00Z") == minutes("2026-03-31T00:00:00Z") == 30
    run("ingest -", event("5", "participant.left", "2026-03-02T09:40:00Z", connection="c"))
    assert minutes("2026-03-05T10:30:00Z") == minutes("2026-03-31T00:00:00Z") == 40


def test_the_shapes_of_json(run):
    documented = {
        kind: json.loads(block)
        for kind, block in zip(
            ("report", "period", "live"), blocks("docs/command-line.md", "json"), strict=True
        )
    }
    run("ingest -", readme_events())
    keys = ",".join(documented["report"]["total"])
    line = f"report --team acme --from 2026-03-02 --to 2026-03-03 --metrics {keys} --as-of 2026-03-03T00:00:00Z --format json"
    assert json.loads(run(line)) == documented["report"]
    assert (
        json.loads(run(f"live --team acme --as-of {documented['live']['as_of']} --format json"))
        == documented["live"]
    )
    run("team set acme --zone Europe/Berlin --billing-day 15 --limit participation_minutes=100000")
    period = json.loads(run("period --team acme --as-of 2026-03-02T12:00:00Z --format json"))
    assert len(period["metrics"]) == 6
    period["metrics"] = {
        k: v for k, v in period["metrics"].items() if k in documented["period"]["metrics"]
    }
    assert period == documented["period"]


def test_the_filter_for_another_platform():
    (payload,), (code,) = blocks("docs/connect.md", "json"), blocks("docs/connect.md", "python")
    ended = json.dumps(
        {**json.loads(payload), "event": "call-ended", "delivery": "d-92", "user": {}}
    )
    other = json.dumps({**json.loads(payload), "event": "user-waved"})
    given = f"{payload.strip()}\n{ended}\n{other}"
    out = subprocess.run(
        [sys.executable, "-c", code],
        input=given,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    first, last = (parse(json.loads(line), now=NOW) for line in out.splitlines())
    assert (first.type, first.person, first.name, first.connection) == (
        "participant.joined",
        "ana",
        "Ana",
        "c-1",
    )
    assert (last.type, last.session, last.time) == ("session.ended", "s-1", first.time)
