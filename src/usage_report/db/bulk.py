"""Many rows at once, the fast way of each database. The only code that differs by dialect, beside ``engine``.

Values go to the driver as they are: integers, texts, bytes and booleans, which both take for our column types.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from .engine import explained

#: Most values in one list: under what SQLite takes as parameters.
CHUNK = 10_000


def insert(c: Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert ``rows``, each a sequence of values in the order of ``columns``."""
    rows = rows if isinstance(rows, list) else list(rows)
    if not rows:
        return
    if c.dialect.name == "postgresql":
        names = ", ".join(f'"{name}"' for name in columns)
        try:
            with c.connection.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)
        except c.dialect.loaded_dbapi.Error as error:
            # Past SQLAlchemy, so past its error handling too.
            if fault := explained(error, c.dialect):
                raise fault from error
            raise
    else:
        c.exec_driver_sql(_insert_sql(table.name, tuple(columns)), rows)


@lru_cache(maxsize=64)
def _insert_sql(table: str, columns: tuple[str, ...]) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    return f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(columns))})'


def select_in(
    c: Connection, table: sa.Table, columns: Sequence[str], column: str, values: Sequence[Any], team: int | None = None
) -> list[tuple]:
    """Rows of ``table`` whose ``column`` is among ``values``, and whose ``team_id`` is ``team`` where that is given.

    As plain tuples of ``columns``, in no order. Large lists are asked for in parts.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    mine = "" if team is None else f'"team_id" = {int(team)} AND '
    ask = f'SELECT {names} FROM "{table.name}" WHERE {mine}"{column}" '
    found: list[tuple] = []
    for i in range(0, len(values), CHUNK):
        part = values[i : i + CHUNK]
        if c.dialect.name == "postgresql":
            result = c.exec_driver_sql(ask + "= ANY(%s)", (list(part),))
        else:
            result = c.exec_driver_sql(ask + f"IN ({','.join('?' * len(part))})", tuple(part))
        found += result.cursor.fetchall()
    return found
