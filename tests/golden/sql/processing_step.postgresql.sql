SELECT coalesce(sum(inbox.events), %(coalesce_2)s::INTEGER) AS coalesce_1, min(inbox.received_at) AS
    min_1, max(inbox.id) AS max_1
FROM inbox;

COMMIT;

SELECT pg_advisory_xact_lock(%(pg_advisory_xact_lock_2)s::INTEGER) AS pg_advisory_xact_lock_1;

SELECT sessions.team_id
FROM sessions
WHERE sessions.is_pending
ORDER BY sessions.team_id
LIMIT %(param_1)s::INTEGER;

SELECT anon_1.id, count(*) AS count_1
FROM (SELECT sessions.id AS id, sessions.first_event AS first_event
FROM sessions
WHERE sessions.team_id = %(team_id_1)s::BIGINT AND sessions.is_pending
ORDER BY sessions.first_event, sessions.id
LIMIT %(param_1)s::INTEGER) AS anon_1
JOIN events ON events.session_id = anon_1.id
GROUP BY anon_1.id, anon_1.first_event
ORDER BY anon_1.first_event, anon_1.id;

SELECT "id", "external_id", "room_key", "first_event", "last_event", "on_from", "on_until"
FROM "sessions"
WHERE "id" = ANY(%s);

-- 2 times
SELECT "session_id", "time", "source", "id", "code", "subject", "connection", "person", "detail",
    "room"
FROM "events"
WHERE "session_id" = ANY(%s);

SELECT "key", "dense_id"
FROM "entities"
WHERE "team_id" = 1 AND "what" = 0 AND "key" = ANY(%s);

SELECT max(entities.dense_id) AS max_1
FROM entities
WHERE entities.team_id = %(team_id_1)s::BIGINT AND entities.what = %(what_1)s::SMALLINT;

COPY "entities" ("team_id", "what", "key", "dense_id", "external_id")
FROM STDIN;

SELECT "key", "dense_id"
FROM "entities"
WHERE "team_id" = 1 AND "what" = 1 AND "key" = ANY(%s);

SELECT max(entities.dense_id) AS max_1
FROM entities
WHERE entities.team_id = %(team_id_1)s::BIGINT AND entities.what = %(what_1)s::SMALLINT;

COPY "entities" ("team_id", "what", "key", "dense_id", "external_id")
FROM STDIN;

SELECT "session_id", "start", "quarters", "participation", "broadcast_audio_video",
    "broadcast_audio", "broadcast_video", "broadcast_screenshare", "consumed_audio_video",
    "consumed_audio", "consumed_video", "consumed_screenshare", "estimated_ms", "recorded",
    "captions", "whiteboard", "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout",
    "peak", "peak_at", "room", "presence", "activity", "recording"
FROM "session_quarters"
WHERE "session_id" = ANY(%s);

COPY "session_quarters" ("team_id", "session_id", "start", "quarters", "participation",
    "broadcast_audio_video", "broadcast_audio", "broadcast_video", "broadcast_screenshare",
    "consumed_audio_video", "consumed_audio", "consumed_video", "consumed_screenshare",
    "estimated_ms", "recorded", "captions", "whiteboard", "breakout", "storage", "sessions", "chat",
    "qa", "closed_by_timeout", "peak", "peak_at", "room", "presence", "activity", "recording")
FROM STDIN;

SELECT "start"
FROM "session_quarters"
WHERE "team_id" = 1 AND "quarters" = 96 AND "start" = ANY(%s);

SELECT "session_id", "start", "quarters", "participation", "broadcast_audio_video",
    "broadcast_audio", "broadcast_video", "broadcast_screenshare", "consumed_audio_video",
    "consumed_audio", "consumed_video", "consumed_screenshare", "estimated_ms", "recorded",
    "captions", "whiteboard", "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout",
    "peak", "peak_at", "room", "presence", "activity", "recording"
FROM "session_quarters"
WHERE "team_id" = 1 AND "quarters" = 96 AND "start" = ANY(%s);

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
WHERE session_quarters.team_id = %(team_id_1)s::BIGINT AND session_quarters.start BETWEEN
    %(start_1)s::BIGINT AND %(start_2)s::BIGINT;

DELETE
FROM team_quarters
WHERE team_quarters.team_id = %(team_id_1)s::BIGINT AND team_quarters.start BETWEEN
    %(first)s::BIGINT AND %(last)s::BIGINT;

COPY "team_quarters" ("team_id", "start", "participation", "broadcast_audio_video",
    "broadcast_audio", "broadcast_video", "broadcast_screenshare", "consumed_audio_video",
    "consumed_audio", "consumed_video", "consumed_screenshare", "estimated_ms", "recorded",
    "captions", "whiteboard", "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout",
    "participants", "participants_at", "concurrent_sessions", "concurrent_sessions_at",
    "session_participants", "session_participants_at", "concurrent_recordings",
    "concurrent_recordings_at", "persons_count", "rooms_count", "persons", "rooms", "quarters")
FROM STDIN;

SELECT teams.zone
FROM teams
WHERE teams.id = %(id_1)s::BIGINT;

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
WHERE team_quarters.team_id = %(team)s::BIGINT AND team_quarters.start >= %(from)s::BIGINT AND
    team_quarters.start < %(until)s::BIGINT
ORDER BY team_quarters.start;

DELETE
FROM team_days
WHERE team_days.team_id = %(team_id_1)s::BIGINT AND team_days.start BETWEEN %(first)s::BIGINT AND
    %(last)s::BIGINT;

COPY "team_days" ("team_id", "start", "participation", "broadcast_audio_video", "broadcast_audio",
    "broadcast_video", "broadcast_screenshare", "consumed_audio_video", "consumed_audio",
    "consumed_video", "consumed_screenshare", "estimated_ms", "recorded", "captions", "whiteboard",
    "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout", "participants",
    "participants_at", "concurrent_sessions", "concurrent_sessions_at", "session_participants",
    "session_participants_at", "concurrent_recordings", "concurrent_recordings_at", "persons_count",
    "rooms_count", "persons", "rooms")
FROM STDIN;

SELECT team_days.start, team_days.participation, team_days.broadcast_audio_video,
    team_days.broadcast_audio, team_days.broadcast_video, team_days.broadcast_screenshare,
    team_days.consumed_audio_video, team_days.consumed_audio, team_days.consumed_video,
    team_days.consumed_screenshare, team_days.estimated_ms, team_days.recorded, team_days.captions,
    team_days.whiteboard, team_days.breakout, team_days.storage, team_days.sessions, team_days.chat,
    team_days.qa, team_days.closed_by_timeout, team_days.participants, team_days.participants_at,
    team_days.concurrent_sessions, team_days.concurrent_sessions_at, team_days.session_participants,
    team_days.session_participants_at, team_days.concurrent_recordings,
    team_days.concurrent_recordings_at, team_days.persons_count, team_days.rooms_count,
    team_days.persons, team_days.rooms
FROM team_days
WHERE team_days.team_id = %(team)s::BIGINT AND team_days.start >= %(from)s::BIGINT AND
    team_days.start < %(until)s::BIGINT
ORDER BY team_days.start;

DELETE
FROM team_months
WHERE team_months.team_id = %(team_id_1)s::BIGINT AND team_months.start BETWEEN %(first)s::BIGINT
    AND %(last)s::BIGINT;

COPY "team_months" ("team_id", "start", "participation", "broadcast_audio_video", "broadcast_audio",
    "broadcast_video", "broadcast_screenshare", "consumed_audio_video", "consumed_audio",
    "consumed_video", "consumed_screenshare", "estimated_ms", "recorded", "captions", "whiteboard",
    "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout", "participants",
    "participants_at", "concurrent_sessions", "concurrent_sessions_at", "session_participants",
    "session_participants_at", "concurrent_recordings", "concurrent_recordings_at", "persons_count",
    "rooms_count", "persons", "rooms")
FROM STDIN;

UPDATE sessions
SET is_pending=%(is_pending)s, pending_since=%(pending_since)s::BIGINT, room=%(room)s::VARCHAR,
    start=%(start)s::BIGINT, on_from=%(on_from)s::BIGINT, on_until=%(on_until)s::BIGINT,
    is_open=%(is_open)s, longest_gap=%(longest_gap)s::BIGINT, is_estimated=%(is_estimated)s,
    anomalies=%(anomalies)s::INTEGER
WHERE sessions.id = %(session_id)s::BIGINT;

UPDATE teams
SET data_version=(teams.data_version + %(data_version_1)s::BIGINT)
WHERE teams.id = %(id_1)s::BIGINT;

COMMIT;
