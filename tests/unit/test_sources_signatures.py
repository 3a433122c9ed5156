"""Proofs of origin that several platforms share: tokens, signed times, fixed headers."""

import warnings

import pytest

from platforms.samples import base64url, encoded, jwt
from usage_report.sources.contract import Delivery
from usage_report.sources.signatures import (
    REPLAY_WINDOW,
    Unauthorized,
    check_fresh,
    fixed_header,
    jwt_claims,
    same,
    unbase64,
)

NOW = 1_775_000_000_000
SECRET = "a short secret"
WINDOW = REPLAY_WINDOW // 1000


def reason(check, *args) -> str:
    with pytest.raises(Unauthorized) as caught:
        check(*args)
    return str(caught.value)


def test_a_token_gives_its_claims():
    claims = {"iss": "key", "aud": "anyone", "sub": 7, "iat": "odd", "sha256": "x"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # platforms choose how long their secrets are
        assert jwt_claims(jwt(claims, SECRET), SECRET, NOW) == claims


NESTED = base64url(b"[" * 100_000)
HEAD = base64url(encoded({"alg": "HS256"}))


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "there is no signed token"),
        ("one.two", "there is no signed token"),
        ("one.two.three.four", "there is no signed token"),
        ("..", "the token is not a valid JWT"),
        ("\udc80.e30.AAAA", "the token is not a valid JWT"),
        (f"{NESTED}.e30.AAAA", "the token is not a valid JWT"),
        (jwt([], SECRET), "the token is not a valid JWT"),
        (jwt({}, "another"), "the token is signed with another secret"),
        (f"{HEAD}.e30.", "the token is signed with another secret"),
        (jwt({}, SECRET, alg="none"), "the token is not signed with HS256"),
        (jwt({}, SECRET, alg="HS512", digest="sha512"), "the token is not signed with HS256"),
        (jwt({}, SECRET, alg=None), "the token is not signed with HS256"),
    ],
)
def test_other_tokens_are_rejected_with_the_reason(token, message):
    assert reason(jwt_claims, token, SECRET, NOW) == message


def test_without_a_secret_no_token_is_accepted():
    message = "there is no secret to check the signature with"
    assert reason(jwt_claims, jwt({}, ""), "", NOW) == message


@pytest.mark.parametrize(
    ("claim", "seconds", "is_valid"),
    [
        ("exp", NOW // 1000 - WINDOW, True),
        ("exp", NOW // 1000 - WINDOW - 1, False),
        ("nbf", NOW // 1000 + WINDOW, True),
        ("nbf", NOW // 1000 + WINDOW + 1, False),
        ("exp", NOW / 1000 - 0.5, True),
        ("exp", None, True),
        ("exp", True, False),
        ("exp", str(NOW // 1000), False),
        ("nbf", [], False),
    ],
)
def test_the_times_of_a_token_are_compared_with_the_time_of_the_delivery(claim, seconds, is_valid):
    token = jwt({claim: seconds}, SECRET)
    if is_valid:
        assert jwt_claims(token, SECRET, NOW) == {claim: seconds}
    else:
        message = "the token has expired or is not yet valid"
        assert reason(jwt_claims, token, SECRET, NOW) == message


def test_a_signed_time_is_valid_for_the_replay_window():
    for signed in (NOW, str(NOW - REPLAY_WINDOW), NOW + REPLAY_WINDOW, NOW // 1000):
        check_fresh(signed, NOW)
    for signed in (NOW - REPLAY_WINDOW - 1, NOW + REPLAY_WINDOW + 1, 0):
        assert "over five minutes off" in reason(check_fresh, signed, NOW)
    for signed in (None, "", "-1", "1e12", "9" * 16, "١"):
        assert reason(check_fresh, signed, NOW) == "the signed time is missing or is not a number"


@pytest.mark.parametrize("secret", ["s3cret", "Bearer s3cret"])
@pytest.mark.parametrize("header", ["s3cret", "Bearer s3cret", " bearer  s3cret "])
def test_a_fixed_header_may_have_the_word_bearer_on_either_side(header, secret):
    fixed_header(Delivery(b"", {"authorization": header}, "", NOW), secret)


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({}, "s3cret"),
        ({"authorization": "s3crets"}, "s3cret"),
        ({"authorization": ""}, ""),
        ({"authorization": "Bearer"}, "Bearer "),
    ],
)
def test_any_other_header_is_rejected(headers, secret):
    message = "the Authorization header is not the one that was set for this hook"
    assert reason(fixed_header, Delivery(b"", headers, "", NOW), secret) == message


def test_base64_is_read_in_all_its_forms():
    for text in ("-_8=", "-_8", "+/8=", " +/8 "):
        assert unbase64(text) == b"\xfb\xff"
    for text in ("é", "a", "=a", "a b="):
        assert reason(unbase64, text) == "a signature or secret is not base64"


def test_texts_of_any_kind_can_be_compared():
    assert same("é\udc80", "é\udc80")
    assert same(b"a", "a")
    assert not same("", "a")
