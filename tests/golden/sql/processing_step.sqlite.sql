SELECT coalesce(sum(inbox.events), ?) AS coalesce_1, min(inbox.received_at) AS min_1, max(inbox.id)
    AS max_1
FROM inbox;
-- SCAN inbox

COMMIT;

SELECT sessions.team_id
FROM sessions
WHERE sessions.is_pending = 1
ORDER BY sessions.team_id
LIMIT ? OFFSET ?;
-- SCAN sessions USING COVERING INDEX sessions_pending

SELECT anon_1.id, count(*) AS count_1
FROM (SELECT sessions.id AS id, sessions.first_event AS first_event
FROM sessions
WHERE sessions.team_id = ? AND sessions.is_pending = 1
ORDER BY sessions.first_event, sessions.id
LIMIT ? OFFSET ?) AS anon_1
JOIN events ON events.session_id = anon_1.id
GROUP BY anon_1.id, anon_1.first_event
ORDER BY anon_1.first_event, anon_1.id;
-- CO-ROUTINE anon_1
-- SEARCH sessions USING COVERING INDEX sessions_pending (team_id=?)
-- SCAN anon_1
-- SEARCH events USING COVERING INDEX events_session (session_id=?)
-- USE TEMP B-TREE FOR GROUP BY
-- USE TEMP B-TREE FOR ORDER BY

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
WHERE "team_id" = 1 AND "what" = 0 AND "key" IN (?);
-- SEARCH entities USING INDEX sqlite_autoindex_entities_1 (team_id=? AND what=? AND key=?)

SELECT max(entities.dense_id) AS max_1
FROM entities
WHERE entities.team_id = ? AND entities.what = ?;
-- SEARCH entities USING COVERING INDEX entities_dense_id (team_id=? AND what=?)

INSERT INTO "entities" ("team_id", "what", "key", "dense_id", "external_id")
VALUES (?, ?, ?, ?, ?);

SELECT "key", "dense_id"
FROM "entities"
WHERE "team_id" = 1 AND "what" = 1 AND "key" IN (?);
-- SEARCH entities USING INDEX sqlite_autoindex_entities_1 (team_id=? AND what=? AND key=?)

SELECT max(entities.dense_id) AS max_1
FROM entities
WHERE entities.team_id = ? AND entities.what = ?;
-- SEARCH entities USING COVERING INDEX entities_dense_id (team_id=? AND what=?)

INSERT INTO "entities" ("team_id", "what", "key", "dense_id", "external_id")
VALUES (?, ?, ?, ?, ?);

SELECT "session_id", "start", "quarters", "participation", "broadcast_audio_video",
    "broadcast_audio", "broadcast_video", "broadcast_screenshare", "consumed_audio_video",
    "consumed_audio", "consumed_video", "consumed_screenshare", "estimated_ms", "recorded",
    "captions", "whiteboard", "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout",
    "peak", "peak_at", "room", "presence", "activity", "recording"
FROM "session_quarters"
WHERE "session_id" IN (?);
-- SEARCH session_quarters USING INDEX session_quarters_session (session_id=?)

INSERT INTO "session_quarters" ("team_id", "session_id", "start", "quarters", "participation",
    "broadcast_audio_video", "broadcast_audio", "broadcast_video", "broadcast_screenshare",
    "consumed_audio_video", "consumed_audio", "consumed_video", "consumed_screenshare",
    "estimated_ms", "recorded", "captions", "whiteboard", "breakout", "storage", "sessions", "chat",
    "qa", "closed_by_timeout", "peak", "peak_at", "room", "presence", "activity", "recording")
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), …;

INSERT INTO "session_quarters" ("team_id", "session_id", "start", "quarters", "participation",
    "broadcast_audio_video", "broadcast_audio", "broadcast_video", "broadcast_screenshare",
    "consumed_audio_video", "consumed_audio", "consumed_video", "consumed_screenshare",
    "estimated_ms", "recorded", "captions", "whiteboard", "breakout", "storage", "sessions", "chat",
    "qa", "closed_by_timeout", "peak", "peak_at", "room", "presence", "activity", "recording")
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

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

DELETE
FROM team_quarters
WHERE team_quarters.team_id = ? AND team_quarters.start BETWEEN ? AND ?;
-- SEARCH team_quarters USING COVERING INDEX sqlite_autoindex_team_quarters_1 (team_id=? AND start>? AND start<?)

INSERT INTO "team_quarters" ("team_id", "start", "participation", "broadcast_audio_video",
    "broadcast_audio", "broadcast_video", "broadcast_screenshare", "consumed_audio_video",
    "consumed_audio", "consumed_video", "consumed_screenshare", "estimated_ms", "recorded",
    "captions", "whiteboard", "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout",
    "participants", "participants_at", "concurrent_sessions", "concurrent_sessions_at",
    "session_participants", "session_participants_at", "concurrent_recordings",
    "concurrent_recordings_at", "persons_count", "rooms_count", "persons", "rooms", "quarters")
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    ?, ?, ?), …;

INSERT INTO "team_quarters" ("team_id", "start", "participation", "broadcast_audio_video",
    "broadcast_audio", "broadcast_video", "broadcast_screenshare", "consumed_audio_video",
    "consumed_audio", "consumed_video", "consumed_screenshare", "estimated_ms", "recorded",
    "captions", "whiteboard", "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout",
    "participants", "participants_at", "concurrent_sessions", "concurrent_sessions_at",
    "session_participants", "session_participants_at", "concurrent_recordings",
    "concurrent_recordings_at", "persons_count", "rooms_count", "persons", "rooms", "quarters")
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    ?, ?, ?);

SELECT teams.zone
FROM teams
WHERE teams.id = ?;
-- SEARCH teams USING INTEGER PRIMARY KEY (rowid=?)

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

DELETE
FROM team_days
WHERE team_days.team_id = ? AND team_days.start BETWEEN ? AND ?;
-- SEARCH team_days USING COVERING INDEX sqlite_autoindex_team_days_1 (team_id=? AND start>? AND start<?)

INSERT INTO "team_days" ("team_id", "start", "participation", "broadcast_audio_video",
    "broadcast_audio", "broadcast_video", "broadcast_screenshare", "consumed_audio_video",
    "consumed_audio", "consumed_video", "consumed_screenshare", "estimated_ms", "recorded",
    "captions", "whiteboard", "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout",
    "participants", "participants_at", "concurrent_sessions", "concurrent_sessions_at",
    "session_participants", "session_participants_at", "concurrent_recordings",
    "concurrent_recordings_at", "persons_count", "rooms_count", "persons", "rooms")
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    ?, ?);

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
WHERE team_days.team_id = ? AND team_days.start >= ? AND team_days.start < ?
ORDER BY team_days.start;
-- SEARCH team_days USING INDEX sqlite_autoindex_team_days_1 (team_id=? AND start>? AND start<?)

DELETE
FROM team_months
WHERE team_months.team_id = ? AND team_months.start BETWEEN ? AND ?;
-- SEARCH team_months USING COVERING INDEX sqlite_autoindex_team_months_1 (team_id=? AND start>? AND start<?)

INSERT INTO "team_months" ("team_id", "start", "participation", "broadcast_audio_video",
    "broadcast_audio", "broadcast_video", "broadcast_screenshare", "consumed_audio_video",
    "consumed_audio", "consumed_video", "consumed_screenshare", "estimated_ms", "recorded",
    "captions", "whiteboard", "breakout", "storage", "sessions", "chat", "qa", "closed_by_timeout",
    "participants", "participants_at", "concurrent_sessions", "concurrent_sessions_at",
    "session_participants", "session_participants_at", "concurrent_recordings",
    "concurrent_recordings_at", "persons_count", "rooms_count", "persons", "rooms")
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    ?, ?);

UPDATE sessions
SET is_pending=?, pending_since=?, room=?, start=?, on_from=?, on_until=?, is_open=?, longest_gap=?,
    is_estimated=?, anomalies=?
WHERE sessions.id = ?;
-- SEARCH sessions USING INTEGER PRIMARY KEY (rowid=?)

UPDATE teams
SET data_version=(teams.data_version + ?)
WHERE teams.id = ?;
-- SEARCH teams USING INTEGER PRIMARY KEY (rowid=?)

COMMIT;
