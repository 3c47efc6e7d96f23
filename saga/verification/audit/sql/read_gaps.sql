-- The gaps in a stretch of a log, each with its first and last position. Pruned positions are no gap.
-- Indexes: event_log_pkey, module_pkey.
WITH stretch AS (
    SELECT greatest(CAST(:after AS bigint), pruned_position) AS after, CAST(:upto AS bigint) AS upto
    FROM saga.module
    WHERE name = :module
), known AS (
    SELECT after AS position FROM stretch
    UNION ALL
    SELECT position
    FROM saga.event_log
    WHERE module = :module AND position > :after AND position <= :upto AND position > (SELECT after FROM stretch)
    UNION ALL
    SELECT upto + 1 FROM stretch
)
SELECT previous + 1 AS first, position - 1 AS last
FROM (SELECT lag(position) OVER (ORDER BY position) AS previous, position FROM known) AS pairs
WHERE position - previous > 1
ORDER BY position
