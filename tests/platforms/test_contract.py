"""Rules that every platform with webhooks keeps. The meetings of the platforms are in ``samples``."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platforms import samples
from support.harness import TEAM, ask, expect
from usage_report.core import metrics
from usage_report.core.events import Event, QuarantinedInput, iso
from usage_report.sources import contract, registry
from usage_report.sources.contract import Delivery
from usage_report.sources.signatures import Unauthorized

PLATFORMS = sorted(registry.platforms())
HOUR = 3_600_000

every_platform = pytest.mark.parametrize("name", PLATFORMS)


def translate(
    name: str, delivery: Delivery, now: int | None = None
) -> list[Event | QuarantinedInput]:
    sample = samples.of(name)
    context = contract.Context(now=sample.now if now is None else now, team=TEAM, name=name)
    return list(registry.platforms()[name].translate(delivery, context))


def events_of(name: str, deliveries: list[Delivery]) -> list[Event]:
    items = [x for delivery in deliveries for x in translate(name, delivery)]
    assert [x for x in items if type(x) is not Event] == []
    return items


def report(name: str, events: list[Event]) -> dict:
    now = samples.of(name).now
    return ask(events, start=iso(now)[:10], as_of=now)


def is_authentic(name: str, delivery: Delivery) -> bool:
    try:
        registry.platforms()[name].verify(delivery, samples.of(name).secret)
    except Unauthorized as error:
        return not str(error)  # a rejection must have a reason
    return True


@every_platform
def test_it_has_a_title_and_a_hint_at_its_secret(name):
    source = registry.platforms()[name]
    assert name == source.name
    assert source.title
    assert source.secret_hint
    assert metrics.BY_KEY.keys() >= source.cannot_supply


# Figures of the sample meeting


@every_platform
def test_the_sample_meeting_has_the_figures_calculated_by_hand(name):
    sample = samples.of(name)
    expect(report(name, events_of(name, sample.deliveries())), sample.figures)


@every_platform
def test_exactly_the_metrics_that_are_not_supplied_are_declared(name):
    sample = samples.of(name)
    missing = registry.platforms()[name].cannot_supply
    total = report(name, events_of(name, sample.deliveries()))["total"]
    for metric in metrics.ALL:
        if metric.key not in missing:
            assert metric.of or sample.figures.get(metric.key), metric.key
        elif metric.measure in (
            metrics.Measure.MINUTES,
            metrics.Measure.PEAK,
        ) and not metrics.parts(metric.key):
            # Other metrics follow from supplied ones: without deletions, a recording stays stored.
            assert total[metric.key] == 0, metric.key


@every_platform
def test_events_have_the_team_of_the_address_the_name_of_the_platform_and_their_own_time(name):
    sample = samples.of(name)
    events = events_of(name, sample.deliveries())
    assert {(e.team, e.source) for e in events} == {(TEAM, name)}
    assert all(sample.now - 24 * HOUR < e.time <= sample.now for e in events)
    # Two events with one id are equal.
    assert len({e.id for e in events}) == len(set(events))


@every_platform
def test_ids_are_stable(name):
    """They depend on the body only, not on the time, the headers or the address."""
    for delivery in samples.of(name).deliveries():
        first = translate(name, delivery)
        assert translate(name, delivery) == first
        assert translate(name, delivery, now=samples.of(name).now + 30 * 24 * HOUR) == first
        assert (
            translate(
                name, delivery._replace(headers={}, url="", received=delivery.received + HOUR)
            )
            == first
        )


@every_platform
@pytest.mark.parametrize("seed", range(8))
def test_delivered_twice_and_in_any_order_the_report_is_the_same(name, seed):
    deliveries = samples.of(name).deliveries()
    whole = report(name, events_of(name, deliveries))
    chance = random.Random(seed)
    again = deliveries + chance.choices(deliveries, k=len(deliveries))
    chance.shuffle(again)
    assert report(name, events_of(name, again)) == whole


# Quarantine and authentication


@every_platform
def test_an_event_of_an_unknown_kind_is_quarantined_with_its_body(name):
    sample = samples.of(name)
    delivery = sample.deliver(sample.unknown)
    assert is_authentic(name, delivery)
    (quarantined,) = translate(name, delivery)
    assert type(quarantined) is QuarantinedInput
    assert (quarantined.reason, quarantined.team, quarantined.source, quarantined.is_truncated) == (
        "unknown-type",
        TEAM,
        name,
        False,
    )
    assert quarantined.why
    # The original can be translated again, once the platform's module knows the kind.
    context = contract.Context(now=sample.now, team=TEAM, name=name)
    assert registry.read_again(name, quarantined.raw, context) == [quarantined]


@every_platform
def test_deliveries_that_the_platform_signed_are_authentic(name):
    assert all(is_authentic(name, delivery) for delivery in samples.of(name).deliveries())


@every_platform
def test_each_part_of_the_proof_is_required_and_checked(name):
    sample = samples.of(name)
    delivery = sample.deliveries()[0]
    for part in sample.proof:
        for broken in _without(delivery, part):
            assert not is_authentic(name, broken), (part, broken)
    assert not is_authentic(name, delivery._replace(headers={}, url=delivery.url.partition("?")[0]))


def _without(delivery: Delivery, part: str) -> Iterator[Delivery]:
    original = delivery.url if part == "url" else delivery.headers[part]
    for n in range(0, len(original), max(1, len(original) // 8)):
        if part == "url" and n <= original.find("="):
            continue
        other = original[:n] + ("A" if original[n] != "A" else "B") + original[n + 1 :]
        yield _with(delivery, part, other)
    for other in (
        "",
        " ",
        "Bearer ",
        "Bearer",
        "null",
        "v0=",
        "t=,v1=",
        ".",
        "..",
        "...",
        "é",
        "\udc80",
        "\0",
        "=" * 9,
        original[:-4],
        original + "AAAA",
    ):
        yield _with(delivery, part, other)
    if part != "url":
        yield delivery._replace(headers={k: v for k, v in delivery.headers.items() if k != part})


def _with(delivery: Delivery, part: str, value: str) -> Delivery:
    return (
        delivery._replace(url=value)
        if part == "url"
        else delivery._replace(headers={**delivery.headers, part: value})
    )


@every_platform
def test_a_wrong_secret_is_rejected(name):
    sample = samples.of(name)
    delivery = sample.deliveries()[0]
    for secret in ("", sample.secret[1:], sample.secret.swapcase(), sample.secret + "x"):
        with pytest.raises(Unauthorized):
            registry.platforms()[name].verify(delivery, secret)


@every_platform
def test_a_signed_body_cannot_be_changed(name):
    sample = samples.of(name)
    if not sample.signs_body:
        pytest.skip("this platform does not sign the body")
    delivery = sample.deliveries()[0]
    for body in (b"", delivery.body + b" ", delivery.body.swapcase(), sample.deliveries()[-1].body):
        assert not is_authentic(name, delivery._replace(body=body))


# Hostile bodies

HOSTILE = (
    b"", b" ", b"null", b"[]", b"{}", b"0", b'"', b"{", b"\xff\xfe", b"\0", b"[" * 100_000, b'{"a":' * 100_000,
    b"[" * 900 + b"]" * 900, b'{"event":' * 300 + b"1" + b"}" * 300, b"1" * 5_000, b"[1e400]", b'{"event":"' + b"x" * 2_000_000 + b'"}',
)  # fmt: skip


@every_platform
@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_bodies_that_are_not_events_are_quarantined(name, body):
    delivery = samples.of(name).deliver(body)
    for item in translate(name, delivery):
        assert type(item) is QuarantinedInput
        assert len(item.raw) <= len(body)


def _paths(value, path=()):
    """Paths of all values in a JSON value."""
    yield path
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, held in items:
        yield from _paths(held, (*path, key))


def _replaced(value, path, other):
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _replaced(copy[path[0]], path[1:], other)
    return copy


def _deep(n: int):
    value: object = 1
    for _ in range(n):
        value = [value]
    return value


ODD = st.one_of(
    st.sampled_from((
        None, True, False, 0, -1, 1.5, -0.0, 1e308, 10**18, -(10**18), 2**63, "", " ", "0", "-1", "1e9", "x" * 2_000, "é" * 600, "a\0b",
        "9" * 19, "9" * 400, "1757383550", "2026-03-01T00:00:00Z", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:60Z",
        [], {}, [[]], [{}], [None], {"": ""}, _deep(260), _deep(400),
    )),
    st.text(max_size=20),
    st.integers(-(2**64), 2**64),
    st.floats(allow_nan=False, allow_infinity=False),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x, max_size=3), max_leaves=8),
)  # fmt: skip


@every_platform
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_body_with_any_value_replaced_is_read_or_quarantined(name, data):
    sample = samples.of(name)
    plain = [body for body in sample.meeting if not isinstance(body, bytes)]
    if not plain:
        pytest.skip("its bodies are not JSON; its own tests damage them")
    body = data.draw(st.sampled_from(plain))
    for _ in range(data.draw(st.integers(1, 3))):
        body = _replaced(body, data.draw(st.sampled_from(list(_paths(body)))), data.draw(ODD))
        if not isinstance(body, dict | list):
            break
    raw = json.dumps(body, ensure_ascii=data.draw(st.booleans())).encode("utf-8", "surrogatepass")
    for item in translate(name, sample.deliver(raw)):
        if type(item) is Event:
            assert item.time <= sample.now + 5 * 60_000
        else:
            assert type(item) is QuarantinedInput
            assert item.reason
            assert item.why


@every_platform
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_other_proof_is_rejected(name, data):
    sample = samples.of(name)
    delivery = sample.deliveries()[0]
    part = data.draw(st.sampled_from(sample.proof))
    value = data.draw(st.text() | st.binary().map(lambda b: b.decode("latin-1")))
    assert not is_authentic(name, _with(delivery, part, value))
