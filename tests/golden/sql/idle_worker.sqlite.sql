SELECT coalesce(sum(inbox.events), ?) AS coalesce_1, min(inbox.received_at) AS min_1, max(inbox.id)
    AS max_1
FROM inbox;
-- SCAN inbox

SELECT sessions.team_id
FROM sessions
WHERE sessions.is_pending = 1
ORDER BY sessions.team_id
LIMIT ? OFFSET ?;
-- SCAN sessions USING COVERING INDEX sessions_pending

COMMIT;
