SELECT teams.id
FROM teams
WHERE teams.key = %(key_1)s::VARCHAR;

SELECT teams.id, teams.key, teams.zone, teams.billing_day, teams.is_sample, teams.data_version,
    teams.created_at
FROM teams
WHERE teams.id = %(id_1)s::BIGINT;

SELECT sources.source, sources.last_received, sources.last_event
FROM sources
WHERE sources.team_id = %(team_id_1)s::BIGINT
ORDER BY sources.source;

SELECT count(*) AS count_1
FROM sessions
WHERE sessions.team_id = %(team_id_1)s::BIGINT AND sessions.is_pending;

SELECT limits.metric, limits.since, limits.value
FROM limits
WHERE limits.team_id = %(team_id_1)s::BIGINT
ORDER BY limits.since, limits.metric;

COMMIT;
