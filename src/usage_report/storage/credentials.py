"""Who may send and who may read: tokens of teams, and the secrets platforms sign with."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.core.errors import InputError, did_you_mean
from usage_report.storage import tables as t
from usage_report.storage import teams

SCOPES = ("ingest", "read")
#: Begins every token, so that leaked ones can be searched for.
PREFIX = "urt_"


class Token(NamedTuple):
    """What is known of a token; the token itself is nowhere."""

    id: int
    team: str
    scope: str
    label: str
    hint: str
    created_at: int
    revoked_at: int | None


class SignatureFailure(NamedTuple):
    """Webhook requests refused for their signature: how many, when the last came (epoch ms) and why."""

    requests: int
    last_received: int
    why: str


class Bearer(NamedTuple):
    """Whom a token speaks for."""

    team: str
    scope: str


def _digest(token: str) -> bytes:
    # A token has 256 random bits: a plain digest cannot be guessed back, and a slow one would only slow every request.
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def create_token(c: Connection, team: str, scope: str, label: str, now: int) -> str:
    """A new token of a team (made where it is new) -> the token, which cannot be had again."""
    if scope not in SCOPES:
        raise InputError(f"There is no scope {scope!r}", "", did_you_mean(scope, SCOPES))
    token = PREFIX + secrets.token_urlsafe(32)
    c.execute(
        t.tokens.insert(),
        {
            "team_id": teams.ensure_team(c, team, now),
            "scope": scope,
            "label": label[:200],
            "digest": _digest(token),
            "hint": token[: len(PREFIX) + 4],
            "created_at": now,
            "revoked_at": None,
        },
    )
    return token


def tokens(c: Connection, team: str | None = None) -> list[Token]:
    """All tokens, or one team's, newest last."""
    k = t.tokens.c
    ask = sa.select(k.id, t.teams.c.key, k.scope, k.label, k.hint, k.created_at, k.revoked_at).join(
        t.teams, t.teams.c.id == k.team_id
    )
    if team is not None:
        ask = ask.where(k.team_id == teams.team_id(c, team))
    return [Token(*row) for row in c.execute(ask.order_by(k.id))]


def revoke_token(c: Connection, id: int, now: int) -> None:
    """A token that speaks for nobody from now on. Raises ``InputError`` where there is none with that id."""
    k = t.tokens.c
    changed = c.execute(
        t.tokens.update().where(k.id == id, k.revoked_at.is_(None)).values(revoked_at=now)
    )
    if not changed.rowcount:
        raise InputError(
            f"There is no token {id} that is still good", "", "See: usage-report token list"
        )


def bearer(c: Connection, token: str) -> Bearer | None:
    """Whom a token speaks for, or ``None``. Found by its digest, so no comparison leaks where it differs."""
    k = t.tokens.c
    row = c.execute(
        sa.select(t.teams.c.key, k.scope)
        .join(t.teams, t.teams.c.id == k.team_id)
        .where(k.digest == _digest(token), k.revoked_at.is_(None))
    ).first()
    return Bearer(row.key, row.scope) if row else None


def set_secret(c: Connection, team: str, platform: str, secret: str, now: int) -> None:
    """The secret with which a platform signs what it sends for a team; replaces an earlier one."""
    if not secret:
        raise InputError(
            "The secret is empty",
            "anybody could send in this team's name",
            "Take it from the platform's console.",
        )
    if "/" in team or team in (
        ".",
        "..",
    ):  # servers and proxies take it for a part of the path, however it is written
        raise InputError(
            f"No address can name the team {team[:60]!r}",
            "it would be read as a path",
            "Use a team without '/' in its key.",
        )
    id = teams.ensure_team(c, team, now)
    remove_secret(c, team, platform)
    c.execute(
        t.signature_failures.delete().where(
            t.signature_failures.c.team_id == id, t.signature_failures.c.platform == platform
        )
    )
    c.execute(
        t.secrets.insert(),
        {"team_id": id, "platform": platform, "secret": secret, "created_at": now},
    )


def address(base: str, platform: str, team: str) -> str:
    """Where a platform's webhooks for a team go. ``base``: the public address, ``""`` where it is not known."""
    return (
        f"{base.rstrip('/') or 'https://YOUR-HOST'}/api/v1/hooks/{platform}/{quote(team, safe='')}"
    )


def remove_secret(c: Connection, team: str, platform: str) -> bool:
    """Take nothing more from a platform for a team -> was there a secret?"""
    k = t.secrets.c
    return bool(
        c.execute(
            t.secrets.delete().where(k.team_id == teams.team_id(c, team), k.platform == platform)
        ).rowcount
    )


def secret(c: Connection, team: str, platform: str) -> str | None:
    """The secret, or ``None`` where the team takes nothing from the platform (or does not exist)."""
    k = t.secrets.c
    ask = (
        sa.select(k.secret)
        .join(t.teams, t.teams.c.id == k.team_id)
        .where(t.teams.c.key == team, k.platform == platform)
    )
    return c.execute(ask).scalar()


def add_signature_failures(
    c: Connection, noted: Mapping[tuple[str, str], SignatureFailure]
) -> None:
    """Count refused requests by (team, platform). Teams that do not exist are left out."""
    r = t.signature_failures.c
    for (team, platform), refusal in noted.items():
        # A NUL in the address: no database has such a team.
        id = (
            None
            if "\0" in team
            else c.execute(sa.select(t.teams.c.id).where(t.teams.c.key == team)).scalar()
        )
        if id is None:
            continue
        mine = (r.team_id == id) & (r.platform == platform)
        values = {"last_received": refusal.last_received, "why": refusal.why}
        if not c.execute(
            t.signature_failures.update()
            .where(mine)
            .values(values | {"requests": r.requests + refusal.requests})
        ).rowcount:
            c.execute(
                t.signature_failures.insert(),
                {"team_id": id, "platform": platform, "requests": refusal.requests} | values,
            )


def signature_failures(c: Connection, team: str) -> dict[str, SignatureFailure]:
    """What was refused for a team by platform, since its secret was set. Raises ``NotFound`` for the team."""
    r = t.signature_failures.c
    ask = (
        sa.select(r.platform, r.requests, r.last_received, r.why)
        .where(r.team_id == teams.team_id(c, team))
        .order_by(r.platform)
    )
    return {platform: SignatureFailure(*more) for platform, *more in c.execute(ask)}


def platforms(c: Connection) -> list[tuple[str, str, int]]:
    """(team, platform, since) of every connection there is."""
    k = t.secrets.c
    ask = sa.select(t.teams.c.key, k.platform, k.created_at).join(
        t.teams, t.teams.c.id == k.team_id
    )
    return [tuple(row) for row in c.execute(ask.order_by(t.teams.c.key, k.platform))]
