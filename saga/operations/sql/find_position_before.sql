-- The last position of a module's log that was recorded before a moment.
-- Index: event_log_pkey, backwards; reads what was recorded since.
SELECT position
FROM saga.event_log
WHERE module = :module AND recorded_at < :since
ORDER BY position DESC
LIMIT 1
