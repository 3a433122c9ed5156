SELECT teams.id, teams.zone, teams.billing_day, teams.data_version, teams.is_sample, (SELECT
    count(*) AS count_1
FROM sessions
WHERE sessions.team_id = teams.id AND sessions.is_pending) AS pending, sources.source,
    sources.first_event, sources.last_received, sources.last_event
FROM teams LEFT OUTER
JOIN sources ON teams.id = sources.team_id
WHERE teams.key = %(team_key)s::VARCHAR
ORDER BY sources.source;

SELECT limits.metric, limits.since, limits.value
FROM limits
WHERE limits.team_id = %(team)s::BIGINT
ORDER BY limits.since, limits.metric;

SELECT sessions.id, sessions.first_event, sessions.room_key
FROM sessions
WHERE sessions.team_id = %(team)s::BIGINT AND sessions.is_open AND sessions.last_event >
    %(stale_until)s::BIGINT AND sessions.last_event < %(as_of)s::BIGINT UNION ALL SELECT
    sessions.id, sessions.first_event, sessions.room_key
FROM sessions
WHERE sessions.team_id = %(team)s::BIGINT AND sessions.last_event >= %(as_of)s::BIGINT AND
    sessions.first_event < %(quarter_end)s::BIGINT UNION ALL SELECT sessions.id,
    sessions.first_event, sessions.room_key
FROM sessions
WHERE sessions.team_id = %(team)s::BIGINT AND sessions.room_key IS NOT NULL AND sessions.on_until >=
    %(as_of)s::BIGINT AND sessions.on_from < %(as_of)s::BIGINT AND sessions.last_event <
    %(as_of)s::BIGINT;

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
WHERE "team_id" = 1 AND "what" = 1 AND "key" = ANY(%s);

SELECT "key", "dense_id"
FROM "entities"
WHERE "team_id" = 1 AND "what" = 0 AND "key" = ANY(%s);

SELECT "session_id", "start", "quarters", "participation", "broadcast_audio_video",
    "broadcast_audio", "broadcast_video", "broadcast_screenshare", "consumed_audio_video",
    "consumed_audio", "consumed_video", "consumed_screenshare", "estimated_ms", "recorded",
    "captions", "whiteboard", "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout",
    "peak", "peak_at", "room", "presence", "activity", "recording"
FROM "session_quarters"
WHERE "session_id" = ANY(%s);

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
WHERE team_days.team_id = %(team)s::BIGINT AND team_days.start >= %(from)s::BIGINT AND
    team_days.start < %(until)s::BIGINT
ORDER BY team_days.start;

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
WHERE team_months.team_id = %(team)s::BIGINT AND team_months.start >= %(from)s::BIGINT AND
    team_months.start < %(until)s::BIGINT
ORDER BY team_months.start;

SELECT "start", "persons", "rooms"
FROM "team_days"
WHERE "team_id" = 1 AND "start" = ANY(%s);

SELECT coalesce(sum(team_days.storage), %(coalesce_2)s::INTEGER) AS coalesce_1
FROM team_days
WHERE team_days.team_id = %(team_id_1)s::BIGINT AND team_days.start < %(start_1)s::BIGINT;

SELECT sessions.id, sessions.first_event, sessions.room_key
FROM sessions
WHERE sessions.team_id = %(team)s::BIGINT AND sessions.is_open AND sessions.last_event >
    %(stale_until)s::BIGINT AND sessions.last_event < %(as_of)s::BIGINT UNION ALL SELECT
    sessions.id, sessions.first_event, sessions.room_key
FROM sessions
WHERE sessions.team_id = %(team)s::BIGINT AND sessions.last_event >= %(as_of)s::BIGINT AND
    sessions.first_event < %(quarter_end)s::BIGINT UNION ALL SELECT sessions.id,
    sessions.first_event, sessions.room_key
FROM sessions
WHERE sessions.team_id = %(team)s::BIGINT AND sessions.room_key IS NOT NULL AND sessions.on_until >=
    %(as_of)s::BIGINT AND sessions.on_from < %(as_of)s::BIGINT AND sessions.last_event <
    %(as_of)s::BIGINT;

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
WHERE "team_id" = 1 AND "what" = 1 AND "key" = ANY(%s);

SELECT "key", "dense_id"
FROM "entities"
WHERE "team_id" = 1 AND "what" = 0 AND "key" = ANY(%s);

SELECT "session_id", "start", "quarters", "participation", "broadcast_audio_video",
    "broadcast_audio", "broadcast_video", "broadcast_screenshare", "consumed_audio_video",
    "consumed_audio", "consumed_video", "consumed_screenshare", "estimated_ms", "recorded",
    "captions", "whiteboard", "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout",
    "peak", "peak_at", "room", "presence", "activity", "recording"
FROM "session_quarters"
WHERE "session_id" = ANY(%s);

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
WHERE team_days.team_id = %(team)s::BIGINT AND team_days.start >= %(from)s::BIGINT AND
    team_days.start < %(until)s::BIGINT
ORDER BY team_days.start;

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
WHERE team_months.team_id = %(team)s::BIGINT AND team_months.start >= %(from)s::BIGINT AND
    team_months.start < %(until)s::BIGINT
ORDER BY team_months.start;

SELECT "start", "persons", "rooms"
FROM "team_days"
WHERE "team_id" = 1 AND "start" = ANY(%s);

SELECT coalesce(sum(team_days.storage), %(coalesce_2)s::INTEGER) AS coalesce_1
FROM team_days
WHERE team_days.team_id = %(team_id_1)s::BIGINT AND team_days.start < %(start_1)s::BIGINT;

COMMIT;
