SELECT coalesce(sum(inbox.events), ?) AS coalesce_1, min(inbox.received_at) AS min_1, max(inbox.id)
    AS max_1
FROM inbox;
-- SCAN inbox

COMMIT;

SELECT inbox.id, inbox.events
FROM inbox
ORDER BY inbox.id;
-- SCAN inbox

SELECT identity_generations.generation, identity_generations.digest
FROM identity_generations
ORDER BY identity_generations.generation;
-- SCAN identity_generations

SELECT "key", "content"
FROM "events"
WHERE "generation" = 0 AND "key" IN (?, …);
-- SEARCH events USING INDEX sqlite_autoindex_events_1 (generation=? AND key=?)

SELECT "id"
FROM "teams"
WHERE "key" IN (?);
-- SEARCH teams USING COVERING INDEX sqlite_autoindex_teams_1 (key=?)

INSERT INTO "sessions" ("team_id", "key", "external_id", "room_key", "first_event", "last_event",
    "is_pending", "pending_since", "room", "is_open", "is_estimated", "anomalies")
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT ("team_id", "key") DO UPDATE
SET "room_key" = COALESCE(sessions.room_key, excluded.room_key), "first_event" = CASE WHEN
    excluded.first_event < sessions.first_event THEN excluded.first_event ELSE sessions.first_event
    END, "last_event" = CASE WHEN excluded.last_event > sessions.last_event THEN excluded.last_event
    ELSE sessions.last_event END, "is_pending" = excluded.is_pending, "pending_since" =
    COALESCE(sessions.pending_since, excluded.pending_since)
RETURNING "team_id", "key", "id";

SELECT identity_generations.generation, identity_generations.events
FROM identity_generations
WHERE identity_generations.digest IS NULL;
-- SCAN identity_generations

UPDATE identity_generations
SET events=(identity_generations.events + ?)
WHERE identity_generations.generation = ?;
-- SEARCH identity_generations USING INTEGER PRIMARY KEY (rowid=?)

INSERT INTO "events" ("generation", "key", "content", "session_id", "received_at", "source", "id",
    "code", "time", "room", "subject", "connection", "person", "name", "detail", "extra")
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?), …;

INSERT INTO "sources" ("team_id", "source", "events", "first_event", "last_event", "first_received",
    "last_received")
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT ("team_id", "source") DO UPDATE
SET "events" = sources.events + excluded.events, "first_event" = CASE WHEN excluded.first_event <
    sources.first_event THEN excluded.first_event ELSE sources.first_event END, "last_event" = CASE
    WHEN excluded.last_event > sources.last_event THEN excluded.last_event ELSE sources.last_event
    END, "last_received" = excluded.last_received;

SELECT "key"
FROM "quarantine"
WHERE "key" IN (?);
-- SEARCH quarantine USING COVERING INDEX sqlite_autoindex_quarantine_1 (key=?)

INSERT INTO quarantine ("key", team, source, format, origin, position, reason, why, raw,
    is_truncated, received_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

COMMIT;
