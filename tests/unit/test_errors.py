"""Errors for users: their text, and the hint to the nearest name."""

import pytest

from usage_report.core.errors import InputError, did_you_mean

METRICS = ("sessions", "participation_minutes", "captions_minutes")


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (("It failed",), "It failed."),
        (("It failed", "the disk is full"), "It failed: the disk is full."),
        (
            ("It failed", "the disk is full", "Free some space."),
            "It failed: the disk is full. Free some space.",
        ),
        (("It failed", "", "Try again."), "It failed. Try again."),
        (("Did it fail?",), "Did it fail?"),
    ],
)
def test_the_text_of_an_error(parts, text):
    assert str(InputError(*parts)) == text


@pytest.mark.parametrize(
    ("name", "options", "nearest"),
    [
        ("sesions", METRICS, "sessions"),
        ("participation", METRICS, "participation_minutes"),
        ("captoins_minutes", METRICS, "captions_minutes"),
        ("last-31", ("last-30", "today"), "last-30"),
        ("europe/paris", ("Europe/Paris", "Europe/Berlin"), "Europe/Paris"),
        ("stale_hours", ("stale_after_hours", "team"), "stale_after_hours"),
        (7, ("17", "x"), "17"),
    ],
)
def test_a_near_name_is_suggested(name, options, nearest):
    assert did_you_mean(name, options) == f"Did you mean {nearest!r}?"


@pytest.mark.parametrize("name", ["foo_minutes", "xyz", ""])
def test_names_that_share_a_word_only_are_not_near(name):
    assert did_you_mean(name, METRICS) == f"Known: {', '.join(METRICS)}."


def test_many_options_are_not_listed():
    assert did_you_mean("xyz", [f"option-{n}" for n in range(31)]) == ""
    assert did_you_mean("xyz", []) == ""
