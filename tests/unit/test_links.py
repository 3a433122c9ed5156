"""Links: what is written is read back the same, and no link breaks the page."""

from datetime import UTC, date, datetime
from urllib.parse import parse_qs, urlencode
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_report.core import presets
from usage_report.core.metrics import METRICS
from usage_report.core.periods import DAY, Grain
from usage_report.render.charts.overlay import Form
from usage_report.ui.links import (
    AHEAD,
    HOUR_DAYS,
    ID,
    MAX_DAYS,
    PARAMS,
    Context,
    View,
    constrain,
    decode,
    encode,
    fixed,
)

NOW = int(datetime(2026, 11, 23, 10, 30, tzinfo=UTC).timestamp()) * 1000
CONTEXT = Context(presets.load(), "Europe/Berlin", 15, NOW)
TODAY = date(2026, 11, 23)


def read(link: str, context=CONTEXT):
    return decode(parse_qs(link, keep_blank_values=True), context)


@st.composite
def views(draw):
    zone = draw(
        st.sampled_from(
            ["", *sorted(available_timezones() - {"Europe/Berlin", "localtime", "Factory"})]
        )
    )
    grain = draw(st.sampled_from(Grain))
    metrics = tuple(
        draw(st.lists(st.sampled_from([m.key for m in METRICS]), unique=True, max_size=6))
    )
    shown = draw(st.sampled_from(["chart", "table"]))
    form = draw(st.sampled_from(Form))
    if draw(st.booleans()):
        view = View(
            draw(st.sampled_from(CONTEXT.presets.ids)),
            None,
            None,
            metrics,
            grain,
            shown,
            form,
            zone,
        )
        return constrain(view, CONTEXT)[0]
    days = draw(st.integers(1, HOUR_DAYS if grain is Grain.HOUR else MAX_DAYS))
    last = draw(st.dates(date(2000, 1, 1) + DAY * days, TODAY - DAY + AHEAD))
    return View("", last - DAY * (days - 1), last, metrics, grain, shown, form, zone)


@given(views())
def test_what_is_written_is_read_back(view):
    link = urlencode(encode(view, CONTEXT))
    assert read(link) == (view, [])
    assert "%" not in link.replace("%2F", "").replace("%2B", ""), (
        "readable except for the slash of a zone"
    )


@given(views())
def test_the_fixed_link_always_shows_the_same_days(view):
    kept = fixed(view, CONTEXT)
    later = Context(CONTEXT.presets, CONTEXT.zone, 1, NOW + 400 * 86_400_000)
    assert read(urlencode(encode(kept, CONTEXT)), later) == (kept, [])
    assert later.period(kept) == CONTEXT.period(view)


@given(
    st.dictionaries(
        st.one_of(st.sampled_from(PARAMS), st.text(max_size=30)),
        st.lists(st.text(max_size=300), max_size=4),
        max_size=9,
    )
)
def test_garbage_never_raises_and_always_leaves_a_view(params):
    view, problems = decode(params, CONTEXT)
    assert read(urlencode(encode(view, CONTEXT))) == (view, [])
    assert all(isinstance(p, str) and len(p) < 400 and "\n" not in p for p in problems)


@given(views(), st.sampled_from(PARAMS), st.text(max_size=60))
def test_one_garbled_part_leaves_the_others_alone(view, part, garbage):
    """A bad grain does not change the metrics, a bad range not the grain, and so on."""
    before = encode(view, CONTEXT)
    got, _ = decode({k: [v] for k, v in (before | {part: garbage}).items()}, CONTEXT)
    after = encode(got, CONTEXT)
    ranges = {"preset", "from", "to", "zone", "grain"}  # hours depend on the length of the range
    for name in {"m", "view", "form"} - {part} if part in ranges else before.keys() - {part}:
        assert after[name] == before[name]


def test_an_empty_link_is_the_default_view():
    assert read("") == (View("last-30"), [])


@pytest.mark.parametrize(
    ("link", "text", "shows"),
    [
        (
            "preset=last-31",
            "There is no range “last-31”. Did you mean 'last-30'? Showing “Last 30 days”.",
            {"preset": "last-30"},
        ),
        (
            "preset=Last+30+days",
            "There is no range “Last 30 days”. Showing “Last 30 days”.",
            {"preset": "last-30"},
        ),
        (
            "preset=nix&from=2026-01-01&to=2026-01-02",
            "There is no range “nix”.",
            {"preset": "", "start": date(2026, 1, 1), "last": date(2026, 1, 2)},
        ),
        (
            "preset=today&from=2026-01-01&to=2026-01-02",
            "The link has a named range and dates; the named range is used.",
            {"preset": "today"},
        ),
        (
            "from=2026-03-01",
            "The link has no last day. Showing 2026-03-01 only.",
            {"start": date(2026, 3, 1), "last": date(2026, 3, 1)},
        ),
        (
            "from=2026-03-01&to=2026-02-31",
            "for example 2026-03-31. Showing 2026-03-01 only.",
            {"last": date(2026, 3, 1)},
        ),
        (
            "from=x&to=y",
            "for example 2026-03-31. Showing “Last 30 days”.",
            {"preset": "last-30"},
        ),
        (
            "from=2026-03-05&to=2026-03-01",
            "The range ended before it began; its dates have been swapped.",
            {"start": date(2026, 3, 1), "last": date(2026, 3, 5)},
        ),
        (
            "from=2001-01-01&to=2026-03-01",
            "The range is longer than ten years; its last 3,660 days are shown.",
            {"last": date(2026, 3, 1)},
        ),
        (
            "from=2150-01-01&to=2150-03-01",
            "The range is more than a year ahead; showing “Last 30 days”.",
            {"preset": "last-30", "start": None, "last": None},
        ),
        (
            "from=2027-01-01&to=2150-03-01",
            "The range cannot end after 2027-11-24; it now ends on that day.",
            {"start": date(2027, 1, 1), "last": TODAY + AHEAD},
        ),
        (
            "from=2150-01-01&to=2150-03-01&grain=hour",
            "The range is more than a year ahead; showing “Last 30 days”.",
            {"preset": "last-30", "grain": Grain.HOUR},
        ),
        ("preset=today&from=x", "the named range is used.", {"preset": "today"}),
        ("foo=1", "Ignored “foo” in the link.", {"preset": "last-30"}),
        ("from=1999-01-01&to=2199-12-31", "Dates from 2000 to 2199", {}),
        (
            "m=sessions.sesions",
            "There is no metric “sesions”. Did you mean 'sessions'?",
            {"metrics": ("sessions",)},
        ),
        ("m=", "The link names no known metric; showing the usual ones.", {}),
        ("m=a.b.c.d.e", "Ignored 2 more unknown metrics in the link.", {}),
        ("m=" + ".".join(ID.values()), "names 17 metrics; the chart shows the first 6", {}),
        (
            "grain=dya",
            "“dya” is not a grouping; showing days. Did you mean 'day'?",
            {"grain": Grain.DAY},
        ),
        (
            "grain=hour&preset=last-90",
            "Hours can be shown for up to 31 days. This range has 90; showing days.",
            {"grain": Grain.DAY, "preset": "last-90"},
        ),
        ("view=pie", "“pie” is not a view; showing the chart.", {"view": "chart"}),
        ("form=pie", "“pie” is not a form of the chart; showing the overlay.", {"form": "units"}),
        ("zone=Europe/Berlni", "There is no time zone “Europe/Berlni”", {"zone": ""}),
        ("zone=../../etc/passwd", "There is no time zone", {"zone": ""}),
        (
            "presets=today",
            "Ignored “presets” in the link. Did you mean 'preset'?",
            {"preset": "last-30"},
        ),
        (
            "grain=week&grain=month",
            "The link has “grain” 2 times; the last one is used.",
            {"grain": Grain.MONTH},
        ),
        ("m=" + "a" * 100_000, "Ignored “m” in the link: 100,000 characters are too many.", {}),
    ],
)
def test_unusable_parts_are_explained(link, text, shows):
    view, problems = read(link)
    assert text in " ".join(problems)
    for name, value in shows.items():
        assert getattr(view, name) == value


@pytest.mark.parametrize(
    "link",
    [
        "m=none",
        "m=sessions.sessions",
        "m=participation_minutes",
        "zone=Europe/Berlin",
        "team=acme&utm_source=mail&embed=true",
    ],
)
def test_parts_that_need_no_message(link):
    assert read(link)[1] == []


def test_ids_of_metrics_never_change():
    """A link must work for years: an id may be added, but never changed or given another meaning."""
    assert list(ID.values()) == [
        "participation", "broadcast", "consumed", "active_participants", "max_concurrent_participants", "sessions",
        "active_rooms", "max_concurrent_sessions", "max_participants_per_session", "recorded", "max_concurrent_recordings",
        "captions", "whiteboard", "breakout", "recording_storage", "chat_posts", "qa_posts",
    ]  # fmt: skip


def test_today_is_that_of_the_zone_of_the_view():
    late = Context(
        CONTEXT.presets, "UTC", 1, int(datetime(2026, 11, 23, 23, tzinfo=UTC).timestamp()) * 1000
    )
    assert late.period(read("preset=today", late)[0]).start == TODAY
    assert late.period(read("preset=today&zone=Asia/Tokyo", late)[0]).start == TODAY + DAY
