"""Many rows at once, in the fastest way of each database.

Statements here differ by dialect; elsewhere only ``engine`` knows which database it is. Values go
to the driver as they are: integers, texts, bytes and booleans, which both drivers accept for the
column types of ``tables``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.storage import faults

if TYPE_CHECKING:
    import psycopg

#: A row as plain values, in the order of the columns named.
Row = tuple[Any, ...]

#: Most values in the list of one statement: fewer than both databases accept as parameters.
MAX_VALUES = 10_000
#: Most rows of one INSERT. The interpreter lock is released once per statement.
_INSERT_ROWS = 128


def insert(
    c: Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert ``rows``, each a sequence of values in the order of ``columns``."""
    rows = rows if isinstance(rows, list) else list(rows)
    if not rows:
        return
    if c.dialect.name == "postgresql":
        _copy(c, f'COPY "{table.name}" ({_quoted(columns)}) FROM STDIN', rows)
        return
    for part in _parts(rows):
        statement = _insert_sql(table.name, tuple(columns), len(part), "?")
        c.exec_driver_sql(statement, tuple(chain.from_iterable(part)))


def _copy(c: Connection, statement: str, rows: Iterable[Sequence[Any]]) -> None:
    driver = cast("psycopg.Connection[Any]", c.connection.driver_connection)
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except c.dialect.loaded_dbapi.Error as error:
        # COPY does not go through SQLAlchemy, so the engine's ``handle_error`` does not see it.
        if fault := faults.explain(error, c.dialect):
            raise fault from error
        raise


def insert_one(c: Connection, table: sa.Table, columns: Sequence[str], row: Sequence[Any]) -> int:
    """Insert a row of values in the order of ``columns``. Return the ``id`` it was given."""
    statement = _insert_sql(table.name, tuple(columns), 1, _placeholder(c)) + ' RETURNING "id"'
    return int(c.exec_driver_sql(statement, tuple(row)).scalar_one())


def upsert(
    c: Connection,
    table: sa.Table,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    key: Sequence[str],
    change: Mapping[str, str],
    *,
    returning: Sequence[str] = (),
) -> list[Row]:
    """Insert ``rows``; where a row with the same unique ``key`` exists, change that one instead.

    ``change`` gives the new values of columns as SQL over the table's name and ``excluded`` (the
    row that was not inserted). Return the columns ``returning`` of all these rows, in no order.
    """
    changes = ", ".join(f'"{name}" = {value}' for name, value in change.items())
    tail = f" ON CONFLICT ({_quoted(key)}) DO UPDATE SET {changes}"
    if returning:
        tail += f" RETURNING {_quoted(returning)}"
    found: list[Row] = []
    for part in _parts(rows):
        statement = _insert_sql(table.name, tuple(columns), len(part), _placeholder(c)) + tail
        result = c.exec_driver_sql(statement, tuple(chain.from_iterable(part)))
        if returning:
            found += fetch(result)
    return found


def select_in(
    c: Connection,
    table: sa.Table,
    columns: Sequence[str],
    column: str,
    values: Sequence[Any],
    team: int | None = None,
    **also: int,
) -> list[Row]:
    """Return ``columns`` of the rows whose ``column`` is one of ``values``, in no order.

    ``team``: only rows with this ``team_id``. ``also``: further columns and the value each has. An
    index helps only as far as all its columns before ``column`` are named. A long list of values
    becomes several statements.
    """
    fixed = also if team is None else {"team_id": team} | also
    where = "".join(f'"{name}" = {int(value)} AND ' for name, value in fixed.items())
    names = _quoted(columns)
    # S608: the names are those of ``tables``, the values are parameters or integers.
    select = f'SELECT {names} FROM "{table.name}" WHERE {where}"{column}" '  # noqa: S608 - above
    found: list[Row] = []
    for i in range(0, len(values), MAX_VALUES):
        part = values[i : i + MAX_VALUES]
        if c.dialect.name == "postgresql":
            result = c.exec_driver_sql(select + "= ANY(%s)", (list(part),))
        else:
            # Padded with the first value to one of few lengths, so that the driver finds the
            # statement in its cache.
            size = min(MAX_VALUES, 1 << (len(part) - 1).bit_length())
            padding = [part[0]] * (size - len(part))
            result = c.exec_driver_sql(select + _in_list(size), (*part, *padding))
        found += fetch(result)
    return found


def fetch(result: sa.CursorResult[*tuple[Any, ...]], rows: int | None = None) -> list[Row]:
    """Return all remaining rows of a result, or the next ``rows``, as the driver's plain tuples.

    For integers and bytes, which SQLAlchemy would not convert anyway.
    """
    cursor = result.cursor
    if cursor is None:  # closed by SQLAlchemy: the statement returns no rows
        return []
    return list(cursor.fetchall() if rows is None else cursor.fetchmany(rows))


def _parts(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Split rows into parts of few different sizes, so that drivers find statements cached."""
    at = 0
    while at < len(rows):
        size = min(_INSERT_ROWS, 1 << (len(rows) - at).bit_length() - 1)
        yield rows[at : at + size]
        at += size


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _placeholder(c: Connection) -> str:
    return "%s" if c.dialect.name == "postgresql" else "?"


@lru_cache(maxsize=256)
def _insert_sql(table: str, columns: tuple[str, ...], rows: int, placeholder: str) -> str:
    row = f"({', '.join([placeholder] * len(columns))})"
    values = ", ".join([row] * rows)
    # S608: the names are those of ``tables``.
    return f'INSERT INTO "{table}" ({_quoted(columns)}) VALUES {values}'  # noqa: S608 - above


@lru_cache(maxsize=64)
def _in_list(size: int) -> str:
    return f"IN ({','.join('?' * size)})"
