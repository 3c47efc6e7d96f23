-- Modules: those whose logs are kept here, and those that are known only because somebody has a cursor in them. Counts no
-- rows: positions leave no gap, so the last one is the number of entries that there ever were.
-- Indexes: event_log_pkey for the last entry of each; module and cursor are a few rows.
SELECT
    known.name,
    m.name IS NOT NULL AS kept_here,
    m.last_position, m.last_public_position, m.pruned_position,
    l.recorded_at AS last_at,
    CAST(EXTRACT(epoch FROM now() - l.recorded_at) AS double precision) AS last_age_seconds,
    ARRAY(SELECT c.consumer FROM saga.cursor AS c WHERE c.module = known.name ORDER BY c.consumer) AS consumers
FROM (SELECT name FROM saga.module UNION SELECT module FROM saga.cursor) AS known (name)
LEFT JOIN saga.module AS m ON m.name = known.name
LEFT JOIN saga.event_log AS l ON l.module = m.name AND l.position = m.last_position
ORDER BY known.name
