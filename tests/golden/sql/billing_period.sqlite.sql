SELECT teams.id, teams.zone, teams.billing_day, teams.data_version, teams.is_sample, (SELECT
    count(*) AS count_1
FROM sessions
WHERE sessions.team_id = teams.id AND sessions.is_pending = 1) AS pending, sources.source,
    sources.first_event, sources.last_received, sources.last_event
FROM teams LEFT OUTER
JOIN sources ON teams.id = sources.team_id
WHERE teams."key" = ?
ORDER BY sources.source;
-- SEARCH teams USING INDEX sqlite_autoindex_teams_1 (key=?)
-- SEARCH sources USING INDEX sqlite_autoindex_sources_1 (team_id=?) LEFT-JOIN
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH sessions USING COVERING INDEX sessions_pending (team_id=?)

SELECT limits.metric, limits.since, limits.value
FROM limits
WHERE limits.team_id = ?
ORDER BY limits.since, limits.metric;
-- SEARCH limits USING INDEX sqlite_autoindex_limits_1 (team_id=?)
-- USE TEMP B-TREE FOR ORDER BY

SELECT sessions.id, sessions.first_event, sessions.room_key
FROM sessions
WHERE sessions.team_id = ? AND sessions.is_open = 1 AND sessions.last_event > ? AND
    sessions.last_event < ? UNION ALL SELECT sessions.id, sessions.first_event, sessions.room_key
FROM sessions
WHERE sessions.team_id = ? AND sessions.last_event >= ? AND sessions.first_event < ? UNION ALL
    SELECT sessions.id, sessions.first_event, sessions.room_key
FROM sessions
WHERE sessions.team_id = ? AND sessions.room_key IS NOT NULL AND sessions.on_until >= ? AND
    sessions.on_from < ? AND sessions.last_event < ?;
-- COMPOUND QUERY
-- LEFT-MOST SUBQUERY
-- SEARCH sessions USING INDEX sessions_open (team_id=? AND last_event>? AND last_event<?)
-- UNION ALL
-- SEARCH sessions USING INDEX sessions_last (team_id=? AND last_event>?)
-- UNION ALL
-- SEARCH sessions USING INDEX sessions_on (team_id=? AND on_until>?)

SELECT "id", "external_id", "room_key", "first_event", "last_event", "on_from", "on_until"
FROM "sessions"
WHERE "id" IN (?);
-- SEARCH sessions USING INTEGER PRIMARY KEY (rowid=?)

-- 2 times
SELECT "session_id", "time", "source", "id", "code", "subject", "connection", "person", "detail",
    "room"
FROM "events"
WHERE "session_id" IN (?);
-- SEARCH events USING INDEX events_session (session_id=?)

SELECT "key", "dense_id"
FROM "entities"
WHERE "team_id" = 1 AND "what" = 1 AND "key" IN (?);
-- SEARCH entities USING INDEX sqlite_autoindex_entities_1 (team_id=? AND what=? AND key=?)

SELECT "key", "dense_id"
FROM "entities"
WHERE "team_id" = 1 AND "what" = 0 AND "key" IN (?, …);
-- SEARCH entities USING INDEX sqlite_autoindex_entities_1 (team_id=? AND what=? AND key=?)

SELECT "session_id", "start", "quarters", "participation", "broadcast_audio_video",
    "broadcast_audio", "broadcast_video", "broadcast_screenshare", "consumed_audio_video",
    "consumed_audio", "consumed_video", "consumed_screenshare", "estimated_ms", "recorded",
    "captions", "whiteboard", "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout",
    "peak", "peak_at", "room", "presence", "activity", "recording"
FROM "session_quarters"
WHERE "session_id" IN (?);
-- SEARCH session_quarters USING INDEX session_quarters_session (session_id=?)

SELECT "start"
FROM "session_quarters"
WHERE "team_id" = 1 AND "quarters" = 96 AND "start" IN (?);
-- SEARCH session_quarters USING INDEX sqlite_autoindex_session_quarters_1 (team_id=? AND start=?)

SELECT "session_id", "start", "quarters", "participation", "broadcast_audio_video",
    "broadcast_audio", "broadcast_video", "broadcast_screenshare", "consumed_audio_video",
    "consumed_audio", "consumed_video", "consumed_screenshare", "estimated_ms", "recorded",
    "captions", "whiteboard", "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout",
    "peak", "peak_at", "room", "presence", "activity", "recording"
FROM "session_quarters"
WHERE "team_id" = 1 AND "quarters" = 96 AND "start" IN (?);
-- SEARCH session_quarters USING INDEX sqlite_autoindex_session_quarters_1 (team_id=? AND start=?)

SELECT session_quarters.session_id, session_quarters.start, session_quarters.quarters,
    session_quarters.participation, session_quarters.broadcast_audio_video,
    session_quarters.broadcast_audio, session_quarters.broadcast_video,
    session_quarters.broadcast_screenshare, session_quarters.consumed_audio_video,
    session_quarters.consumed_audio, session_quarters.consumed_video,
    session_quarters.consumed_screenshare, session_quarters.estimated_ms, session_quarters.recorded,
    session_quarters.captions, session_quarters.whiteboard, session_quarters.breakout,
    session_quarters.storage, session_quarters.sessions, session_quarters.chat, session_quarters.qa,
    session_quarters.closed_by_timeout, session_quarters.peak, session_quarters.peak_at,
    session_quarters.room, session_quarters.presence, session_quarters.activity,
    session_quarters.recording
FROM session_quarters
WHERE session_quarters.team_id = ? AND session_quarters.start BETWEEN ? AND ?;
-- SEARCH session_quarters USING INDEX sqlite_autoindex_session_quarters_1 (team_id=? AND start>? AND start<?)

SELECT team_days.start, team_days.participation, team_days.broadcast_audio_video,
    team_days.broadcast_audio, team_days.broadcast_video, team_days.broadcast_screenshare,
    team_days.consumed_audio_video, team_days.consumed_audio, team_days.consumed_video,
    team_days.consumed_screenshare, team_days.estimated_ms, team_days.recorded, team_days.captions,
    team_days.whiteboard, team_days.breakout, team_days.storage, team_days.sessions, team_days.chat,
    team_days.qa, team_days.closed_by_timeout, team_days.participants, team_days.participants_at,
    team_days.concurrent_sessions, team_days.concurrent_sessions_at, team_days.session_participants,
    team_days.session_participants_at, team_days.concurrent_recordings,
    team_days.concurrent_recordings_at, team_days.persons_count, team_days.rooms_count
FROM team_days
WHERE team_days.team_id = ? AND team_days.start >= ? AND team_days.start < ?
ORDER BY team_days.start;
-- SEARCH team_days USING INDEX sqlite_autoindex_team_days_1 (team_id=? AND start>? AND start<?)

-- 2 times
SELECT team_quarters.start, team_quarters.participation, team_quarters.broadcast_audio_video,
    team_quarters.broadcast_audio, team_quarters.broadcast_video,
    team_quarters.broadcast_screenshare, team_quarters.consumed_audio_video,
    team_quarters.consumed_audio, team_quarters.consumed_video, team_quarters.consumed_screenshare,
    team_quarters.estimated_ms, team_quarters.recorded, team_quarters.captions,
    team_quarters.whiteboard, team_quarters.breakout, team_quarters.storage, team_quarters.sessions,
    team_quarters.chat, team_quarters.qa, team_quarters.closed_by_timeout,
    team_quarters.participants, team_quarters.participants_at, team_quarters.concurrent_sessions,
    team_quarters.concurrent_sessions_at, team_quarters.session_participants,
    team_quarters.session_participants_at, team_quarters.concurrent_recordings,
    team_quarters.concurrent_recordings_at, team_quarters.persons_count, team_quarters.rooms_count,
    team_quarters.persons, team_quarters.rooms, team_quarters.quarters
FROM team_quarters
WHERE team_quarters.team_id = ? AND team_quarters.start >= ? AND team_quarters.start < ?
ORDER BY team_quarters.start;
-- SEARCH team_quarters USING INDEX sqlite_autoindex_team_quarters_1 (team_id=? AND start>? AND start<?)

SELECT team_months.start, team_months.participation, team_months.broadcast_audio_video,
    team_months.broadcast_audio, team_months.broadcast_video, team_months.broadcast_screenshare,
    team_months.consumed_audio_video, team_months.consumed_audio, team_months.consumed_video,
    team_months.consumed_screenshare, team_months.estimated_ms, team_months.recorded,
    team_months.captions, team_months.whiteboard, team_months.breakout, team_months.storage,
    team_months.sessions, team_months.chat, team_months.qa, team_months.closed_by_timeout,
    team_months.participants, team_months.participants_at, team_months.concurrent_sessions,
    team_months.concurrent_sessions_at, team_months.session_participants,
    team_months.session_participants_at, team_months.concurrent_recordings,
    team_months.concurrent_recordings_at, team_months.persons_count, team_months.rooms_count,
    team_months.persons, team_months.rooms
FROM team_months
WHERE team_months.team_id = ? AND team_months.start >= ? AND team_months.start < ?
ORDER BY team_months.start;
-- SEARCH team_months USING INDEX sqlite_autoindex_team_months_1 (team_id=? AND start>? AND start<?)

SELECT "start", "persons", "rooms"
FROM "team_days"
WHERE "team_id" = 1 AND "start" IN (?);
-- SEARCH team_days USING INDEX sqlite_autoindex_team_days_1 (team_id=? AND start=?)

SELECT coalesce(sum(team_days.storage), ?) AS coalesce_1
FROM team_days
WHERE team_days.team_id = ? AND team_days.start < ?;
-- SEARCH team_days USING INDEX sqlite_autoindex_team_days_1 (team_id=? AND start<?)

SELECT sessions.id, sessions.first_event, sessions.room_key
FROM sessions
WHERE sessions.team_id = ? AND sessions.is_open = 1 AND sessions.last_event > ? AND
    sessions.last_event < ? UNION ALL SELECT sessions.id, sessions.first_event, sessions.room_key
FROM sessions
WHERE sessions.team_id = ? AND sessions.last_event >= ? AND sessions.first_event < ? UNION ALL
    SELECT sessions.id, sessions.first_event, sessions.room_key
FROM sessions
WHERE sessions.team_id = ? AND sessions.room_key IS NOT NULL AND sessions.on_until >= ? AND
    sessions.on_from < ? AND sessions.last_event < ?;
-- COMPOUND QUERY
-- LEFT-MOST SUBQUERY
-- SEARCH sessions USING INDEX sessions_open (team_id=? AND last_event>? AND last_event<?)
-- UNION ALL
-- SEARCH sessions USING INDEX sessions_last (team_id=? AND last_event>?)
-- UNION ALL
-- SEARCH sessions USING INDEX sessions_on (team_id=? AND on_until>?)

SELECT "id", "external_id", "room_key", "first_event", "last_event", "on_from", "on_until"
FROM "sessions"
WHERE "id" IN (?);
-- SEARCH sessions USING INTEGER PRIMARY KEY (rowid=?)

-- 2 times
SELECT "session_id", "time", "source", "id", "code", "subject", "connection", "person", "detail",
    "room"
FROM "events"
WHERE "session_id" IN (?);
-- SEARCH events USING INDEX events_session (session_id=?)

SELECT "key", "dense_id"
FROM "entities"
WHERE "team_id" = 1 AND "what" = 1 AND "key" IN (?);
-- SEARCH entities USING INDEX sqlite_autoindex_entities_1 (team_id=? AND what=? AND key=?)

SELECT "key", "dense_id"
FROM "entities"
WHERE "team_id" = 1 AND "what" = 0 AND "key" IN (?, …);
-- SEARCH entities USING INDEX sqlite_autoindex_entities_1 (team_id=? AND what=? AND key=?)

SELECT "session_id", "start", "quarters", "participation", "broadcast_audio_video",
    "broadcast_audio", "broadcast_video", "broadcast_screenshare", "consumed_audio_video",
    "consumed_audio", "consumed_video", "consumed_screenshare", "estimated_ms", "recorded",
    "captions", "whiteboard", "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout",
    "peak", "peak_at", "room", "presence", "activity", "recording"
FROM "session_quarters"
WHERE "session_id" IN (?);
-- SEARCH session_quarters USING INDEX session_quarters_session (session_id=?)

SELECT "start"
FROM "session_quarters"
WHERE "team_id" = 1 AND "quarters" = 96 AND "start" IN (?);
-- SEARCH session_quarters USING INDEX sqlite_autoindex_session_quarters_1 (team_id=? AND start=?)

SELECT "session_id", "start", "quarters", "participation", "broadcast_audio_video",
    "broadcast_audio", "broadcast_video", "broadcast_screenshare", "consumed_audio_video",
    "consumed_audio", "consumed_video", "consumed_screenshare", "estimated_ms", "recorded",
    "captions", "whiteboard", "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout",
    "peak", "peak_at", "room", "presence", "activity", "recording"
FROM "session_quarters"
WHERE "team_id" = 1 AND "quarters" = 96 AND "start" IN (?);
-- SEARCH session_quarters USING INDEX sqlite_autoindex_session_quarters_1 (team_id=? AND start=?)

SELECT session_quarters.session_id, session_quarters.start, session_quarters.quarters,
    session_quarters.participation, session_quarters.broadcast_audio_video,
    session_quarters.broadcast_audio, session_quarters.broadcast_video,
    session_quarters.broadcast_screenshare, session_quarters.consumed_audio_video,
    session_quarters.consumed_audio, session_quarters.consumed_video,
    session_quarters.consumed_screenshare, session_quarters.estimated_ms, session_quarters.recorded,
    session_quarters.captions, session_quarters.whiteboard, session_quarters.breakout,
    session_quarters.storage, session_quarters.sessions, session_quarters.chat, session_quarters.qa,
    session_quarters.closed_by_timeout, session_quarters.peak, session_quarters.peak_at,
    session_quarters.room, session_quarters.presence, session_quarters.activity,
    session_quarters.recording
FROM session_quarters
WHERE session_quarters.team_id = ? AND session_quarters.start BETWEEN ? AND ?;
-- SEARCH session_quarters USING INDEX sqlite_autoindex_session_quarters_1 (team_id=? AND start>? AND start<?)

SELECT team_days.start, team_days.participation, team_days.broadcast_audio_video,
    team_days.broadcast_audio, team_days.broadcast_video, team_days.broadcast_screenshare,
    team_days.consumed_audio_video, team_days.consumed_audio, team_days.consumed_video,
    team_days.consumed_screenshare, team_days.estimated_ms, team_days.recorded, team_days.captions,
    team_days.whiteboard, team_days.breakout, team_days.storage, team_days.sessions, team_days.chat,
    team_days.qa, team_days.closed_by_timeout, team_days.participants, team_days.participants_at,
    team_days.concurrent_sessions, team_days.concurrent_sessions_at, team_days.session_participants,
    team_days.session_participants_at, team_days.concurrent_recordings,
    team_days.concurrent_recordings_at, team_days.persons_count, team_days.rooms_count
FROM team_days
WHERE team_days.team_id = ? AND team_days.start >= ? AND team_days.start < ?
ORDER BY team_days.start;
-- SEARCH team_days USING INDEX sqlite_autoindex_team_days_1 (team_id=? AND start>? AND start<?)

SELECT team_months.start, team_months.participation, team_months.broadcast_audio_video,
    team_months.broadcast_audio, team_months.broadcast_video, team_months.broadcast_screenshare,
    team_months.consumed_audio_video, team_months.consumed_audio, team_months.consumed_video,
    team_months.consumed_screenshare, team_months.estimated_ms, team_months.recorded,
    team_months.captions, team_months.whiteboard, team_months.breakout, team_months.storage,
    team_months.sessions, team_months.chat, team_months.qa, team_months.closed_by_timeout,
    team_months.participants, team_months.participants_at, team_months.concurrent_sessions,
    team_months.concurrent_sessions_at, team_months.session_participants,
    team_months.session_participants_at, team_months.concurrent_recordings,
    team_months.concurrent_recordings_at, team_months.persons_count, team_months.rooms_count,
    team_months.persons, team_months.rooms
FROM team_months
WHERE team_months.team_id = ? AND team_months.start >= ? AND team_months.start < ?
ORDER BY team_months.start;
-- SEARCH team_months USING INDEX sqlite_autoindex_team_months_1 (team_id=? AND start>? AND start<?)

SELECT "start", "persons", "rooms"
FROM "team_days"
WHERE "team_id" = 1 AND "start" IN (?);
-- SEARCH team_days USING INDEX sqlite_autoindex_team_days_1 (team_id=? AND start=?)

SELECT coalesce(sum(team_days.storage), ?) AS coalesce_1
FROM team_days
WHERE team_days.team_id = ? AND team_days.start < ?;
-- SEARCH team_days USING INDEX sqlite_autoindex_team_days_1 (team_id=? AND start<?)

COMMIT;
