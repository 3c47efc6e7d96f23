-- Heartbeats, and how old each is by the database's clock.
SELECT
    service, host, pid, loop, reason, beat,
    CAST(EXTRACT(epoch FROM clock_timestamp() - beat) AS double precision) AS age_seconds
FROM saga.service
ORDER BY service, host, pid, loop
