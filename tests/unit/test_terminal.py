"""Text for a terminal: names from outside are shown, and do nothing."""

from __future__ import annotations

import pytest

from usage_report.render import terminal
from usage_report.reporting.model import Live, LiveSession


def test_what_is_live():
    sessions = (
        LiveSession("Stand-up", "s-1", 0, 1, 2, True),
        LiveSession("غرفة 🎉", "s-2", 0, 1_300, 1_400, False),
    )
    assert terminal.live(Live(1, 1_301, 2, 1, sessions, ())).split("\n") == [
        "Live participants  1\u202f301",
        "Live sessions      2",
        "Active recordings  1",
        "  Stand-up: 1 participant, peak 2, recording",
        "  غرفة 🎉: 1\u202f300 participants, peak 1\u202f400",
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("a\x9b2Jb\x00\x7f", r"a\x9b2Jb\x00\x7f"),
        ("a\u202eb\u2066c\u2028", r"a\u202eb\u2066c\u2028"),
        ("a\ud800", r"a\ud800"),
        ("zero\u200dwidth é 漢 👩\u200d💻", "zero\u200dwidth é 漢 👩\u200d💻"),
    ],
)
def test_names_do_not_act_on_the_terminal(name, shown):
    assert terminal.harmless(name) == shown
    live = terminal.live(Live(1, 1, 1, 0, (LiveSession(name, "s", 0, 1, 1, False),), ()))
    assert live.split("\n")[3:] == [f"  {shown}: 1 participant, peak 1"]
