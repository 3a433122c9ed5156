SELECT teams.id, teams.zone, teams.billing_day, teams.data_version, teams.is_sample, (SELECT
    count(*) AS count_1
FROM sessions
WHERE sessions.team_id = teams.id AND sessions.is_pending = 1) AS pending, sources.source,
    sources.first_event, sources.last_received, sources.last_event
FROM teams LEFT OUTER
JOIN sources ON teams.id = sources.team_id
WHERE teams."key" = ?
ORDER BY sources.source;
-- SEARCH teams USING INDEX sqlite_autoindex_teams_1 (key=?)
-- SEARCH sources USING INDEX sqlite_autoindex_sources_1 (team_id=?) LEFT-JOIN
-- CORRELATED SCALAR SUBQUERY 1
-- SEARCH sessions USING COVERING INDEX sessions_pending (team_id=?)

SELECT limits.metric, limits.since, limits.value
FROM limits
WHERE limits.team_id = ?
ORDER BY limits.since, limits.metric;
-- SEARCH limits USING INDEX sqlite_autoindex_limits_1 (team_id=?)
-- USE TEMP B-TREE FOR ORDER BY

COMMIT;
