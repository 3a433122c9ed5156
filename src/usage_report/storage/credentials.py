"""Credentials: tokens of senders and readers, and the secrets that platforms sign webhooks with."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.core.errors import InputError, did_you_mean
from usage_report.storage import bulk, teams
from usage_report.storage import tables as t

SCOPES = ("ingest", "read")
#: Every token starts with this, so that leaked ones can be searched for.
PREFIX = "urt_"

_MAX_LABEL = 200
_k, _s, _f = t.tokens.c, t.secrets.c, t.signature_failures.c


class Token(NamedTuple):
    """What is stored about a token. The token itself is not stored."""

    id: int
    team: str
    scope: str
    label: str
    hint: str
    created_at: int
    revoked_at: int | None
    #: Epoch ms, ``None``: never.
    expires_at: int | None = None
    #: Epoch ms, exact to a minute; ``None``: not used yet.
    last_used_at: int | None = None

    def state(self, now: int) -> str:
        """Return ``valid``, ``expired`` or ``revoked``."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


class Bearer(NamedTuple):
    """The team and scope of a token, its id, and when it expires (epoch ms, ``None``: never)."""

    team: str
    scope: str
    id: int
    expires_at: int | None


class SignatureFailure(NamedTuple):
    """Webhook requests rejected for their signature."""

    requests: int
    #: When the last of them was received (epoch ms), and why it was rejected.
    last_received: int
    why: str


class WebhookConnection(NamedTuple):
    """A platform that may send webhooks for a team, and since when (epoch ms)."""

    team: str
    platform: str
    created_at: int


def _digest(token: str) -> bytes:
    # A token has 256 random bits, so its digest cannot be inverted by guessing. A slow digest would
    # only slow every request.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def create_token(
    c: Connection, team: str, scope: str, label: str, now: int, expires_at: int | None = None
) -> str:
    """Create a token of a team, and the team if it is new. Return the token: it is shown once."""
    if scope not in SCOPES:
        raise InputError(f"There is no scope {scope!r}", "", did_you_mean(scope, SCOPES))
    token = PREFIX + secrets.token_urlsafe(32)
    c.execute(
        t.tokens.insert(),
        {
            "team_id": teams.ensure_team(c, team, now),
            "scope": scope,
            "label": label[:_MAX_LABEL],
            "digest": _digest(token),
            "hint": token[: len(PREFIX) + 4],
            "created_at": now,
            "revoked_at": None,
            "expires_at": expires_at,
            "last_used_at": None,
        },
    )
    return token


def tokens(c: Connection, team: str | None = None) -> list[Token]:
    """Return all tokens, or those of one team, newest last."""
    stored = (_k[name] for name in Token._fields[2:])
    query = (
        sa.select(_k.id, t.teams.c.key, *stored)
        .join(t.teams, t.teams.c.id == _k.team_id)
        .order_by(_k.id)
    )
    if team is not None:
        query = query.where(_k.team_id == teams.team_id(c, team))
    return [Token(*row) for row in c.execute(query)]


def revoke_token(c: Connection, id: int, now: int) -> None:
    """Revoke a token. Raises ``InputError`` if there is none with that id that is not revoked."""
    valid = (_k.id == id, _k.revoked_at.is_(None))
    revoked = c.execute(t.tokens.update().where(*valid).values(revoked_at=now))
    if not revoked.rowcount:
        raise InputError(f"There is no valid token {id}", "", "See: usage-report token list")


def bearer(c: Connection, token: str) -> Bearer | None:
    """Return the team and scope of a token, or ``None`` if it is unknown or revoked.

    It may have expired. It is found by its digest, so no comparison reveals how much of a guess is
    right.
    """
    row = c.execute(
        sa.select(t.teams.c.key, _k.scope, _k.id, _k.expires_at)
        .join(t.teams, t.teams.c.id == _k.team_id)
        .where(_k.digest == _digest(token), _k.revoked_at.is_(None))
    ).first()
    return Bearer(*row) if row else None


def record_uses(c: Connection, uses: Mapping[int, int]) -> None:
    """Store when tokens were last used (epoch ms), by id. A later use that is stored stays."""
    for id, at in sorted(uses.items()):
        is_older = sa.or_(_k.last_used_at.is_(None), _k.last_used_at < at)
        c.execute(t.tokens.update().where(_k.id == id, is_older).values(last_used_at=at))


def set_secret(c: Connection, team: str, platform: str, secret: str, now: int) -> None:
    """Set the secret with which a platform signs what it sends for a team.

    Forgets the signature failures of the secret before. Raises ``InputError`` for an empty secret
    and for a team that no webhook address can name.
    """
    if not secret:
        raise InputError(
            "The secret is empty",
            "anyone could send in the name of this team",
            "Copy it from the platform's console.",
        )
    # Servers and proxies read these as part of the path, even when they are escaped.
    if "/" in team or team in (".", ".."):
        raise InputError(
            f"No address can name the team {team[:60]!r}",
            "it would be read as a path",
            "Use a team without '/' in its key.",
        )
    id = teams.ensure_team(c, team, now)
    c.execute(t.signature_failures.delete().where(_f.team_id == id, _f.platform == platform))
    bulk.upsert(
        c,
        t.secrets,
        ("team_id", "platform", "secret", "created_at"),
        [(id, platform, secret, now)],
        ("team_id", "platform"),
        {"secret": "excluded.secret", "created_at": "excluded.created_at"},
    )


def remove_secret(c: Connection, team: str, platform: str) -> bool:
    """Stop accepting a platform's webhooks for a team. Return whether they were accepted."""
    mine = (_s.team_id == teams.team_id(c, team), _s.platform == platform)
    return bool(c.execute(t.secrets.delete().where(*mine)).rowcount)


def secret(c: Connection, team: str, platform: str) -> str | None:
    """Return the secret, or ``None`` if the team accepts no webhooks from the platform."""
    found: str | None = c.execute(
        sa.select(_s.secret)
        .join(t.teams, t.teams.c.id == _s.team_id)
        .where(t.teams.c.key == team, _s.platform == platform)
    ).scalar()
    return found


def address(base: str, platform: str, team: str) -> str:
    """Return the address of a platform's webhooks for a team.

    ``base``: the public address of the service, ``""`` where it is not known.
    """
    host = base.rstrip("/") or "https://YOUR-HOST"
    return f"{host}/api/v1/hooks/{platform}/{quote(team, safe='')}"


def platforms(c: Connection) -> list[WebhookConnection]:
    """Return every platform that may send webhooks, by team and platform."""
    query = sa.select(t.teams.c.key, _s.platform, _s.created_at)
    joined = query.join(t.teams, t.teams.c.id == _s.team_id)
    return [
        WebhookConnection(*row) for row in c.execute(joined.order_by(t.teams.c.key, _s.platform))
    ]


def add_signature_failures(
    c: Connection, failures: Mapping[tuple[str, str], SignatureFailure]
) -> None:
    """Add rejected requests, by (team, platform), to those counted. Unknown teams are left out."""
    ids = {team: teams.find(c, team) for team in {team for team, _ in failures}}
    rows = [
        (ids[team], platform, *failure)
        for (team, platform), failure in failures.items()
        if ids[team] is not None
    ]
    bulk.upsert(
        c,
        t.signature_failures,
        ("team_id", "platform", *SignatureFailure._fields),
        rows,
        ("team_id", "platform"),
        {
            "requests": "signature_failures.requests + excluded.requests",
            "last_received": "excluded.last_received",
            "why": "excluded.why",
        },
    )


def signature_failures(c: Connection, team: str) -> dict[str, SignatureFailure]:
    """Return a team's signature failures by platform, since its secret was set.

    Raises ``NotFoundError`` for an unknown team.
    """
    rows = c.execute(
        sa.select(_f.platform, _f.requests, _f.last_received, _f.why)
        .where(_f.team_id == teams.team_id(c, team))
        .order_by(_f.platform)
    )
    return {platform: SignatureFailure(*failure) for platform, *failure in rows}
