-- The position before a module's last public events, and before the internal entries ahead of the first of them.
-- Index: event_log_public_idx, backwards; stops at the limit.
SELECT min(tail.previous_public_position)
FROM (
    SELECT previous_public_position FROM saga.event_log
    WHERE module = :module AND visibility = 'public'
    ORDER BY position DESC
    LIMIT :limit
) AS tail
