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

COMMIT;
