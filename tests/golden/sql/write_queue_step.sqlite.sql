SELECT MIN("id")
FROM "inbox";
-- SEARCH inbox

SELECT inbox.id, inbox.body
FROM inbox
WHERE inbox.id > ?
ORDER BY inbox.id;
-- SEARCH inbox USING INTEGER PRIMARY KEY (rowid>?)

SELECT identity_generations.generation, identity_generations.digest
FROM identity_generations
ORDER BY identity_generations.generation;
-- SCAN identity_generations

SELECT "key", "content"
FROM "events"
WHERE "generation" = 0 AND "key" IN (?, …);
-- SEARCH events USING INDEX sqlite_autoindex_events_1 (generation=? AND key=?)

INSERT INTO "inbox" ("received_at", "events", "body")
VALUES (?, ?, ?)
RETURNING "id";

COMMIT;
