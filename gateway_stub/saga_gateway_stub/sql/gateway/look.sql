-- How long the gateway has been open, and the time until something is due (null if nothing is), by this database's clock.
-- Index: pending_due_idx.
SELECT
    CAST(extract(epoch FROM clock_timestamp() - o.at) AS double precision) AS open_seconds,
    CAST(extract(
        epoch FROM (SELECT min(p.due_at) FROM gateway.pending AS p) - clock_timestamp()
    ) AS double precision) AS next_due_seconds
FROM gateway.opening AS o
