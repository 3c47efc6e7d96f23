-- The ends of the logs that are there.
INSERT INTO saga.module (name, last_position, last_public_position)
SELECT module, max(position), coalesce(max(position) FILTER (WHERE visibility = 'public'), 0)
FROM saga.event_log
GROUP BY module
