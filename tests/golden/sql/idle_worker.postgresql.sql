SELECT coalesce(sum(inbox.events), %(coalesce_2)s::INTEGER) AS coalesce_1, min(inbox.received_at) AS
    min_1, max(inbox.id) AS max_1
FROM inbox;

SELECT sessions.team_id
FROM sessions
WHERE sessions.is_pending
ORDER BY sessions.team_id
LIMIT %(param_1)s::INTEGER;

COMMIT;
