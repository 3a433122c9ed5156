"""Recording the SQL that a piece of work runs, as a text to compare and to read."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any, NamedTuple

import psycopg
import pytest
import sqlalchemy as sa


class Statement(NamedTuple):
    sql: str
    parameters: Any = ()


@contextmanager
def recorded(engine: sa.Engine) -> Iterator[list[Statement]]:
    """Every statement that runs on ``engine`` within the block, and where transactions end."""
    found: list[Statement] = []

    def before_execute(connection, cursor, sql, parameters, context, many) -> None:
        if sql != "BEGIN":
            found.append(Statement(sql, parameters[0] if many else parameters))

    def at_end(connection) -> None:
        found.append(Statement("COMMIT"))

    copy = psycopg.Cursor.copy

    def recorded_copy(cursor, sql, *args, **options):
        found.append(Statement(sql))
        return copy(cursor, sql, *args, **options)

    sa.event.listen(engine, "before_cursor_execute", before_execute)
    sa.event.listen(engine, "commit", at_end)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(psycopg.Cursor, "copy", recorded_copy)  # goes past SQLAlchemy
            yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", before_execute)
        sa.event.remove(engine, "commit", at_end)


def text_of(engine: sa.Engine, statements: list[Statement]) -> str:
    """Readable text of statements, in their order; on SQLite with the plan of each."""
    parts = []
    for (sql, plan), same in groupby((readable(s.sql), plan_of(engine, s)) for s in statements):
        times = len(list(same))
        parts.append((f"-- {times} times\n" if times > 1 else "") + f"{sql};\n{plan}")
    return "\n".join(parts)


def plan_of(engine: sa.Engine, statement: Statement) -> str:
    """How SQLite runs a statement, as comments: which indexes it uses, and what it scans."""
    if engine.dialect.name != "sqlite" or statement.sql.split()[0] not in (
        "SELECT",
        "UPDATE",
        "DELETE",
    ):
        return ""
    with engine.connect() as c:
        rows = c.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.sql}", statement.parameters).all()
    return "".join(f"-- {detail}\n" for _, _, _, detail in rows)


#: Each of these begins a line.
_CLAUSES = re.compile(
    r" (?=(?:FROM|JOIN|WHERE|GROUP BY|ORDER BY|LIMIT|VALUES|SET|ON CONFLICT|RETURNING) )"
)
#: Values as parameters: how many there are depends on the data only.
_ROWS = re.compile(r"(\((?:\?|%s)(?:, (?:\?|%s))*\))(?:, \1)+")
_LIST = re.compile(r"IN \(\?(?:,\?)+\)")


def readable(sql: str) -> str:
    sql = " ".join(sql.split())
    sql = _ROWS.sub(r"\1, …", _LIST.sub("IN (?, …)", sql))
    lines = _CLAUSES.sub("\n", sql).split("\n")
    return "\n".join(
        textwrap.fill(line, 100, subsequent_indent="    ", break_long_words=False) for line in lines
    )
