"""The report in DuckDB's SQL, from tables of finished spans. What a day shows is computed from the spans of that day.

Spans are cut at the days first, so that each running count starts from 0; at one instant ends (-1) come before
starts (+1). What people receive is estimated, as these spans come without subscriptions: everybody else present in the
session receives what a connection sends.
"""

DAY = 86_400_000


def _cut(table: str, *columns: str) -> str:
    """Spans cut at days: ``day, a, b`` and the columns named."""
    names = "".join(f", {c}" for c in columns)
    return f"""(SELECT day{names}, greatest("start", day) AS a, least("end", day + {DAY}) AS b
        FROM (SELECT *, unnest(range("start" - "start" % {DAY}, greatest("end", "start" + 1), {DAY})) AS day FROM {table}))"""


def _peak(pieces: str, *within: str) -> str:
    """Most pieces at one instant, by day; ``within``: of one value of these columns."""
    group = ", ".join(("day", *within))
    return f"""(SELECT day, max(level) AS n FROM (
        SELECT day, sum(step) OVER (PARTITION BY {group} ORDER BY moment, step ROWS UNBOUNDED PRECEDING) AS level
        FROM (SELECT {group}, a AS moment, 1 AS step FROM {pieces} WHERE a < b UNION ALL SELECT {group}, b, -1 FROM {pieces} WHERE a < b))
        GROUP BY day)"""


def _minutes(table: str) -> str:
    return f"(SELECT day, sum(b - a) AS n FROM {_cut(table)} GROUP BY day)"


REPORT = f"""
WITH present AS MATERIALIZED {_cut("presence", "session", "room", "person")},
sent AS MATERIALIZED {_cut("broadcast", "kind")},
-- Everything one connection sends while another of the session is there.
got AS MATERIALIZED (
    SELECT b.kind, greatest(b."start", p."start") AS "start", least(b."end", p."end") AS "end"
    FROM broadcast b JOIN presence p ON p.session = b.session AND p.connection <> b.connection
    WHERE b."start" < p."end" AND p."start" < b."end"),
received AS MATERIALIZED {_cut("got", "kind")},
recorded AS MATERIALIZED {_cut("recording")},
-- A participant is present: stays of a session that overlap become one.
marked AS (
    SELECT session, "start", "end", "start" <= max("end") OVER (
        PARTITION BY session ORDER BY "start", "end" ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS goes_on
    FROM presence),
islands AS (
    SELECT session, "start", "end", sum(CASE WHEN goes_on THEN 0 ELSE 1 END) OVER (
        PARTITION BY session ORDER BY "start", "end" ROWS UNBOUNDED PRECEDING) AS island
    FROM marked),
activity AS (SELECT min("start") AS "start", max("end") AS "end" FROM islands GROUP BY session, island),
active AS MATERIALIZED {_cut("activity")},
stays AS (SELECT day, sum(b - a) AS n, count(DISTINCT person) AS persons, count(DISTINCT room) AS rooms FROM present GROUP BY day),
sends AS (SELECT day, sum(b - a) AS n, sum(b - a) FILTER (kind = 'audio') AS audio FROM sent GROUP BY day),
receives AS (SELECT day, sum(b - a) AS n, sum(b - a) FILTER (kind = 'audio') AS audio FROM received GROUP BY day),
begun AS (SELECT s - s % {DAY} AS day, count(*) AS n FROM (SELECT min("start") AS s FROM presence GROUP BY session) GROUP BY ALL),
posts AS (
    SELECT moment - moment % {DAY} AS day, count(*) FILTER (kind = 'chat') AS chat, count(*) FILTER (kind = 'qa') AS qa
    FROM post GROUP BY ALL),
changes AS (
    SELECT moment - moment % {DAY} AS day, sum(change) AS n FROM (
        SELECT "end" AS moment, "end" - "start" AS change FROM recording
        UNION ALL SELECT deleted, "start" - "end" FROM recording WHERE deleted >= 0) GROUP BY ALL)
SELECT day,
    coalesce(stays.n, 0) AS participation_minutes,
    coalesce(sends.n, 0) AS broadcast_minutes, coalesce(sends.audio, 0) AS broadcast_minutes_audio,
    coalesce(receives.n, 0) AS consumed_minutes, coalesce(receives.audio, 0) AS consumed_minutes_audio,
    coalesce(persons, 0) AS active_participants,
    coalesce(crowd.n, 0) AS max_concurrent_participants,
    coalesce(begun.n, 0) AS sessions,
    coalesce(rooms, 0) AS active_rooms,
    coalesce(busy.n, 0) AS max_concurrent_sessions,
    coalesce(largest.n, 0) AS max_participants_per_session,
    coalesce(tape.n, 0) AS recorded_minutes,
    coalesce(tapes.n, 0) AS max_concurrent_recordings,
    coalesce(captioned.n, 0) AS captions_minutes,
    coalesce(boards.n, 0) AS whiteboard_minutes,
    coalesce(breaks.n, 0) AS breakout_minutes,
    coalesce(sum(changes.n) OVER (ORDER BY day), 0) AS recording_storage_minutes,
    coalesce(chat, 0) AS chat_posts,
    coalesce(qa, 0) AS qa_posts
FROM day
LEFT JOIN stays USING (day) LEFT JOIN sends USING (day) LEFT JOIN receives USING (day) LEFT JOIN begun USING (day)
LEFT JOIN posts USING (day) LEFT JOIN changes USING (day)
LEFT JOIN {_peak("present")} crowd USING (day)
LEFT JOIN {_peak("active")} busy USING (day)
LEFT JOIN {_peak("present", "session")} largest USING (day)
LEFT JOIN {_peak("recorded")} tapes USING (day)
LEFT JOIN (SELECT day, sum(b - a) AS n FROM recorded GROUP BY day) tape USING (day)
LEFT JOIN {_minutes("captions")} captioned USING (day)
LEFT JOIN {_minutes("whiteboard")} boards USING (day)
LEFT JOIN {_minutes("breakout")} breaks USING (day)
ORDER BY day
"""

#: The totals that do not follow from the figures of days.
TOTAL = "SELECT count(DISTINCT person), count(DISTINCT room) FROM presence"
