SELECT coalesce(sum(inbox.events), %(coalesce_2)s::INTEGER) AS coalesce_1, min(inbox.received_at) AS
    min_1, max(inbox.id) AS max_1
FROM inbox;

COMMIT;

SELECT pg_advisory_xact_lock(%(pg_advisory_xact_lock_2)s::INTEGER) AS pg_advisory_xact_lock_1;

SELECT inbox.id, inbox.events
FROM inbox
ORDER BY inbox.id;

SELECT identity_generations.generation, identity_generations.digest
FROM identity_generations
ORDER BY identity_generations.generation;

SELECT "key", "content"
FROM "events"
WHERE "generation" = 0 AND "key" = ANY(%s);

SELECT "id"
FROM "teams"
WHERE "key" = ANY(%s);

INSERT INTO "sessions" ("team_id", "key", "external_id", "room_key", "first_event", "last_event",
    "is_pending", "pending_since", "room", "is_open", "is_estimated", "anomalies")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
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

UPDATE identity_generations
SET events=(identity_generations.events + %(events_1)s::BIGINT)
WHERE identity_generations.generation = %(generation_1)s::INTEGER;

COPY "events" ("generation", "key", "content", "session_id", "received_at", "source", "id", "code",
    "time", "room", "subject", "connection", "person", "name", "detail", "extra")
FROM STDIN;

INSERT INTO "sources" ("team_id", "source", "events", "first_event", "last_event", "first_received",
    "last_received")
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ("team_id", "source") DO UPDATE
SET "events" = sources.events + excluded.events, "first_event" = CASE WHEN excluded.first_event <
    sources.first_event THEN excluded.first_event ELSE sources.first_event END, "last_event" = CASE
    WHEN excluded.last_event > sources.last_event THEN excluded.last_event ELSE sources.last_event
    END, "last_received" = excluded.last_received;

SELECT "key"
FROM "quarantine"
WHERE "key" = ANY(%s);

INSERT INTO quarantine (key, team, source, format, origin, position, reason, why, raw, is_truncated,
    received_at)
VALUES (%(key)s, %(team)s::VARCHAR, %(source)s::VARCHAR, %(format)s::VARCHAR, %(origin)s::VARCHAR,
    %(position)s::BIGINT, %(reason)s::VARCHAR, %(why)s::VARCHAR, %(raw)s, %(is_truncated)s,
    %(received_at)s::BIGINT)
RETURNING quarantine.id;

COMMIT;
