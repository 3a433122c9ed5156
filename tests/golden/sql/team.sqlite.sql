SELECT teams.id
FROM teams
WHERE teams."key" = ?;
-- SEARCH teams USING COVERING INDEX sqlite_autoindex_teams_1 (key=?)

SELECT teams.id, teams."key", teams.zone, teams.billing_day, teams.is_sample, teams.data_version,
    teams.created_at
FROM teams
WHERE teams.id = ?;
-- SEARCH teams USING INTEGER PRIMARY KEY (rowid=?)

SELECT sources.source, sources.last_received, sources.last_event
FROM sources
WHERE sources.team_id = ?
ORDER BY sources.source;
-- SEARCH sources USING INDEX sqlite_autoindex_sources_1 (team_id=?)

SELECT count(*) AS count_1
FROM sessions
WHERE sessions.team_id = ? AND sessions.is_pending = 1;
-- SEARCH sessions USING COVERING INDEX sessions_pending (team_id=?)

SELECT limits.metric, limits.since, limits.value
FROM limits
WHERE limits.team_id = ?
ORDER BY limits.since, limits.metric;
-- SEARCH limits USING INDEX sqlite_autoindex_limits_1 (team_id=?)
-- USE TEMP B-TREE FOR ORDER BY

COMMIT;
