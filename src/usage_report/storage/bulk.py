"""Many rows at once, the fast way of each database. The only code that differs by dialect, beside ``engine``.

Values go to the driver as they are: integers, texts, bytes and booleans, which both take for our column types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.storage.engine import explained

#: Most values in one list, and in one statement: under what SQLite and PostgreSQL take as parameters.
CHUNK = 10_000
#: Most rows of one statement. Each statement lets go of the interpreter once, not once for every row.
ROWS = 128


def insert(
    c: Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert ``rows``, each a sequence of values in the order of ``columns``."""
    rows = rows if isinstance(rows, list) else list(rows)
    if not rows:
        return
    if c.dialect.name == "postgresql":
        names = ", ".join(f'"{name}"' for name in columns)
        try:
            with (
                c.connection.cursor() as cursor,
                cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy,
            ):
                for row in rows:
                    copy.write_row(row)
        except c.dialect.loaded_dbapi.Error as error:
            # Past SQLAlchemy, so past its error handling too.
            if fault := explained(error, c.dialect):
                raise fault from error
            raise
    else:
        for some in _parts(rows):
            c.exec_driver_sql(
                _insert_sql(table.name, tuple(columns), len(some), "?"),
                tuple(chain.from_iterable(some)),
            )


def insert_one(c: Connection, table: sa.Table, columns: Sequence[str], row: Sequence[Any]) -> int:
    """Insert a row of values in the order of ``columns`` -> the ``id`` it was given."""
    mark = "%s" if c.dialect.name == "postgresql" else "?"
    return c.exec_driver_sql(
        _insert_sql(table.name, tuple(columns), 1, mark) + ' RETURNING "id"', tuple(row)
    ).scalar_one()


def upsert(
    c: Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    key: Sequence[str],
    change: Mapping[str, str],
    returning: Sequence[str] = (),
) -> list[tuple]:
    """Insert ``rows``; where one with the same unique ``key`` is there, change that.

    ``change`` gives the new value of columns as SQL over the table's name and ``excluded`` (the row that did not go in).
    -> the columns ``returning`` of all these rows, in no order.
    """
    names = lambda of: ", ".join(f'"{name}"' for name in of)  # noqa: E731
    tail = f" ON CONFLICT ({names(key)}) DO UPDATE SET " + ", ".join(
        f'"{name}" = {value}' for name, value in change.items()
    )
    if returning:
        tail += f" RETURNING {names(returning)}"
    mark = "%s" if c.dialect.name == "postgresql" else "?"
    found: list[tuple] = []
    for some in _parts(rows):
        result = c.exec_driver_sql(
            _insert_sql(table.name, tuple(columns), len(some), mark) + tail,
            tuple(chain.from_iterable(some)),
        )
        if returning:
            found += result.cursor.fetchall()
    return found


def _parts(rows: Sequence) -> Iterator[Sequence]:
    """Rows in few parts of few different lengths, so that drivers know the statements already."""
    at = 0
    while at < len(rows):
        size = min(ROWS, 1 << (len(rows) - at).bit_length() - 1)
        yield rows[at : at + size]
        at += size


@lru_cache(maxsize=256)
def _insert_sql(table: str, columns: tuple[str, ...], rows: int, mark: str) -> str:
    names = ", ".join(f'"{name}"' for name in columns)
    values = f"({', '.join([mark] * len(columns))})"
    return f'INSERT INTO "{table}" ({names}) VALUES {", ".join([values] * rows)}'


def select_in(
    c: Connection,
    table: sa.Table,
    columns: Sequence[str],
    column: str,
    values: Sequence[Any],
    team: int | None = None,
    **also: int,
) -> list[tuple]:
    """Rows of ``table`` whose ``column`` is among ``values``, and whose ``team_id`` is ``team`` where that is given.

    ``also`` names further columns and their value: an index helps only as far as all its columns before ``column`` are
    named. As plain tuples of ``columns``, in no order. Large lists are asked for in parts.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    fixed = also if team is None else {"team_id": team} | also
    mine = "".join(f'"{name}" = {int(value)} AND ' for name, value in fixed.items())
    ask = f'SELECT {names} FROM "{table.name}" WHERE {mine}"{column}" '
    found: list[tuple] = []
    for i in range(0, len(values), CHUNK):
        part = values[i : i + CHUNK]
        if c.dialect.name == "postgresql":
            result = c.exec_driver_sql(ask + "= ANY(%s)", (list(part),))
        else:
            # Filled up with one of them to one of few lengths, so that the driver knows the statement already.
            size = min(CHUNK, 1 << (len(part) - 1).bit_length())
            result = c.exec_driver_sql(ask + _in(size), (*part, *[part[0]] * (size - len(part))))
        found += result.cursor.fetchall()
    return found


@lru_cache(maxsize=64)
def _in(size: int) -> str:
    return f"IN ({','.join('?' * size)})"
