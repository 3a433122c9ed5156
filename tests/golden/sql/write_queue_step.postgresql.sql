SELECT pg_advisory_xact_lock(%(pg_advisory_xact_lock_2)s::INTEGER) AS pg_advisory_xact_lock_1;

SELECT MIN("id")
FROM "inbox";

SELECT inbox.id, inbox.body
FROM inbox
WHERE inbox.id > %(id_1)s::BIGINT
ORDER BY inbox.id;

SELECT identity_generations.generation, identity_generations.digest
FROM identity_generations
ORDER BY identity_generations.generation;

SELECT "key", "content"
FROM "events"
WHERE "generation" = 0 AND "key" = ANY(%s);

INSERT INTO "inbox" ("received_at", "events", "body")
VALUES (%s, %s, %s)
RETURNING "id";

COMMIT;
