"""Sample meetings for the tests of webhooks: one module with a ``SAMPLE`` for each platform.

The module has the name of the source, with ``_`` for ``-``. A sample is one short meeting as the
platform delivers and signs it, with figures calculated independently.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from usage_report.sources.contract import Delivery

URL = "https://usage.example.org/api/v1/hooks/platform/acme"


@dataclass(frozen=True)
class Sample:
    #: The team's secret for the platform.
    secret: str
    #: Epoch ms at which all deliveries were received: after the meeting, on the same day (UTC).
    now: int
    #: Returns a signed delivery of any body, received at ``now``.
    sign: Callable[[bytes], Delivery]
    #: The meeting, in order: bodies as the platform encodes them, or objects for those that send plain JSON.
    meeting: tuple[bytes | dict | list, ...]
    #: Figures of that day, in minutes and counts. All metrics that the platform can supply are here
    #: and not 0.
    figures: dict[str, float | int]
    #: An event of a kind that does not exist.
    unknown: bytes | dict | list
    #: What proves the origin: names of headers (lower case), or ``url``. Each is required.
    proof: tuple[str, ...]
    #: Whether the signature covers the body.
    signs_body: bool = True

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
    """A JSON web token, signed with ``secret`` and ``digest`` whatever its ``alg``."""
    head = f"{base64url(encoded({'alg': alg, 'typ': 'JWT'}))}.{base64url(encoded(claims))}"
    return f"{head}.{base64url(hmac.digest(secret.encode(), head.encode(), digest))}"


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
