"""What the contract test knows of each platform: one module here per platform, named as its ``NAME`` (``_`` for ``-``), with a
``SAMPLE``.

A sample is one short meeting as the platform would deliver it, each delivery signed as the platform signs, and what a
person working it out by hand says the meeting comes to.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from usage_report.sources.contract import Delivery

URL = "https://usage.example.org/api/v1/hooks/platform/acme"


@dataclass(frozen=True)
class Sample:
    #: The team's secret for the platform.
    secret: str
    #: Epoch ms: when all of this was received, after the meeting and on its day (UTC).
    now: int
    #: A signed delivery of any body, received at ``now``.
    sign: Callable[[bytes], Delivery]
    #: The meeting, in order: bodies as the platform encodes them, or objects for those that send plain JSON.
    meeting: tuple[bytes | dict | list, ...]
    #: Figures of that day, as people see them. Every key of ``metrics.METRICS`` that the platform can supply is here and
    #: not 0, save those in ``silent``.
    figures: dict[str, float | int]
    #: An event of a kind that the platform does not have.
    unknown: bytes | dict | list
    #: What proves the origin: names of headers (lower case), or ``url``. Each is needed.
    proof: tuple[str, ...]
    #: Is the body part of what is signed?
    signs_body: bool = True
    #: Metrics that are supplied, but not by these webhooks (such as by files of the same source).
    silent: frozenset[str] = field(default=frozenset())

    def deliveries(self) -> list[Delivery]:
        return [self.deliver(body) for body in self.meeting]

    def deliver(self, body: bytes | dict | list) -> Delivery:
        return self.sign(body if isinstance(body, bytes) else encoded(body))


def of(platform: str) -> Sample:
    return importlib.import_module(f"platforms.samples.{platform.replace('-', '_')}").SAMPLE


def encoded(body: Any) -> bytes:
    return json.dumps(body).encode()


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(claims: dict, secret: str, alg: str = "HS256", digest: str = "sha256") -> str:
    """A JSON web token, signed with ``secret`` whatever ``alg`` it claims."""
    head = f"{base64url(encoded({'alg': alg, 'typ': 'JWT'}))}.{base64url(encoded(claims))}"
    return f"{head}.{base64url(hmac.digest(secret.encode(), head.encode(), digest))}"


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
